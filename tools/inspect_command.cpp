#include "inspect_command.hpp"

#include "exit_code.hpp"
#include <hawser/base/ids.hpp>
#include <hawser/base/quantity.hpp>
#include <hawser/interconnect/endpoint.hpp>
#include "http_get.hpp"
#include "inspect_show.hpp"
#include "terminal.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <utility>

namespace hawser::tools {
namespace {

using nlohmann::json;

constexpr Duration timeout_min{1'000};
constexpr Duration timeout_max{3'600'000'000};

int complain(int code, const std::string& sentence) {
  std::fprintf(stderr, "hawser: %s\n", sentence.c_str());
  return code;
}

struct Wanted {
  Endpoint at;
  Duration timeout{0};
};

// The first thing that is wrong, or nothing.
std::optional<std::string> understand(const InspectOptions& options, Wanted& wanted) {
  std::string problem;
  const std::optional<Endpoint> at = Endpoint::parse(options.at, problem);
  if (!at) return "--at: " + printable(problem);
  if (at->port == 0) return "--at: port 0 is nobody's: name the port of admin.listen";
  const std::optional<Duration> timeout = parse_duration(options.timeout, problem);
  if (!timeout) return "--timeout: " + printable(problem);
  if (*timeout < timeout_min || *timeout > timeout_max) return "--timeout: it must be within 1ms .. 1h";
  if (!options.peer.empty() && !NodeId::valid(options.peer)) {
    return "'" + printable(options.peer) + "' is no node id: 1 to 64 of a-z 0-9 . _ -";
  }
  wanted = {*at, *timeout};
  return std::nullopt;
}

// What was said, when it is what a node says.
std::optional<json> understood(const HttpGot& got) {
  json said = json::parse(got.body, nullptr, false);
  if (!said.is_object() || number_at(said, "api") != 1) return std::nullopt;
  return said;
}

std::string silence(const Wanted& wanted, const HttpGot& got) {
  return "nobody answers at " + wanted.at.text() + " (" + printable(got.problem) +
         "): --at names what the node's file says in [admin] listen";
}

std::string stranger(const Wanted& wanted) {
  return "what answers at " + wanted.at.text() + " is no node of this version: --at names [admin] listen of one";
}

std::string target_of(InspectView view, const InspectOptions& options) {
  const std::string peer = options.peer.empty() ? "" : "?peer=" + options.peer;
  switch (view) {
    case InspectView::status:
      return "/api/v1/status";
    case InspectView::peers:
      return "/api/v1/peers" + peer;
    case InspectView::channels:
      return "/api/v1/channels" + peer;
    case InspectView::events:
      return "/api/v1/events?since=" + std::to_string(options.since);
  }
  return "/";
}

void show(InspectView view, const json& said, Terminal& terminal) {
  switch (view) {
    case InspectView::status:
      return show_status(said, terminal);
    case InspectView::peers:
      return show_peers(said, terminal);
    case InspectView::channels:
      return show_channels(said, terminal);
    case InspectView::events:
      return show_events(said, terminal);
  }
}

}  // namespace

int run_inspect(InspectView view, const InspectOptions& options, std::FILE* out) {
  Wanted wanted;
  if (const auto problem = understand(options, wanted)) return complain(exit_usage, *problem);
  const HttpGot got = http_get(wanted.at, target_of(view, options), wanted.timeout);
  if (got.status == 0) return complain(exit_unreachable, silence(wanted, got));
  const std::optional<json> said = understood(got);
  if (!said) return complain(exit_unreachable, stranger(wanted));
  if (got.status != 200) return complain(exit_unhealthy, text_at(*said, "message"));
  if (options.json) {
    std::fwrite(got.body.data(), 1, got.body.size(), out);
    return exit_fine;
  }
  Terminal terminal{out};
  show(view, *said, terminal);
  return exit_fine;
}

int run_check(const InspectOptions& options, std::FILE* out) {
  Wanted wanted;
  if (const auto problem = understand(options, wanted)) return complain(exit_usage, *problem);
  const HttpGot got = http_get(wanted.at, "/readyz", wanted.timeout);
  if (got.status == 0) return complain(exit_unreachable, silence(wanted, got));
  const std::optional<json> said = understood(got);
  if (!said) return complain(exit_unreachable, stranger(wanted));
  const bool ready = got.status == 200;
  if (options.json) {
    std::fwrite(got.body.data(), 1, got.body.size(), out);
  } else if (const std::string error = text_at(*said, "error"); !error.empty()) {
    std::fprintf(out, "NOT READY %s: %s\n", error.c_str(), text_at(*said, "message").c_str());
  } else {
    std::fprintf(out, "%s %s is %s (%s) for %s\n", ready ? "READY" : "NOT READY", text_at(*said, "node").c_str(),
                 text_at(*said, "stance").c_str(), text_at(*said, "cause").c_str(),
                 about_time(number_at(*said, "taken_at_us") - number_at(*said, "since_us")).c_str());
  }
  return ready ? exit_fine : exit_unhealthy;
}

}  // namespace hawser::tools
