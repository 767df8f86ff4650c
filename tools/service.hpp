// The example service: handlers for the types of service.capnp, and traffic of them to every peer.
//
// It knows nodes only, so that it runs on real sockets and in the simulator alike. All of it belongs on the loop, or
// before the loop runs.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/node.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hawser::tools {

// Greets, accepts orders, takes blobs.
void offer_service(Node& node);

// Messages per second to each peer; 0: none. At most a million.
struct Traffic {
  double greetings = 0;
  double orders = 0;
  double blobs = 0;
  std::size_t blob_bytes = 64u << 10;
  Duration ttl{0};  // 0: the types' own

  bool any() const noexcept { return greetings > 0 || orders > 0 || blobs > 0; }
};

// Reads one `Type=rate`, for example `Order=20`, into `traffic`. What is wrong with it, or nothing.
std::optional<std::string> read_traffic(std::string_view text, Traffic& traffic);

// Sends until the node stops. How the messages end is in the node's ledger.
void drive_traffic(Node& node, const Traffic& traffic);

}  // namespace hawser::tools
