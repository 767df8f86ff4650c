// One GET over HTTP/1.1, for commands that look at a node: blocking, bounded in time and size.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/endpoint.hpp>

#include <string>

namespace hawser::tools {

struct HttpGot {
  int status = 0;  // 0: there was no answer
  std::string body;
  std::string problem;  // why there was none
};

// `most`: for each of connecting, sending, and every pause while reading. At most 64 MiB are taken.
HttpGot http_get(const Endpoint& from, const std::string& target, Duration most);

}  // namespace hawser::tools
