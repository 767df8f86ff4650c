// What stands behind an HTTP server under test: a node that answers at once, or when it is told to.
#pragma once

#include <hawser/inspect/http_server.hpp>
#include "inspect/shown_node.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <poll.h>
#include <utility>
#include <vector>

namespace hawser::test {

class ShownNode {
 public:
  explicit ShownNode(NodeSnapshot snapshot = shown_node()) : snapshot_(std::move(snapshot)) {}

  AdminNode source() {
    return {[this](std::function<void()> what) {
              if (prompt) return what();
              const std::lock_guard lock{mutex_};
              asked_.push_back(std::move(what));
            },
            [this] {
              ++taken;
              return snapshot_;
            },
            [this](const AdminOrder& order) -> std::optional<AdminResult> {
              if (order.action == AdminAction::reload) return std::nullopt;
              orders.push_back(order);
              return AdminResult{order.peer != NodeId{"n9"}, "so be it"};
            }};
  }
  // As a loop that goes on after a stall.
  void go_on() {
    std::deque<std::function<void()>> asked;
    {
      const std::lock_guard lock{mutex_};
      asked.swap(asked_);
    }
    for (const auto& what : asked) what();
  }
  bool is_asked() {
    const std::lock_guard lock{mutex_};
    return !asked_.empty();
  }

  std::atomic<bool> prompt{true};
  std::atomic<int> taken{0};
  std::vector<AdminOrder> orders;  // read it when the answer is there

 private:
  NodeSnapshot snapshot_;
  std::mutex mutex_;
  std::deque<std::function<void()>> asked_;
};

// Times that only a test that is about them runs into.
inline HttpServerOptions patient() {
  HttpServerOptions options;
  options.request_time = std::chrono::minutes{10};
  options.loop_time = std::chrono::minutes{10};
  options.snapshot_reuse = Duration{0};
  return options;
}

// Looks every millisecond, and gives up after 30 s.
inline bool becomes(const std::function<bool()>& true_at_last) {
  for (int looks = 0; looks < 30'000; ++looks) {
    if (true_at_last()) return true;
    ::poll(nullptr, 0, 1);
  }
  return false;
}

}  // namespace hawser::test
