#include <hawser/inspect/admin_api.hpp>

#include <hawser/inspect/json.hpp>
#include <hawser/inspect/matrix.hpp>
#include <hawser/inspect/metrics.hpp>
#include <hawser/inspect/page.hpp>

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

constexpr std::string_view page_type = "text/html; charset=utf-8";

// Paths, and the parameters that each takes.
struct Path {
  std::string_view text;
  std::array<std::string_view, 2> parameters{};
  std::optional<AdminAction> order{};  // asked for with POST
};
constexpr std::array<Path, 15> paths{{{"/"},
                                      {"/healthz"},
                                      {"/readyz"},
                                      {"/metrics"},
                                      {"/api/v1/status"},
                                      {"/api/v1/peers", {"peer"}},
                                      {"/api/v1/channels", {"peer"}},
                                      {"/api/v1/events", {"since"}},
                                      {"/api/v1/matrix"},
                                      {"/api/v1/config"},
                                      {"/api/v1/stream", {"since"}},
                                      {"/api/v1/actions/isolate", {}, AdminAction::isolate},
                                      {"/api/v1/actions/reset_breaker", {"peer", "type"}, AdminAction::reset_breaker},
                                      {"/api/v1/actions/log_level", {"level"}, AdminAction::log_level},
                                      {"/api/v1/actions/reload", {}, AdminAction::reload}}};

struct Target {
  const Path* path = nullptr;
  std::string_view path_text;
  std::array<std::optional<std::string_view>, 2> values;  // of the path's parameters
  std::string_view stranger;                              // a parameter that the path does not take, or takes once
  bool strange = false;
};

void read_parameter(std::string_view text, Target& into) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? std::string_view{} : text.substr(equals + 1);
  if (into.path != nullptr) {
    for (std::size_t i = 0; i < into.values.size(); ++i) {
      if (name.empty() || into.path->parameters[i] != name || into.values[i]) continue;
      into.values[i] = value;
      return;
    }
  }
  into.strange = true;
  into.stranger = name;
}

Target split(std::string_view target) {
  Target parts;
  const std::size_t mark = target.find('?');
  parts.path_text = target.substr(0, mark);
  for (const Path& path : paths) {
    if (path.text == parts.path_text) parts.path = &path;
  }
  if (mark == std::string_view::npos) return parts;
  for (std::string_view query = target.substr(mark + 1); !query.empty();) {
    const std::size_t end = std::min(query.find('&'), query.size());
    read_parameter(query.substr(0, end), parts);
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return parts;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == ':';
  });
}

AdminAnswer strange_parameter(const Target& target) {
  std::string takes;
  for (const std::string_view name : target.path->parameters) {
    if (!name.empty()) takes += (takes.empty() ? "" : ", ") + std::string{name} + "=";
  }
  return error(400, "bad_query",
               std::string{target.path->text} + " takes " + (takes.empty() ? "no parameters" : "once each " + takes) +
                   ", and this is " + shown(target.stranger));
}

AdminAnswer foreign_page() {
  return error(403, "cross_origin",
               "a page of another origin asks for this: only this node's own page may, or no page");
}

// What is wrong with one value; empty: nothing.
std::string value_problem(const Target& target, std::string_view name, std::string_view value) {
  if (name == "peer" && !NodeId::valid(value)) return "a node id, 1 to 64 of a-z 0-9 . _ -";
  if (name == "type" && !is_word(value)) return "the name of a message type, of letters, digits and _ . :";
  if (name == "level" && !is_word(value)) return "a word such as info or debug";
  if (name == "since" && target.path->text == "/api/v1/stream" && !StreamPlace::parse(value)) {
    return "the id of a transition, as in 17-42";
  }
  if (name == "since" && target.path->text == "/api/v1/events" && !number(value)) return "the number of an event";
  return {};
}

std::optional<AdminAnswer> refuse_parameters(const Target& target) {
  if (target.strange) return strange_parameter(target);
  for (std::size_t i = 0; i < target.values.size(); ++i) {
    const std::string name{target.path->parameters[i]};
    if (!target.values[i]) {
      const bool needed = !name.empty() && target.path->order && name != "type";
      if (needed) return error(400, "bad_query", std::string{target.path->text} + " needs " + name + "=");
      continue;
    }
    const std::string wanted = value_problem(target, name, *target.values[i]);
    if (!wanted.empty())
      return error(400, "bad_query", name + " is " + wanted + ", and this is " + shown(*target.values[i]));
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
  return std::find(site_.hosts.begin(), site_.hosts.end(), *host) != site_.hosts.end();
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
  const Target target = split(question.target);
  const bool orders = target.path != nullptr && target.path->order;
  const bool reading = question.method == "GET" || question.method == "HEAD";
  if (orders ? question.method != "POST" : !reading) {
    AdminAnswer answer = error(405, "method_not_allowed",
                               orders ? "actions are asked for with POST" : "only GET and HEAD are served here");
    answer.allow = orders ? std::string_view{"POST"} : reads;
    return answer;
  }
  if (!question.target.starts_with('/')) {
    return error(400, "bad_target", "the target of a request is a path, and this is " + shown(question.target));
  }
  if (target.path == nullptr) {
    Json known = Json::array();
    for (const Path& path : paths) known.push_back(path.text);
    return error(404, "not_found", "there is nothing at " + shown(target.path_text), {{"paths", std::move(known)}});
  }
  if (orders) {
    if (std::optional<AdminAnswer> no = forbid(question)) return no;
  }
  // It could read nothing, but would hold the streams of who may.
  if (target.path->text == "/api/v1/stream" && question.fetch_site == "cross-site") return foreign_page();
  const std::string& id = question.last_event_id;
  if (target.path->text == "/api/v1/stream" && !id.empty() && !StreamPlace::parse(id)) {
    return error(400, "bad_header", "Last-Event-ID is the id of a transition, as in 17-42, and this is " + shown(id));
  }
  return refuse_parameters(target);
}

// Pages of other origins first: a token that a browser has must not be of use to them.
std::optional<AdminAnswer> AdminApi::forbid(const AdminQuestion& question) const {
  const bool foreign = !question.origin.empty() && question.origin != "http://" + question.host &&
                       question.origin != "https://" + question.host;
  const bool lured =
      !question.fetch_site.empty() && question.fetch_site != "same-origin" && question.fetch_site != "none";
  if (foreign || lured) return foreign_page();
  if (!site_.writes) {
    return error(403, "writes_disabled",
                 "this node takes no actions: set admin.writes = true and admin.token_file, and start it again");
  }
  constexpr std::string_view scheme = "Bearer ";
  std::string_view token = question.authorization;
  if (token.starts_with(scheme)) {
    token.remove_prefix(scheme.size());
    if (same_token(token, site_.token)) return std::nullopt;
  }
  AdminAnswer answer = error(
      401, "wrong_token", "actions need the header `Authorization: Bearer TOKEN` with the token of admin.token_file");
  answer.wants_token = true;
  return answer;
}

std::optional<AdminAnswer> AdminApi::answer_at_once(const AdminQuestion& question) const {
  if (split(question.target).path_text != "/") return std::nullopt;
  AdminAnswer answer{200, page_type, std::string{page_text()}, {}};
  answer.policy = page_policy();
  return answer;
}

std::optional<StreamPlace> AdminApi::stream(const AdminQuestion& question) const {
  const Target target = split(question.target);
  if (target.path->text != "/api/v1/stream") return std::nullopt;
  // What the browser says by itself is newer than the address that it was given.
  if (!question.last_event_id.empty()) return StreamPlace::parse(question.last_event_id);
  return target.values[0] ? StreamPlace::parse(*target.values[0]) : StreamPlace{};
}

std::optional<AdminOrder> AdminApi::order(const AdminQuestion& question) const {
  const Target target = split(question.target);
  if (!target.path->order) return std::nullopt;
  AdminOrder order;
  order.action = *target.path->order;
  if (order.action == AdminAction::reset_breaker) {
    order.peer = NodeId{target.values[0].value_or("")};
    order.type = std::string{target.values[1].value_or("")};
  }
  if (order.action == AdminAction::log_level) order.level = std::string{target.values[0].value_or("")};
  return order;
}

AdminAnswer AdminApi::answer(const AdminQuestion& question, const NodeSnapshot& node,
                             const HttpServerStats& stats) const {
  const Target target = split(question.target);
  const std::string_view path = target.path_text;
  const auto ok = [](std::string body) { return AdminAnswer{200, "application/json", std::move(body) + "\n", {}}; };
  if (path == "/metrics") return {200, metrics_content_type, to_metrics(node, &stats), {}};
  if (path == "/readyz") return readiness(node);
  if (path == "/healthz") return ok(written({{"api", api_version}, {"node", node.id.text()}, {"healthy", true}}));
  if (path == "/api/v1/events") return ok(events_json(node, number(target.values[0].value_or("")).value_or(0)));
  if (path == "/api/v1/matrix") return ok(matrix_json(node, matrix_of(node)));
  if (path == "/api/v1/status") return ok(status_json(node));
  if (path == "/api/v1/config") {
    return ok(json_head(node) + ",\"writes\":" + (site_.writes ? "true" : "false") +
              (site_.config.empty() ? "" : "," + site_.config) + "}");
  }
  if (path == "/api/v1/stream") return {200, stream_content_type, {}, {}};  // HEAD
  std::optional<NodeId> only;
  if (target.values[0]) {
    only = NodeId{*target.values[0]};
    const bool there = std::any_of(node.peers.begin(), node.peers.end(),
                                   [&](const PeerSnapshot& peer) { return peer.health.id == *only; });
    if (!there) {
      return error(404, "no_such_peer",
                   node.id.text() + " has no peer " + shown(only->text()) + ": /api/v1/peers lists those it has");
    }
  }
  return ok(path == "/api/v1/peers" ? peers_json(node, only) : channels_json(node, only));
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
                   "): send it without a body, by HTTP/1.1");
}

AdminAnswer AdminApi::too_busy() {
  return error(503, "too_busy", "answers wait for slow readers, and no more can be kept: ask again in a second");
}

AdminAnswer AdminApi::too_many_streams(std::size_t streams_max) {
  return error(503, "too_many_streams",
               std::to_string(streams_max) + " live streams are open, and admin.streams_max allows no more: close one");
}

AdminAnswer AdminApi::order_result(const AdminOrder& order, const AdminResult& result) {
  const Json body = {
      {"api", api_version}, {"action", to_string(order.action)}, {"done", result.done}, {"message", result.text}};
  // What could not be done is no fault of the request's form: the node is not in the state for it.
  return {result.done ? 200u : 409u, "application/json", written(body) + "\n", {}};
}

AdminAnswer AdminApi::not_carried_out(const AdminOrder& order) {
  return error(503, "not_carried_out",
               "the node's loop did not come to " + std::string{to_string(order.action)} +
                   " in time, and it will not be done later: see /healthz, and ask again");
}

AdminAnswer AdminApi::under_way(const AdminOrder& order) {
  return error(503, "under_way",
               std::string{to_string(order.action)} +
                   " has begun and takes long: whether it is done is told by an event of kind admin");
}

AdminAnswer AdminApi::cannot(const AdminOrder& order) {
  return error(501, "not_offered",
               "the program around this node does not offer " + std::string{to_string(order.action)} +
                   ": `hawser node` does, others pass AdminHooks to serve_admin");
}

}  // namespace hawser
