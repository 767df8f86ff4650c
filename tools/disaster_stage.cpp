#include "disaster_stage.hpp"

#include <algorithm>
#include <utility>

namespace hawser::tools {

using namespace std::chrono_literals;

PipelineConfig naive_pipeline(Duration timeout, std::uint32_t attempts) {
  PipelineConfig config;
  config.deadline = forever;
  config.timeout.emplace();
  config.timeout->initial = config.timeout->timeout_min = config.timeout->timeout_max = timeout;
  config.retry.emplace();
  config.retry->attempts_max = attempts;
  config.retry->budgeted = false;
  return config;
}

PipelineConfig guarded_pipeline(std::uint32_t places) {
  PipelineConfig config;
  config.deadline = DisasterStage::patience;
  config.breaker.emplace();
  config.breaker->slow_limit = 250ms;
  config.breaker->slow_percent = 50;
  // Healing may take as long as the open time has grown: half a minute is long for one hop of many.
  config.breaker->open_max = 5s;
  config.bulkhead.emplace();
  config.bulkhead->capacity = places;
  config.bulkhead->groups = {BulkheadGroup{"calls", 0, 0, 0, places, 50ms}};
  config.timeout.emplace();
  config.timeout->percentile_ppm = 950'000;
  config.timeout->factor_permille = 1000;
  config.timeout->margin = config.timeout->timeout_min = 20ms;
  config.timeout->initial = 500ms;
  config.timeout->timeout_max = 1s;
  return config;
}

DisasterStage::DisasterStage(bool guards, std::uint64_t seed)
    : guarded(guards), world(seed), side{DisasterScore{20s, 20s, 40s, patience}, {}, {}, {}, {}} {}

void DisasterStage::fault(UniqueFunction<void()> begin, UniqueFunction<void()> end) {
  world.at(begins(), std::move(begin));
  world.at(ends(), std::move(end));
}

DisasterCaller& DisasterStage::caller(const PipelineConfig& config, std::size_t threads) {
  callers_.push_back(std::make_unique<DisasterCaller>(world, config, world.random().next(), threads));
  return *callers_.back();
}

DisasterBackend& DisasterStage::backend(DisasterBackend::Settings settings) {
  backends_.push_back(std::make_unique<DisasterBackend>(world, std::move(settings)));
  return *backends_.back();
}

void DisasterStage::watch_timeout(DisasterCaller& caller) {
  if (!guarded) return;
  world.at(begins(), [this, &caller] {
    TimeoutManager& timeouts = *caller.core().timeouts();
    side.timeout = DisasterTimeout{timeouts.timeout(0, world.now()), timeouts.percentiles(0, world.now()).p95,
                                   caller.core().config().timeout->margin};
  });
}

CallOptions DisasterStage::begin(std::uint8_t priority) {
  side.score.called(world.now());
  CallOptions options;
  options.priority = priority;
  if (guarded) options.deadline = world.now() + patience;
  return options;
}

void DisasterStage::end(Instant began, DisasterEnd how, PipelineCause cause) {
  side.score.ended(began, world.now(), how, cause);
}

void DisasterStage::end(Instant began, const PipelineCall& call) {
  const bool answered = call.cause() == PipelineCause::answered || call.cause() == PipelineCause::late;
  end(began,
      answered                   ? DisasterEnd::good
      : is_refusal(call.cause()) ? DisasterEnd::refused
                                 : DisasterEnd::failed,
      call.cause());
}

void DisasterStage::end_of_route(Instant began, const PipelineCall& call, std::size_t way, PipelineCause first) {
  const bool answered = call.cause() == PipelineCause::answered || call.cause() == PipelineCause::late;
  if (answered && way > 0) return end(began, DisasterEnd::helped, first);
  end(began, call);
}

void DisasterStage::end_of_crowd(Instant began, const PipelineCall& call) {
  ++side.crowd[std::string{to_string(call.cause())}];
  if (is_refusal(call.cause())) side.crowd_refusals.record(world.now() - began);
}

DisasterSide DisasterStage::play() {
  world.at(ends(), [this] {
    for (const auto& caller : callers_) {
      const CircuitBreaker* const breaker = caller->core().breaker();
      if (breaker == nullptr) continue;
      const BreakerState state = breaker->state(world.now());
      Duration open{0};
      if (state == BreakerState::open) open = breaker->retry_at() - breaker->reason().since;
      // The probe that is under way will fail, and the next open time is the longest by now.
      if (state == BreakerState::half_open) open = breaker->config().open_max;
      side.open_time = std::max(side.open_time, open);
    }
  });
  world.run_until(last());
  return std::move(side);
}

DisasterCaller::Operation ask(DisasterBackend& backend, bool deep) {
  return [&backend, deep](const PipelineCall& call, DisasterDone done) {
    backend.ask({call.options().priority, call.attempt_deadline(), deep, std::move(done)});
  };
}

DisasterCaller::Operation ask_over(const bool& cut, DisasterBackend& backend) {
  return [&cut, &backend](const PipelineCall& call, DisasterDone done) {
    if (cut) return;
    backend.ask({call.options().priority, call.attempt_deadline(), false,
                 [&cut, done = std::move(done)](const AttemptResult& result) {
                   if (!cut) done(result);
                 }});
  };
}

const std::vector<DisasterPlot>& disaster_plots() {
  static const std::vector<DisasterPlot> plots{
      {"pool", "the primary database vanishes", "a node, a primary with a replica, and a catalogue", 870, play_pool},
      {"slow", "one backend of four is 50 times slower", "a node and four equal backends", 980, play_slow},
      {"node", "one node of five is cut off", "a node and five others, each with the keys of its neighbour", 980,
       play_node},
      {"flood", "anonymous logins, ten times what can be checked", "a service that checks passwords", 980, play_flood},
      {"cascade", "the deepest of three tiers is 40 times slower", "web, orders, database", 660, play_cascade},
      {"exhaustion", "a batch asks for three times what there is", "a node that dies when its memory is full", 980,
       play_exhaustion},
      {"partition", "two halves do not hear each other", "two zones, each with half the keys and a copy of the other's",
       890, play_partition},
      {"failover", "the primary's process dies, a replica is promoted 3 s later", "a primary and two replicas", 950,
       play_failover},
  };
  return plots;
}

}  // namespace hawser::tools
