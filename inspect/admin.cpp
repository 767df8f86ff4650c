#include <hawser/inspect/admin.hpp>

#include <hawser/inspect/config_json.hpp>

#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace hawser {
namespace {

AdminResult reset_breaker(Node& node, const AdminOrder& order) {
  const std::string whose = (order.type.empty() ? "the breakers of " : order.type + " to ") + order.peer.text();
  const std::optional<std::size_t> closed = node.reset_breakers(order.peer, order.type);
  if (!closed) return {false, "there is no peer " + order.peer.text() + ": /api/v1/peers lists those there are"};
  if (*closed == 0) return {true, whose + ": none was open, nothing is changed"};
  return {true, whose + ": " + std::to_string(*closed) + " closed, and what they had learned is forgotten"};
}

AdminResult isolate(Node& node) {
  if (node.isolate()) return {true, node.id().text() + " serves no more, until it is started again"};
  return {false, "there is nothing to isolate: no strategy is configured, or the node stops already"};
}

// On the node's loop. What is done, or was tried, is an event.
std::optional<AdminResult> carry_out(Node& node, const AdminHooks& hooks, const AdminOrder& order) {
  AdminResult result;
  switch (order.action) {
    case AdminAction::isolate:
      result = isolate(node);
      break;
    case AdminAction::reset_breaker:
      result = reset_breaker(node, order);
      break;
    case AdminAction::log_level:
      if (!hooks.log_level) return std::nullopt;
      result = hooks.log_level(order.level);
      break;
    case AdminAction::reload:
      if (!hooks.reload) return std::nullopt;
      result = hooks.reload();
      break;
  }
  // An id that is nobody's is no peer of an event.
  const bool about_peer = order.action == AdminAction::reset_breaker && result.done;
  node.note(to_string(order.action), about_peer ? order.peer : NodeId{},
            std::string{result.done ? "by an operator: " : "an operator asked, in vain: "} + result.text);
  return result;
}

}  // namespace

HttpServerOptions admin_options(const Config& config) {
  HttpServerOptions options;
  std::string problem;
  const std::optional<Endpoint> listen = Endpoint::parse(config.admin.listen, problem);
  if (!listen) throw StartError("admin.listen: " + problem);
  options.listen = *listen;
  // By the name that it is told to listen on it may be asked, too.
  std::istringstream names{config.admin.hosts + " " + listen->host};
  for (std::string name; names >> name;) options.site.hosts.push_back(name);
  options.site.writes = config.admin.writes;
  if (config.admin.writes) options.site.token = read_token(config.admin.token_file);
  options.site.config = config_fields(config);
  options.streams_max = config.admin.streams_max;
  options.connections_max = config.admin.connections_max;
  options.request_time = config.admin.request_time;
  return options;
}

void show_config(HttpServer& server, const Config& config) { server.set_config(config_fields(config)); }

std::unique_ptr<HttpServer> serve_admin(Node& node, AdminHooks hooks) {
  if (node.config().admin.listen.empty()) return nullptr;
  AdminNode behind{
      [&node](std::function<void()> what) { node.post(std::move(what)); },
      [&node] { return node.snapshot(0, event_log_capacity); },
      [&node, hooks = std::move(hooks)](const AdminOrder& order) { return carry_out(node, hooks, order); }};
  return std::make_unique<HttpServer>(admin_options(node.config()), std::move(behind));
}

}  // namespace hawser
