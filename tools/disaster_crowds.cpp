// Disasters of too much work, and of a network in two: the flood, the cascade, the exhaustion, the partition.
#include "disaster_stage.hpp"
#include <hawser/resilience/fallback.hpp>

#include <algorithm>
#include <array>

namespace hawser::tools {

using namespace std::chrono_literals;
using Way = DisasterRoute::Way;

// 120 logins a second of people, four of five of whom were here before; a flood of 4000 a second. 400 can be checked.
DisasterSide play_flood(bool guarded, std::uint64_t seed) {
  DisasterStage stage{guarded, seed};
  std::optional<LoadShedderConfig> shedder;
  if (guarded) shedder.emplace();
  DisasterBackend& passwords = stage.backend({8, 20ms, shedder, {}, {}});

  PipelineConfig config = naive_pipeline(2s, 3);
  PipelineConfig strangers = config;
  FallbackHandler<int> credentials;
  if (guarded) {
    config = guarded_pipeline(32);
    strangers = guarded_pipeline(16);
    // What strangers may ask follows what the passwords can bear.
    strangers.adaptive_rate.emplace();
    credentials.cached(60s);
  }
  DisasterCaller& known = stage.caller(config);
  DisasterCaller& unknown = stage.caller(strangers);
  stage.watch_timeout(known);
  stage.world.often(120, stage.last(), [&] {
    CallOptions options = stage.begin(6);
    options.key = stage.world.random().below(100);
    const bool seen = options.key < 80;
    known.call(options, ask(passwords), [&, began = stage.world.now(), seen](const PipelineCall& call) {
      const Instant now = stage.world.now();
      const bool good = call.cause() == PipelineCause::answered;
      if (good && seen) credentials.remember(call.options().key, 1, now);
      if (good || !guarded) return stage.end(began, call);
      const auto answer = credentials.answer({call.options().key, false, to_string(call.cause())}, now);
      if (answer.value) return stage.end(began, DisasterEnd::helped, call.cause());
      stage.end(began, call);
    });
  });
  // Nobody counts how the flood fares, but for what it is told.
  stage.fault(
      [&] {
        stage.world.often(4000, stage.ends(), [&] {
          CallOptions options;
          options.priority = 1;
          if (guarded) options.deadline = stage.world.now() + DisasterStage::patience;
          unknown.call(options, ask(passwords),
                       [&, began = stage.world.now()](const PipelineCall& call) { stage.end_of_crowd(began, call); });
        });
      },
      [] {});
  return stage.play();
}

// 100 calls a second end in the web tier, 100 in that of the orders, 100 need the database.
DisasterSide play_cascade(bool guarded, std::uint64_t seed) {
  DisasterStage stage{guarded, seed};
  const auto hop = [&](std::uint32_t places) { return guarded ? guarded_pipeline(places) : naive_pipeline(10s, 3); };
  DisasterCaller& to_web = stage.caller(hop(200));
  DisasterCaller& to_orders = stage.caller(hop(24));
  DisasterCaller& to_database = stage.caller(hop(16));
  stage.watch_timeout(to_database);

  DisasterBackend& database = stage.backend({8, 5ms, {}, {}, {}});
  const auto behind = [&](DisasterCaller& caller, DisasterBackend& backend, bool always) {
    return [&, always](const DisasterJob& job, DisasterDone done) {
      CallOptions options;
      // What is left of the caller's deadline, and what it is worth.
      if (guarded) options.deadline = job.deadline;
      options.priority = job.priority;
      caller.call(options, ask(backend, always || job.priority == 5),
                  [&, done = std::move(done)](const PipelineCall& call) {
                    const bool good = call.cause() == PipelineCause::answered;
                    const bool refused = is_refusal(call.cause());
                    done({good      ? AttemptEnd::success
                          : refused ? AttemptEnd::overloaded
                                    : AttemptEnd::failure,
                          true, std::nullopt});
                  });
    };
  };
  // The priority tells how deep a call goes: 3 ends in the web, 4 with the orders, 5 in the database.
  DisasterBackend& orders = stage.backend({48, 5ms, {}, behind(to_database, database, false), {}});
  DisasterBackend& web = stage.backend({64, 2ms, {}, behind(to_orders, orders, false), {}});
  stage.fault([&] { database.slow_down(40'000); }, [&] { database.slow_down(1000); });

  for (const std::uint8_t depth : {std::uint8_t{3}, std::uint8_t{4}, std::uint8_t{5}}) {
    stage.world.often(100, stage.last(), [&, depth] {
      to_web.call(stage.begin(depth), ask(web, depth > 3),
                  [&, began = stage.world.now()](const PipelineCall& call) { stage.end(began, call); });
    });
  }
  return stage.play();
}

// 16 workers do 800 calls of 20 ms a second, and are asked for 400. A batch asks for 2000 more. With 1000 calls in its
// hands the node's memory is full and it dies, to be back after 5 s; from 600 on collecting garbage makes it slow.
DisasterSide play_exhaustion(bool guarded, std::uint64_t seed) {
  DisasterStage stage{guarded, seed};
  constexpr std::size_t full = 1000;
  const auto drag = [](std::size_t held) -> std::int64_t {
    return held < 600 ? 1000 : 1000 + static_cast<std::int64_t>(held - 600) * 10;
  };
  DisasterBackend& node = stage.backend({16, 20ms, {}, {}, drag});

  PipelineConfig config = naive_pipeline(5s, 3);
  if (guarded) {
    config = PipelineConfig{};
    config.deadline = DisasterStage::patience;
    config.cascade.emplace();
    config.shedder.emplace();
    config.breaker.emplace();
    config.timeout.emplace();
  }
  DisasterCaller& intake = stage.caller(config);
  bool down = false;
  stage.world.every(50ms, stage.last(), [&] {
    if (guarded) {
      const PipelineCore& core = intake.core();
      PressureSignals signals;
      signals.memory_permille = static_cast<std::int64_t>(node.held() * 1000 / full);
      const ResilienceSnapshot now = core.snapshot(stage.world.now());
      signals.queue_permille = static_cast<std::int64_t>(now.waiting * 1000 / core.config().shedder->queue_max);
      intake.core().update_pressure(signals, stage.world.now());
    }
    if (down || node.held() < full) return;
    down = true;
    node.set_refusing(true);
    stage.world.after(5s, [&] {
      node.set_refusing(false);
      down = false;
    });
  });
  const auto call = [&](std::uint8_t priority, bool counted) {
    return [&, priority, counted] {
      CallOptions options;
      if (counted) {
        options = stage.begin(priority);
      } else {
        options.priority = priority;
        options.optional = true;
        if (guarded) options.deadline = stage.world.now() + DisasterStage::patience;
      }
      intake.call(options, ask(node), [&, counted, began = stage.world.now()](const PipelineCall& ended) {
        if (counted) return stage.end(began, ended);
        stage.end_of_crowd(began, ended);
      });
    };
  };
  stage.world.often(400, stage.last(), call(7, true));
  stage.fault([&] { stage.world.often(2000, stage.ends(), call(1, false)); }, [] {});
  return stage.play();
}

// Each zone has a node that makes 160 reads and 40 writes a second, half of them to the other zone's store.
DisasterSide play_partition(bool guarded, std::uint64_t seed) {
  DisasterStage stage{guarded, seed};
  bool cut = false;
  stage.fault([&] { cut = true; }, [&] { cut = false; });
  std::array<DisasterBackend*, 2> stores{};
  for (auto& store : stores) store = &stage.backend({8, 10ms, {}, {}, {}});

  DisasterRoute route{stage.world};
  for (std::size_t zone = 0; zone < 2; ++zone) {
    DisasterBackend* const near = stores[zone];
    DisasterBackend* const far = stores[1 - zone];
    DisasterCaller* to_near = nullptr;
    DisasterCaller* to_far = nullptr;
    if (guarded) {
      to_near = &stage.caller(guarded_pipeline(16));
      to_far = &stage.caller(guarded_pipeline(16));
      if (zone == 0) stage.watch_timeout(*to_far);
    } else {
      to_near = to_far = &stage.caller(naive_pipeline(5s, 3), 32);
    }
    const auto call = [&, near, far, to_near, to_far](bool writes) {
      return [&, near, far, to_near, to_far, writes] {
        const CallOptions options = stage.begin();
        const bool here = stage.world.random().below(2) == 0;
        std::vector<Way> ways;
        ways.push_back(here ? Way{to_near, ask(*near)} : Way{to_far, ask_over(cut, *far)});
        // A copy that may be old is an answer to a read; to a write there is none.
        if (guarded && !here && !writes) ways.push_back(Way{to_near, ask(*near)});
        route.call(options, std::move(ways),
                   [&, began = stage.world.now()](const PipelineCall& ended, std::size_t way, PipelineCause first) {
                     stage.end_of_route(began, ended, way, first);
                   });
      };
    };
    stage.world.often(160, stage.last(), call(false));
    stage.world.often(40, stage.last(), call(true));
  }
  return stage.play();
}

}  // namespace hawser::tools
