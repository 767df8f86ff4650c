#include <hawser/inspect/admin_api.hpp>

#include <hawser/base/assert.hpp>
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
std::string written(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

AdminAnswer error(unsigned status, std::string_view word, std::string sentence, const Json& more = Json::object()) {
  Json body = {{"api", api_version}, {"error", word}, {"message", std::move(sentence)}};
  body.update(more);
  return {status, "application/json", written(body) + "\n", {}};
}

AdminAnswer foreign_page() {
  return error(403, "cross_origin",
               "a page of another origin asks for this: only this node's own page may, or no page");
}

bool is_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc{} && end == text.data() + text.size();
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
  if (!port.empty() && (port.front() != ':' || !is_number(port.substr(1)))) return std::nullopt;
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

AdminPlan AdminApi::plan(const AdminQuestion& question) const {
  const AdminTarget target = AdminTarget::parse(question.target);
  if (std::optional<AdminAnswer> refusal = refuse(question, target)) return std::move(*refusal);
  switch (target.path()) {
    case AdminPath::page: {
      AdminAnswer page{200, "text/html; charset=utf-8", std::string{page_text()}, {}};
      page.policy = page_policy();
      return page;
    }
    case AdminPath::stream:
      if (question.method == "HEAD") return AdminAnswer{200, stream_content_type, {}, {}};
      // What the browser says by itself is newer than the address that it was given.
      if (!question.last_event_id.empty()) return *StreamPlace::parse(question.last_event_id);
      return target.value(0) ? *StreamPlace::parse(*target.value(0)) : StreamPlace{};
    case AdminPath::isolate:
      return AdminOrder{AdminAction::isolate, {}, {}, {}};
    case AdminPath::reset_breaker:
      return AdminOrder{
          AdminAction::reset_breaker, NodeId{*target.value(0)}, std::string{target.value(1).value_or("")}, {}};
    case AdminPath::log_level:
      return AdminOrder{AdminAction::log_level, {}, {}, std::string{*target.value(0)}};
    case AdminPath::reload:
      return AdminOrder{AdminAction::reload, {}, {}, {}};
    default:
      break;
  }
  AdminLook look{target.path(), {}, 0};
  if (look.path == AdminPath::events) look.since = target.number(0);
  if (look.path != AdminPath::events && target.value(0)) look.peer = NodeId{*target.value(0)};
  return look;
}

std::optional<AdminAnswer> AdminApi::refuse(const AdminQuestion& question, const AdminTarget& target) const {
  if (question.host.empty()) {
    return error(400, "no_host", "exactly one Host header is needed: name the address that was connected to");
  }
  if (!knows(question.host)) {
    return error(403, "wrong_host",
                 "this node is not known as " + shown_in_quotes(question.host) +
                     ": ask by address or as localhost, or add the name to admin.hosts");
  }
  const bool reading = question.method == "GET" || question.method == "HEAD";
  if (target.is_order() ? question.method != "POST" : !reading) {
    AdminAnswer answer =
        error(405, "method_not_allowed",
              target.is_order() ? "actions are asked for with POST" : "only GET and HEAD are served here");
    answer.allow = target.is_order() ? std::string_view{"POST"} : reads;
    return answer;
  }
  if (!question.target.starts_with('/')) {
    return error(400, "bad_target",
                 "the target of a request is a path, and this is " + shown_in_quotes(question.target));
  }
  if (target.path() == AdminPath::none) {
    Json known = Json::array();
    for (const std::string_view path : admin_paths()) known.push_back(path);
    return error(404, "not_found", "there is nothing at " + shown_in_quotes(target.path_text()),
                 {{"paths", std::move(known)}});
  }
  if (target.is_order()) {
    if (std::optional<AdminAnswer> no = forbid(question)) return no;
  }
  const bool streams = target.path() == AdminPath::stream;
  // It could read nothing, but would hold the streams of who may.
  if (streams && question.fetch_site == "cross-site") return foreign_page();
  const std::string& id = question.last_event_id;
  if (streams && !id.empty() && !StreamPlace::parse(id)) {
    return error(400, "bad_header",
                 "Last-Event-ID is the id of a transition, as in 17-42, and this is " + shown_in_quotes(id));
  }
  if (std::string problem = target.problem(); !problem.empty()) return error(400, "bad_query", std::move(problem));
  return std::nullopt;
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

AdminAnswer AdminApi::answer(const AdminLook& look, const NodeSnapshot& node, const HttpServerStats& stats) const {
  const auto ok = [](std::string body) { return AdminAnswer{200, "application/json", std::move(body) + "\n", {}}; };
  if (look.peer) {
    const bool there = std::any_of(node.peers.begin(), node.peers.end(),
                                   [&](const PeerSnapshot& peer) { return peer.health.id == *look.peer; });
    if (!there) {
      return error(
          404, "no_such_peer",
          node.id.text() + " has no peer " + shown_in_quotes(look.peer->text()) + ": /api/v1/peers lists those it has");
    }
  }
  switch (look.path) {
    case AdminPath::metrics:
      return {200, metrics_content_type, to_metrics(node, &stats), {}};
    case AdminPath::readyz:
      return readiness(node);
    case AdminPath::healthz:
      return ok(written({{"api", api_version}, {"node", node.id.text()}, {"healthy", true}}));
    case AdminPath::events:
      return ok(events_json(node, look.since));
    case AdminPath::matrix:
      return ok(matrix_json(node, matrix_of(node)));
    case AdminPath::status:
      return ok(status_json(node));
    case AdminPath::config:
      return ok(json_head(node) + ",\"writes\":" + (site_.writes ? "true" : "false") +
                (site_.config.empty() ? "" : "," + site_.config) + "}");
    case AdminPath::peers:
      return ok(peers_json(node, look.peer));
    case AdminPath::channels:
      return ok(channels_json(node, look.peer));
    default:
      HAWSER_ASSERT(false, "only what shows the node is asked of it");
      return {};
  }
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
