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

// How long and how much an answer may be.
struct HttpPatience {
  Duration most{5'000'000};  // for all of it, however slowly it drips; a name is looked up before, as the system does
  std::size_t bytes_max = http_get_bytes_max;
  int stop = -1;  // a descriptor: it is given up once that can be read; -1: none
};

// Thread safe.
HttpGot http_get(const Endpoint& from, const std::string& target, const HttpPatience& patience);
inline HttpGot http_get(const Endpoint& from, const std::string& target, Duration most,
                        std::size_t bytes_max = http_get_bytes_max) {
  return http_get(from, target, HttpPatience{most, bytes_max});
}

}  // namespace hawser::tools
