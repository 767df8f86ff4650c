#include <hawser/inspect/admin.hpp>

#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace hawser {

HttpServerOptions admin_options(const Config& config) {
  HttpServerOptions options;
  std::string problem;
  const std::optional<Endpoint> listen = Endpoint::parse(config.admin.listen, problem);
  if (!listen) throw StartError("admin.listen: " + problem);
  options.listen = *listen;
  // By the name that it is told to listen on it may be asked, too.
  std::istringstream names{config.admin.hosts + " " + listen->host};
  for (std::string name; names >> name;) options.hosts.push_back(name);
  options.connections_max = config.admin.connections_max;
  options.request_time = config.admin.request_time;
  return options;
}

std::unique_ptr<HttpServer> serve_admin(Node& node) {
  if (node.config().admin.listen.empty()) return nullptr;
  SnapshotSource source{[&node](std::function<void()> what) { node.post(std::move(what)); },
                        [&node] { return node.snapshot(); }};
  return std::make_unique<HttpServer>(admin_options(node.config()), std::move(source));
}

}  // namespace hawser
