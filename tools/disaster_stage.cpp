#include "disaster_stage.hpp"

#include <algorithm>
#include <utility>

namespace hawser::tools {

using namespace std::chrono_literals;

namespace {

constexpr Duration timeout_max = 1s;
constexpr Duration measured_span = 50s;  // what an adaptive timeout certainly remembers of its window

}  // namespace

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
  config.timeout = guarded_timeout();
  return config;
}

TimeoutConfig guarded_timeout() {
  TimeoutConfig config;
  config.percentile_ppm = 950'000;
  config.factor_permille = 1000;
  config.margin = config.timeout_min = 20ms;
  config.initial = 500ms;
  config.timeout_max = timeout_max;
  return config;
}

DisasterStage::DisasterStage(bool guards, std::uint64_t seed)
    : guarded(guards), world(seed), side{DisasterScore{20s, 20s, 40s, patience}, {}, {}, {}, {}, {}} {}

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
  const auto look = [this, &caller](std::optional<DisasterTimeout>& into) {
    into = DisasterTimeout{caller.core().timeouts()->timeout(0, world.now()), caller.p95(measured_span),
                           caller.core().config().timeout->margin};
  };
  world.at(begins(), [this, look] { look(side.timeout_before); });
  world.at(last(), [this, look] { look(side.timeout_after); });
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

Duration DisasterStage::open_time() const {
  Duration longest{0};
  for (const auto& caller : callers_) {
    for (const DisasterOpening& opening : caller->openings()) {
      // An attempt that was under way at the end has failed when its timeout is over, at the latest.
      if (opening.until <= ends() || opening.from > ends() + timeout_max) continue;
      longest = std::max(longest, std::min(opening.until, last()) - opening.from);
    }
  }
  return longest;
}

DisasterSide DisasterStage::play() {
  world.run_until(last());
  side.open_time = open_time();
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

DisasterCaller::Operation ask_in_turn(std::vector<DisasterCaller::Operation> ways) {
  return [ways = std::move(ways)](const PipelineCall& call, DisasterDone done) {
    ways[(call.attempts() - 1) % ways.size()](call, std::move(done));
  };
}

const std::vector<DisasterPlot>& disaster_plots() {
  static const std::vector<DisasterPlot> plots{
      {"pool", "the primary database vanishes", "a node, a primary with a replica, and a catalogue",
       "32 connections; reads may ask the replica after the primary",
       "one pool for all three, 30 s timeout, 3 attempts in turn",
       "16, 8 and 8 connections, each with its breaker and adaptive timeout", 860, play_pool},
      {"slow", "one backend of four is 50 times slower", "a node and four equal backends",
       "64 connections; the next backend may be asked after the first", "one pool, 10 s timeout, 3 attempts in turn",
       "16 connections to each, each with its breaker and adaptive timeout", 980, play_slow},
      {"node", "one node of five is cut off", "a node and five others, each with the keys of its neighbour",
       "60 connections; the neighbour may be asked after the node", "one pool, 1 s timeout, 3 attempts in turn",
       "12 connections to each, each with its breaker and adaptive timeout", 980, play_node},
      {"flood", "anonymous logins, ten times what can be checked", "a service that checks passwords",
       "8 threads that check; who logged in before is known, and let in by that for a minute when nothing can be "
       "checked",
       "an endless line before the threads, callers of their own with 2 s timeout and 3 attempts",
       "strangers have a rate of their own that adapts, who was seen before goes first; a shedder before the threads",
       760, play_flood},
      {"cascade", "the deepest of three tiers is 40 times slower", "web, orders, database",
       "64, 48 and 8 threads, each held while it waits for the tier below",
       "endless lines before them, 10 s timeout and 3 attempts at each hop",
       "64, 12 and 16 places, breaker and adaptive timeout for each type of call at each hop; deadlines are passed on",
       650, play_cascade},
      {"exhaustion", "a batch asks for three times what there is", "a node that dies when its memory is full",
       "16 threads; what waits for them takes memory",
       "an endless line before them, callers with 5 s timeout and 3 attempts",
       "a shedder and a cascade preventor before them: the batch says that it is optional", 980, play_exhaustion},
      {"partition", "two halves do not hear each other", "two zones, each with half the keys and a copy of the other's",
       "32 connections in each zone; a read may ask the copy near by after the far store",
       "one pool in each zone, 5 s timeout, 3 attempts in turn",
       "16 connections to each store, each with its breaker and adaptive timeout", 880, play_partition},
      {"failover", "the primary's process dies, a replica is promoted 3 s later", "a primary and two replicas",
       "three addresses in one order; a read may ask the next, a write asks the one that is writable",
       "one pool of 64 connections, 5 s timeout, 4 attempts in turn; endless lines at the databases",
       "16 connections to each, four of them for writes, each with its breaker and adaptive timeout; shedders at the "
       "databases",
       950, play_failover},
  };
  return plots;
}

}  // namespace hawser::tools
