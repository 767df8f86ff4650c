// The admin endpoints of a node, as its configuration wants them: [admin] in docs/configuration.md.
//
// One line in an embedding program, after the node:  const auto admin = hawser::serve_admin(node);
#pragma once

#include <hawser/inspect/http_server.hpp>
#include <hawser/interconnect/node.hpp>

#include <memory>

namespace hawser {

// Null where admin.listen is empty. Throws StartError when the address cannot be had.
// REQUIRES: what is returned goes before the node.
// `hooks`: what only the program can do; called on the node's loop.
std::unique_ptr<HttpServer> serve_admin(Node& node, AdminHooks hooks = {});

// Lets /api/v1/config say what is in force now: for a program that changes its node's peers, types or log while it
// runs.
void show_config(HttpServer& server, const Config& config);

// Reads the token, where there is one.
HttpServerOptions admin_options(const Config& config);

}  // namespace hawser
