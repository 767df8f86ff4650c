// Where a node listens: a host (a name, an IPv4 or an IPv6 address) and a port.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace hawser {

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;  // 0: pick a free one (listening only)

  // Reads `host:port`, `tcp://host:port`, `[::1]:port`. On failure the reason is put into `problem`.
  static std::optional<Endpoint> parse(std::string_view text, std::string& problem);

  // `host:port`, with brackets around an IPv6 address.
  std::string text() const;
  // 127.0.0.0/8, ::1 or the name `localhost`: where plain TCP is allowed without being asked for.
  bool loopback() const noexcept;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

std::ostream& operator<<(std::ostream&, const Endpoint&);

}  // namespace hawser
