// What the eight disasters have in common: a world, a score, patience, and two ways to write the same node.
//
// Naive: what is written every day, threads with a line before them that has no end, fixed timeouts, and attempts one
// after the other. Guarded: the kit. Both know the same addresses, copies and cached answers, in the same order; the
// naive node goes on to the next with its next attempt.
#pragma once

#include "disaster_score.hpp"
#include "disaster_world.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::tools {

// How an adaptive timeout stood at some instant, beside what it should follow.
struct DisasterTimeout {
  Duration timeout{0};
  Duration p95{0};  // of the attempts of the 50 s before, as the world measured them
  Duration margin{0};
};

// One run: naive or guarded.
struct DisasterSide {
  DisasterScore score;
  // The longest time for which a breaker stayed open that was open when the fault ended, or was opened by an attempt
  // then under way. Measured: from its opening until it let a call pass.
  Duration open_time{0};
  // When the fault begins, and at the very end.
  std::optional<DisasterTimeout> timeout_before;
  std::optional<DisasterTimeout> timeout_after;
  // What those were told whose fate nobody counts, such as a flood: reasons, and how long it took to refuse them.
  std::map<std::string, std::uint64_t, std::less<>> crowd;
  Histogram crowd_refusals;
};

// A fixed timeout, attempts without a budget, no deadline.
PipelineConfig naive_pipeline(Duration timeout, std::uint32_t attempts);
// Adaptive timeout at p95 + margin, breaker, a bulkhead that waits briefly.
PipelineConfig guarded_pipeline(std::uint32_t places);
TimeoutConfig guarded_timeout();

class DisasterStage {
 public:
  static constexpr Duration patience{2'000'000};

  DisasterStage(bool guarded, std::uint64_t seed);

  const bool guarded;
  DisasterWorld world;
  DisasterSide side;

  Instant begins() const noexcept { return side.score.begins(); }
  Instant ends() const noexcept { return side.score.ends(); }
  Instant last() const noexcept { return side.score.last(); }

  // Between the fault's beginning and its end.
  void fault(UniqueFunction<void()> begin, UniqueFunction<void()> end);
  // A caller of this stage; lives as long as it.
  DisasterCaller& caller(const PipelineConfig& config, std::size_t threads = 0);
  DisasterBackend& backend(DisasterBackend::Settings settings);
  // Says what its adaptive timeout is when the fault begins and at the very end.
  void watch_timeout(DisasterCaller& caller);

  // A call begins now and is counted. Only guarded nodes pass deadlines on.
  CallOptions begin(std::uint8_t priority = 4);
  // It ended as the pipeline says.
  void end(Instant began, const PipelineCall& call);
  // Of a route: an answer of another way than the first is help.
  void end_of_route(Instant began, const PipelineCall& call, std::size_t way, PipelineCause first);
  void end(Instant began, DisasterEnd how, PipelineCause cause);

  // The same for one of a crowd.
  void end_of_crowd(Instant began, const PipelineCall& call);

  // Begins the traffic's world and plays to the end.
  DisasterSide play();

 private:
  Duration open_time() const;

  std::vector<std::unique_ptr<DisasterCaller>> callers_;
  std::vector<std::unique_ptr<DisasterBackend>> backends_;
};

// An attempt at a backend.
DisasterCaller::Operation ask(DisasterBackend& backend, bool deep = false);
// The same over a link that may be cut, both ways and without a word.
DisasterCaller::Operation ask_over(const bool& cut, DisasterBackend& backend);
// What a naive node does that knows several: the first attempt goes to the first, the next to the next, and around.
DisasterCaller::Operation ask_in_turn(std::vector<DisasterCaller::Operation> ways);

struct DisasterPlot {
  std::string_view name;
  std::string_view fault;
  std::string_view world;
  // What each side has, in words.
  std::string_view both;
  std::string_view naive;
  std::string_view guarded;
  std::uint32_t during_permille;  // of the guarded node's calls, so many are answered while it lasts
  DisasterSide (*play)(bool guarded, std::uint64_t seed);
};
// All eight, in the order of the table.
const std::vector<DisasterPlot>& disaster_plots();

DisasterSide play_pool(bool guarded, std::uint64_t seed);
DisasterSide play_slow(bool guarded, std::uint64_t seed);
DisasterSide play_node(bool guarded, std::uint64_t seed);
DisasterSide play_flood(bool guarded, std::uint64_t seed);
DisasterSide play_cascade(bool guarded, std::uint64_t seed);
DisasterSide play_exhaustion(bool guarded, std::uint64_t seed);
DisasterSide play_partition(bool guarded, std::uint64_t seed);
DisasterSide play_failover(bool guarded, std::uint64_t seed);

}  // namespace hawser::tools
