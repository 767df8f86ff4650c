// The streams of a scenario as user code: on every node the handlers, and timers that send. All of it is in the books.
//
// Chance comes from generators of its own, one per stream and run of a node, so that traffic stays what it is when the
// library draws more or less.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/interconnect/outcome.hpp>
#include <hawser/sim/books.hpp>
#include <hawser/sim/scenario.hpp>
#include <hawser/sim/world.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hawser::sim {

class Traffic {
 public:
  // All of them must outlive the world's runs, and this too.
  Traffic(World& world, Books& books, const Scenario& scenario);
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  // Called in the app of that node.
  void attach(Node& node, const std::string& name);
  // No arrivals from now on.
  void end() noexcept { over_ = true; }

  using Outcomes = std::array<std::array<std::uint64_t, cause_count>, outcome_kind_count>;
  // What senders were told, by kind and cause.
  const Outcomes& outcomes() const noexcept { return outcomes_; }

 private:
  class Sender;
  struct Kind;
  static const std::array<Kind, 6>& kinds();
  template <typename T>
  static void submit(Sender& sender, const NodeId& to);
  template <typename T>
  static void handle(Traffic& traffic, Node& node, const RunId& run);
  void told(std::uint64_t number, const Outcome& outcome);

  World& world_;
  Books& books_;
  const Scenario& scenario_;
  bool over_ = false;
  Outcomes outcomes_{};
  std::vector<std::size_t> kind_of_stream_;
  std::array<bool, 6> used_{};
  std::array<bool, 6> works_{};  // some stream of it has work: handlers are coroutines
  std::array<bool, 6> asks_{};   // some stream of it has requests: handlers answer

  friend const std::vector<std::string_view>& stream_types();
};

// Whether every pair speaks, and every stream goes on until the end, often enough for a breaker to close by itself.
bool steady(const Scenario& scenario) noexcept;

// The type that travels for a stream's type. REQUIRES: one of stream_types().
TypeId stream_type_id(std::string_view type);

}  // namespace hawser::sim
