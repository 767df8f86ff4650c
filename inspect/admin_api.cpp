#include <hawser/inspect/admin_api.hpp>

#include <hawser/inspect/json.hpp>
#include <hawser/inspect/metrics.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <netinet/in.h>

namespace hawser {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view reads = "GET, HEAD";
constexpr std::size_t echo_bytes_max = 100;

std::string written(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

AdminAnswer error(unsigned status, std::string_view word, std::string sentence, const Json& more = Json::object()) {
  Json body = {{"api", api_version}, {"error", word}, {"message", std::move(sentence)}};
  body.update(more);
  return {status, "application/json", written(body) + "\n", {}};
}

std::string shown(std::string_view text) { return "'" + std::string{text.substr(0, echo_bytes_max)} + "'"; }

// The parameters that a path takes: at most one.
struct Path {
  std::string_view text;
  std::string_view parameter;
};
constexpr std::array<Path, 7> paths{{{"/healthz", {}},
                                     {"/readyz", {}},
                                     {"/metrics", {}},
                                     {"/api/v1/status", {}},
                                     {"/api/v1/peers", "peer"},
                                     {"/api/v1/channels", "peer"},
                                     {"/api/v1/events", "since"}}};

struct Target {
  const Path* path = nullptr;
  std::string_view path_text;
  std::string_view name;  // of the parameter
  std::string_view value;
  bool parameter = false;
};

Target split(std::string_view target) {
  Target parts;
  const std::size_t mark = target.find('?');
  parts.path_text = target.substr(0, mark);
  for (const Path& path : paths) {
    if (path.text == parts.path_text) parts.path = &path;
  }
  if (mark == std::string_view::npos || mark + 1 == target.size()) return parts;
  const std::string_view query = target.substr(mark + 1);
  const std::size_t equals = query.find('=');
  parts.parameter = true;
  parts.name = query.substr(0, equals);
  if (equals != std::string_view::npos) parts.value = query.substr(equals + 1);
  return parts;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<AdminAnswer> refuse_parameter(const Target& target) {
  if (!target.parameter) return std::nullopt;
  const std::string_view wanted = target.path->parameter;
  if (wanted.empty()) return error(400, "bad_query", std::string{target.path->text} + " takes no parameters");
  if (target.name != wanted) {
    return error(400, "bad_query",
                 std::string{target.path->text} + " takes one parameter, " + std::string{wanted} + "=, and this is " +
                     shown(target.name));
  }
  if (wanted == "since" && !number(target.value)) {
    return error(400, "bad_query", "since is the number of an event, and this is " + shown(target.value));
  }
  if (wanted == "peer" && !NodeId::valid(target.value)) {
    return error(400, "bad_query", "peer is a node id, 1 to 64 of a-z 0-9 . _ -, and this is " + shown(target.value));
  }
  return std::nullopt;
}

// `host`, `host:port`, `[v6]:port`: the host, without brackets. Nothing where it is neither.
std::optional<std::string> host_of(std::string_view text) {
  std::string_view port;
  std::string_view host = text;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (!port.empty() && (port.front() != ':' || !number(port.substr(1)))) return std::nullopt;
  std::string lower{host};
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> room{};
  return ::inet_pton(AF_INET, host.c_str(), room.data()) == 1 || ::inet_pton(AF_INET6, host.c_str(), room.data()) == 1;
}

AdminAnswer readiness(const NodeSnapshot& node) {
  const bool ready = serving(node);
  // A node that serves by its stance and may not act has been told to stop.
  const bool stopping = !ready && node.stance == Stance::serving;
  const std::string cause = stopping ? "stopping" : std::string{node.stance_reason.cause};
  const std::string detail = stopping ? "the node is stopping" : node.stance_reason.detail;
  const Json body = {{"api", api_version},
                     {"node", node.id.text()},
                     {"ready", ready},
                     {"stance", to_string(node.stance)},
                     {"cause", cause},
                     {"detail", detail},
                     {"since_us", to_us(node.stance_reason.since)},
                     {"taken_at_us", to_us(node.taken_at)}};
  return {ready ? 200u : 503u, "application/json", written(body) + "\n", {}};
}

}  // namespace

bool AdminApi::knows(std::string_view text) const {
  const std::optional<std::string> host = host_of(text);
  if (!host) return false;
  if (*host == "localhost" || is_address(*host)) return true;
  return std::find(hosts_.begin(), hosts_.end(), *host) != hosts_.end();
}

std::optional<AdminAnswer> AdminApi::refuse(const AdminQuestion& question) const {
  if (question.host.empty()) {
    return error(400, "no_host", "exactly one Host header is needed: name the address that was connected to");
  }
  if (!knows(question.host)) {
    return error(403, "wrong_host",
                 "this node is not known as " + shown(question.host) +
                     ": ask by address or as localhost, or add the name to admin.hosts");
  }
  if (question.method != "GET" && question.method != "HEAD") {
    AdminAnswer answer = error(405, "method_not_allowed", "only GET and HEAD are served here, nothing is changed");
    answer.allow = reads;
    return answer;
  }
  if (!question.target.starts_with('/')) {
    return error(400, "bad_target", "a target is a path that begins with '/', for example /api/v1/status");
  }
  const Target target = split(question.target);
  if (target.path == nullptr) {
    Json known = Json::array();
    for (const Path& path : paths) known.push_back(path.text);
    return error(404, "not_found", "there is nothing at " + shown(target.path_text), {{"paths", std::move(known)}});
  }
  return refuse_parameter(target);
}

AdminAnswer AdminApi::answer(const AdminQuestion& question, const NodeSnapshot& node) const {
  const Target target = split(question.target);
  const std::string_view path = target.path_text;
  if (path == "/metrics") return {200, metrics_content_type, to_metrics(node), {}};
  if (path == "/readyz") return readiness(node);
  if (path == "/healthz") {
    return {200,
            "application/json",
            written({{"api", api_version}, {"node", node.id.text()}, {"healthy", true}}) + "\n",
            {}};
  }
  if (path == "/api/v1/events") {
    return {200, "application/json", events_json(node, number(target.value).value_or(0)) + "\n", {}};
  }
  if (path == "/api/v1/status") return {200, "application/json", status_json(node) + "\n", {}};
  std::optional<NodeId> only;
  if (target.parameter) {
    only = NodeId{target.value};
    const bool there = std::any_of(node.peers.begin(), node.peers.end(),
                                   [&](const PeerSnapshot& peer) { return peer.health.id == *only; });
    if (!there) {
      return error(404, "no_such_peer",
                   node.id.text() + " has no peer " + shown(target.value) + ": /api/v1/peers lists those it has");
    }
  }
  std::string body = path == "/api/v1/peers" ? peers_json(node, only) : channels_json(node, only);
  return {200, "application/json", std::move(body) + "\n", {}};
}

AdminAnswer AdminApi::loop_silent(Duration waited) {
  return error(503, "loop_silent",
               "the node's loop has not answered for " + std::to_string(to_us(waited) / 1000) +
                   " ms: a handler blocks it, the process is starved, or it has stopped",
               {{"healthy", false}, {"ready", false}});
}

AdminAnswer AdminApi::header_too_large(std::size_t bytes_max) {
  return error(431, "header_too_large",
               "request line and headers together may have " + std::to_string(bytes_max) + " bytes: send less");
}

AdminAnswer AdminApi::unreadable(std::string_view problem) {
  return error(400, "bad_request",
               "this is no HTTP request that is understood here (" + std::string{problem} +
                   "): send GET or HEAD without a body, by HTTP/1.1");
}

AdminAnswer AdminApi::too_busy() {
  return error(503, "too_busy", "answers wait for slow readers, and no more can be kept: ask again in a second");
}

}  // namespace hawser
