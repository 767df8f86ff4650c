// What the admin endpoints make of bytes as a client may send them, without sockets, threads or time.
//
// The parser, bounds and answers are HttpServer's own, so that a fuzzer or a test can hold any bytes against them.
// Orders are answered as by a program that offers none of them, and a live stream is its first words.
#pragma once

#include <hawser/inspect/http_server.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {

struct HttpReplay {
  std::vector<std::string> answers;  // as they would be written, the oldest first
  bool at_rest = false;              // the client said no more between two requests, and the server has nothing to add
};

// As if `bytes` came in pieces of at most `piece_bytes`, and then the client said no more. REQUIRES: piece_bytes > 0.
HttpReplay replay_http(std::string_view bytes, std::size_t piece_bytes, const HttpServerOptions& options,
                       const NodeSnapshot& node);

}  // namespace hawser
