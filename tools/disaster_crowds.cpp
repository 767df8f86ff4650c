// Disasters of too much work, and of a network in two: the flood, the cascade, the exhaustion, the partition.
#include "disaster_stage.hpp"
#include <hawser/resilience/fallback.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace hawser::tools {

using namespace std::chrono_literals;
using Way = DisasterRoute::Way;

// 120 logins a second of people: four of five come from 80 who log in again and again, the others come for the first
// time. A flood of 4000 a second with wrong passwords, each under another name. 400 can be checked. Who is who the
// service knows only by what it has seen: whose password was right before.
DisasterSide play_flood(bool guarded, std::uint64_t seed) {
  DisasterStage stage{guarded, seed};
  std::optional<LoadShedderConfig> shedder;
  if (guarded) shedder.emplace();
  DisasterBackend& passwords = stage.backend({8, 20ms, shedder, {}, {}});

  PipelineConfig config = naive_pipeline(2s, 3);
  PipelineConfig for_strangers = config;
  if (guarded) {
    config = guarded_pipeline(32);
    for_strangers = guarded_pipeline(16);
    // What strangers may ask follows what the passwords can bear.
    for_strangers.adaptive_rate.emplace();
  }
  DisasterCaller& known = stage.caller(config);
  DisasterCaller& unknown = stage.caller(for_strangers);
  stage.watch_timeout(known);
  std::set<std::uint64_t> seen;
  FallbackHandler<int> credentials;
  credentials.cached(60s);
  const auto log_in = [&](std::uint64_t name, CallOptions options, DisasterCaller::Ended ended) {
    const bool was_seen = seen.contains(name);
    options.key = name;
    options.priority = was_seen ? 6 : 1;
    (was_seen ? known : unknown).call(options, ask(passwords), std::move(ended));
  };

  std::uint64_t next_name = 80;
  stage.world.often(120, stage.last(), [&] {
    const std::uint64_t name = stage.world.random().below(5) == 0 ? next_name++ : stage.world.random().below(80);
    log_in(name, stage.begin(), [&, name, began = stage.world.now()](const PipelineCall& call) {
      const Instant now = stage.world.now();
      if (call.cause() == PipelineCause::answered) {
        seen.insert(name);
        credentials.remember(name, 1, now);
        return stage.end(began, call);
      }
      const auto cached = credentials.answer({name, false, to_string(call.cause())}, now);
      if (cached.value) return stage.end(began, DisasterEnd::helped, call.cause());
      stage.end(began, call);
    });
  });
  // Nobody counts how the flood fares, but for what it is told. Its passwords are wrong: nothing is remembered.
  stage.fault(
      [&] {
        stage.world.often(4000, stage.ends(), [&] {
          CallOptions options;
          if (guarded) options.deadline = stage.world.now() + DisasterStage::patience;
          log_in(next_name++, options,
                 [&, began = stage.world.now()](const PipelineCall& call) { stage.end_of_crowd(began, call); });
        });
      },
      [] {});
  return stage.play();
}

// 100 calls a second end in the web tier, 100 in that of the orders, 100 need the database. Each kind of call is of a
// type of its own, and a guarded hop has a breaker and places for each type: one that fails says nothing of the others.
DisasterSide play_cascade(bool guarded, std::uint64_t seed) {
  DisasterStage stage{guarded, seed};
  // By type: 0 ends in the web, 1 with the orders, 2 in the database.
  using Hop = std::array<DisasterCaller*, 3>;
  const auto hop = [&](std::uint32_t places) {
    Hop callers{};
    for (auto& caller : callers) {
      caller = &stage.caller(guarded ? guarded_pipeline(places) : naive_pipeline(10s, 3));
    }
    return callers;
  };
  const Hop to_web = hop(64);
  const Hop to_orders = hop(12);
  const Hop to_database = hop(16);
  stage.watch_timeout(*to_database[2]);

  DisasterBackend& database = stage.backend({8, 5ms, {}, {}, {}});
  // The priority tells the type.
  const auto type_of = [](std::uint8_t priority) { return std::size_t{priority} - 3; };
  const auto behind = [&](const Hop& callers, DisasterBackend& backend, std::size_t deepest) {
    return [&, deepest](const DisasterJob& job, DisasterDone done) {
      CallOptions options;
      // What is left of the caller's deadline, and what it is worth.
      if (guarded) options.deadline = job.deadline;
      options.priority = job.priority;
      const std::size_t type = type_of(job.priority);
      callers[type]->call(options, ask(backend, type > deepest), [&, done = std::move(done)](const PipelineCall& call) {
        const bool good = call.cause() == PipelineCause::answered;
        const bool refused = is_refusal(call.cause());
        done({good ? AttemptEnd::success : refused ? AttemptEnd::overloaded : AttemptEnd::failure, true, std::nullopt});
      });
    };
  };
  DisasterBackend& orders = stage.backend({48, 5ms, {}, behind(to_database, database, 2), {}});
  DisasterBackend& web = stage.backend({64, 2ms, {}, behind(to_orders, orders, 1), {}});
  stage.fault([&] { database.slow_down(40'000); }, [&] { database.slow_down(1000); });

  for (const std::uint8_t priority : {std::uint8_t{3}, std::uint8_t{4}, std::uint8_t{5}}) {
    stage.world.often(100, stage.last(), [&, priority] {
      const std::size_t type = type_of(priority);
      to_web[type]->call(stage.begin(priority), ask(web, type > 0),
                         [&, began = stage.world.now()](const PipelineCall& call) { stage.end(began, call); });
    });
  }
  return stage.play();
}

// 16 workers do 800 calls of 20 ms a second, and are asked for 400. A batch asks for 2000 more. With 1000 calls in its
// hands, waiting ones too, the node's memory is full and it dies, to be back after 5 s; from 600 on collecting garbage
// makes it slow.
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
    config.timeout = guarded_timeout();
  }
  DisasterCaller& intake = stage.caller(config);
  stage.watch_timeout(intake);
  bool down = false;
  stage.world.every(50ms, stage.last(), [&] {
    const auto waiting = static_cast<std::size_t>(intake.core().snapshot(stage.world.now()).waiting);
    const std::size_t held = node.held() + waiting;
    if (guarded) {
      PressureSignals signals;
      signals.memory_permille = static_cast<std::int64_t>(held * 1000 / full);
      signals.queue_permille = static_cast<std::int64_t>(waiting * 1000 / intake.core().config().shedder->queue_max);
      intake.core().update_pressure(signals, stage.world.now());
    }
    if (down || held < full) return;
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
        // A copy that may be old is an answer to a read; to a write there is none.
        const bool copied = !here && !writes;
        std::vector<Way> ways;
        ways.push_back(here ? Way{to_near, ask(*near)} : Way{to_far, ask_over(cut, *far)});
        if (guarded && copied) ways.push_back(Way{to_near, ask(*near)});
        if (!guarded && copied) ways.front().operation = ask_in_turn({ways.front().operation, ask(*near)});
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
