// The admin endpoints over HTTP: the page, /healthz, /readyz, /metrics, /api/v1/...; docs/operations.md lists them.
//
// It has a thread of its own. The node's loop is asked for a snapshot, at most one at a time and at most every
// `snapshot_reuse`, and never waits: a loop that does not answer within `loop_time` makes the answer 503. Whatever
// clients do, connections, streams, header, time per request and bytes waiting to be read are bounded; a stream that
// does not read skips snapshots, and then ends.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/inspect/admin_api.hpp>
#include <hawser/inspect/admin_order.hpp>
#include <hawser/inspect/admin_stats.hpp>
#include <hawser/interconnect/endpoint.hpp>
#include <hawser/interconnect/snapshot.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace hawser {

struct HttpServerOptions {
  Endpoint listen{"127.0.0.1", 0};            // port 0: a free one
  AdminSite site;                             // what the endpoints know beside snapshots
  std::size_t connections_max = 32;           // more are closed at once
  std::size_t header_bytes_max = 8u << 10;    // request line and headers; 1 KiB .. 32 KiB
  Duration request_time{5'000'000};           // to send a request, and again to take its answer
  Duration loop_time{1'000'000};              // how long the node may take to say how it is
  Duration snapshot_reuse{50'000};            // a snapshot this young answers others too
  std::size_t streams_max = 8;                // live streams; they are connections too
  Duration stream_interval{1'000'000};        // between two snapshots of a stream
  std::size_t waiting_bytes_max = 32u << 20;  // of answers not taken yet; one answer may always wait
};

// The node behind it. All but `post` are called on its loop, and never once the server is gone.
struct AdminNode {
  std::function<void(std::function<void()>)> post;  // runs it on the node's loop, soon or never. Any thread.
  std::function<NodeSnapshot()> take;
  // Nothing: it is not offered. Absent: no order is.
  std::function<std::optional<AdminResult>(const AdminOrder&)> carry_out{};
};

class HttpServer {
 public:
  // Listens when it returns. Throws StartError when the address cannot be had.
  HttpServer(HttpServerOptions options, AdminNode node);
  // Ends all connections.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  Endpoint endpoint() const;      // what was bound
  HttpServerStats stats() const;  // any thread
  // What /api/v1/config says from now on: config_fields() of what is in force. Any thread.
  void set_config(std::string fields);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace hawser
