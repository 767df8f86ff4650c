#include <hawser/interconnect/endpoint.hpp>

#include <charconv>
#include <ostream>

namespace hawser {
namespace {

constexpr std::size_t host_size_max = 253;  // RFC 1035, as text

bool host_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_' || c == ':' || c == '%';
}

}  // namespace

std::optional<Endpoint> Endpoint::parse(std::string_view text, std::string& problem) {
  const std::string whole{text};
  const auto fail = [&](std::string_view what) -> std::optional<Endpoint> {
    problem = "'" + whole + "' is no endpoint: " + std::string{what} + "; write host:port, for example 127.0.0.1:7001";
    return std::nullopt;
  };
  if (text.starts_with("tcp://")) text.remove_prefix(6);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return fail("the port is missing");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty()) return fail("the host is missing");
  if (host.size() > host_size_max) return fail("the host is longer than 253 characters");
  if (!bracketed && host.find(':') != std::string_view::npos) return fail("an IPv6 address needs brackets");
  for (const char c : host) {
    if (!host_character(c)) return fail("the host has a character that no host name has");
  }
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size()) return fail("the port is not a number");
  if (number > 65535) return fail("a port is at most 65535");
  return Endpoint{std::string{host}, static_cast<std::uint16_t>(number)};
}

std::string Endpoint::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// Four numbers, the first of them 127: `127.example.com` is a name like any other and may lead anywhere.
bool Endpoint::loopback() const noexcept {
  if (host == "localhost" || host == "::1") return true;
  if (!host.starts_with("127.")) return false;
  int dots = 0;
  for (std::size_t at = 0; at < host.size(); ++at) {
    if (host[at] == '.') {
      ++dots;
      if (at + 1 == host.size() || host[at + 1] == '.') return false;
    } else if (host[at] < '0' || host[at] > '9') {
      return false;
    }
  }
  return dots == 3;
}

std::ostream& operator<<(std::ostream& out, const Endpoint& endpoint) { return out << endpoint.text(); }

}  // namespace hawser
