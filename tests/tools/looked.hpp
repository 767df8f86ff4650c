// The endpoints of a made-up node, and what the commands that look say about it.
#pragma once

#include <hawser/inspect/http_server.hpp>
#include "inspect/shown_node.hpp"
#include "inspect_command.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>

namespace hawser::test {

// A node's endpoints, and what the commands say about them.
class Looked {
 public:
  explicit Looked(NodeSnapshot snapshot = shown_node())
      : snapshot_(std::move(snapshot)),
        server_({}, {[](std::function<void()> what) { what(); }, [this] { return snapshot_; }}) {
    options.at = {server_.endpoint().text()};
  }

  std::string view(tools::InspectView which) {
    return said([&](std::FILE* out) { return tools::run_inspect(which, options, out); });
  }
  std::string top() {
    return said([&](std::FILE* out) { return tools::run_top(options, out); });
  }
  std::string check() {
    return said([&](std::FILE* out) { return tools::run_check(options, out); });
  }

  tools::InspectOptions options;
  int code = -1;

 private:
  std::string said(const std::function<int(std::FILE*)>& run) {
    std::FILE* const out = std::tmpfile();
    code = run(out);
    std::rewind(out);
    std::string text;
    std::array<char, 4096> room;
    std::size_t got = 0;
    while ((got = std::fread(room.data(), 1, room.size(), out)) > 0) text.append(room.data(), got);
    std::fclose(out);
    return text;
  }

  NodeSnapshot snapshot_;
  HttpServer server_;
};

// What a node said, as it would have come.
inline tools::Answer answer_of(const std::string& text) {
  tools::Answer answer;
  answer.status = 200;
  answer.said = nlohmann::json::parse(text);
  return answer;
}

}  // namespace hawser::test
