#include <hawser/base/ids.hpp>
#include <hawser/base/quantity.hpp>
#include <hawser/interconnect/endpoint.hpp>
#include "inspect_command.hpp"
#include "text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sstream>
#include <string_view>

namespace hawser::tools {
namespace {

constexpr Duration timeout_min{1'000};
constexpr Duration timeout_max{3'600'000'000};
constexpr Duration interval_min{50'000};

std::vector<std::string> usual_endpoints() {
  const char* const variable = std::getenv("HAWSER_AT");
  if (variable == nullptr || *variable == '\0') return {"127.0.0.1:9001"};
  std::vector<std::string> named;
  std::istringstream all{variable};
  for (std::string each; std::getline(all, each, ',');) named.push_back(each);
  return named;
}

std::optional<std::string> understand_endpoints(const InspectOptions& options, InspectWanted& wanted) {
  const std::vector<std::string> named = options.at.empty() ? usual_endpoints() : options.at;
  if (named.size() > endpoints_max) return "--at: more than " + std::to_string(endpoints_max) + " endpoints";
  for (const std::string& text : named) {
    std::string problem;
    const std::optional<Endpoint> at = Endpoint::parse(text, problem);
    if (!at) return "--at: " + printable(problem);
    if (at->port == 0) return "--at: port 0 is nobody's: name the port of admin.listen";
    if (std::find(wanted.at.begin(), wanted.at.end(), *at) == wanted.at.end()) wanted.at.push_back(*at);
  }
  return std::nullopt;
}

std::optional<std::string> understand_since(const std::string& text, InspectWanted& wanted) {
  if (text.empty()) return std::nullopt;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), wanted.since_number);
  if (wrong == std::errc{} && end == text.data() + text.size()) return std::nullopt;
  wanted.since_number = 0;
  std::string problem;
  const std::optional<Duration> age = parse_duration(text, problem);
  if (!age || *age <= Duration::zero()) {
    return "--since: '" + printable(text) + "' is neither the number of an event nor a duration such as 10min";
  }
  wanted.since_age = *age;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> understand(const InspectOptions& options, InspectWanted& wanted) {
  if (auto problem = understand_endpoints(options, wanted)) return problem;
  std::string problem;
  const std::optional<Duration> timeout = parse_duration(options.timeout, problem);
  if (!timeout) return "--timeout: " + printable(problem);
  if (*timeout < timeout_min || *timeout > timeout_max) return "--timeout: it must be within 1ms .. 1h";
  const std::optional<Duration> interval = parse_duration(options.interval, problem);
  if (!interval) return "--interval: " + printable(problem);
  if (*interval < interval_min || *interval > timeout_max) return "--interval: it must be within 50ms .. 1h";
  if (!options.peer.empty() && !NodeId::valid(options.peer)) {
    return "'" + printable(options.peer) + "' is no node id: 1 to 64 of a-z 0-9 . _ -";
  }
  wanted.timeout = *timeout;
  wanted.interval = *interval;
  return understand_since(options.since, wanted);
}

}  // namespace hawser::tools
