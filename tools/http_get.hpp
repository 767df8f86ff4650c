// One GET over HTTP/1.1, for commands that look at a node: blocking, bounded in time and size.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/endpoint.hpp>

#include <cstddef>
#include <string>

namespace hawser::tools {

struct HttpGot {
  int status = 0;  // 0: there was no answer
  std::string body;
  std::string problem;  // why there was none
};

inline constexpr std::size_t http_get_bytes_max = 64u << 20;

// `most`: for all of it, however slowly an answer drips; a name is looked up before, in the time the system takes. At
// most `bytes_max` are taken. Thread safe.
HttpGot http_get(const Endpoint& from, const std::string& target, Duration most,
                 std::size_t bytes_max = http_get_bytes_max);

}  // namespace hawser::tools
