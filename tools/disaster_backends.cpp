// Disasters of what a node calls: the pool, the slow one, the node, the failover.
#include "disaster_stage.hpp"

#include <array>

namespace hawser::tools {

using namespace std::chrono_literals;
using Way = DisasterRoute::Way;

namespace {

// An answer of another than the first asked is good here as well: a naive node does not tell them apart.
void call_naively(DisasterStage& stage, DisasterCaller& pool, DisasterCaller::Operation operation) {
  pool.call(stage.begin(), std::move(operation),
            [&stage, began = stage.world.now()](const PipelineCall& call) { stage.end(began, call); });
}

}  // namespace

// 200 reads and 50 writes a second to a database, 150 calls to a catalogue that is fine. 32 connections.
DisasterSide play_pool(bool guarded, std::uint64_t seed) {
  DisasterStage stage{guarded, seed};
  DisasterBackend& primary = stage.backend({16, 5ms, {}, {}, {}});
  DisasterBackend& replica = stage.backend({16, 5ms, {}, {}, {}});
  DisasterBackend& catalogue = stage.backend({16, 5ms, {}, {}, {}});
  stage.fault([&] { primary.set_silent(true); }, [&] { primary.set_silent(false); });

  DisasterRoute route{stage.world};
  const Instant last = stage.last();
  if (guarded) {
    DisasterCaller& to_primary = stage.caller(guarded_pipeline(16));
    DisasterCaller& to_replica = stage.caller(guarded_pipeline(8));
    DisasterCaller& to_catalogue = stage.caller(guarded_pipeline(8));
    stage.watch_timeout(to_primary);
    stage.world.often(200, last, [&] {
      const CallOptions options = stage.begin();
      route.call(options, {Way{&to_primary, ask(primary)}, Way{&to_replica, ask(replica)}},
                 [&, began = stage.world.now()](const PipelineCall& call, std::size_t way, PipelineCause first) {
                   stage.end_of_route(began, call, way, first);
                 });
    });
    const auto direct = [&](DisasterCaller& caller, DisasterBackend& backend) {
      return [&] {
        caller.call(stage.begin(), ask(backend),
                    [&, began = stage.world.now()](const PipelineCall& call) { stage.end(began, call); });
      };
    };
    stage.world.often(50, last, direct(to_primary, primary));
    stage.world.often(150, last, direct(to_catalogue, catalogue));
    return stage.play();
  }
  DisasterCaller& pool = stage.caller(naive_pipeline(30s, 3), 32);
  const auto through = [&](const DisasterCaller::Operation& operation) {
    return [&, operation] { call_naively(stage, pool, operation); };
  };
  stage.world.often(200, last, through(ask_in_turn({ask(primary), ask(replica)})));
  stage.world.often(50, last, through(ask(primary)));
  stage.world.often(150, last, through(ask(catalogue)));
  return stage.play();
}

// 400 calls a second over four backends in turn; another one may be asked when the first will not do.
DisasterSide play_slow(bool guarded, std::uint64_t seed) {
  DisasterStage stage{guarded, seed};
  std::array<DisasterBackend*, 4> backends{};
  for (auto& backend : backends) backend = &stage.backend({16, 10ms, {}, {}, {}});
  stage.fault([&] { backends[0]->slow_down(50'000); }, [&] { backends[0]->slow_down(1000); });

  DisasterRoute route{stage.world};
  std::size_t turn = 0;
  if (guarded) {
    std::array<DisasterCaller*, 4> callers{};
    for (auto& caller : callers) caller = &stage.caller(guarded_pipeline(16));
    stage.watch_timeout(*callers[0]);
    stage.world.often(400, stage.last(), [&] {
      const std::size_t first = turn++ % 4;
      const std::size_t second = (first + 1) % 4;
      route.call(stage.begin(),
                 {Way{callers[first], ask(*backends[first])}, Way{callers[second], ask(*backends[second])}},
                 [&, began = stage.world.now()](const PipelineCall& call, std::size_t, PipelineCause) {
                   stage.end(began, call);
                 });
    });
    return stage.play();
  }
  DisasterCaller& pool = stage.caller(naive_pipeline(10s, 3), 64);
  stage.world.often(400, stage.last(), [&] {
    const std::size_t first = turn++ % 4;
    call_naively(stage, pool, ask_in_turn({ask(*backends[first]), ask(*backends[(first + 1) % 4])}));
  });
  return stage.play();
}

// 400 calls a second by key to five nodes; each also has the keys of its neighbour, which callers know.
DisasterSide play_node(bool guarded, std::uint64_t seed) {
  DisasterStage stage{guarded, seed};
  std::array<DisasterBackend*, 5> nodes{};
  for (auto& node : nodes) node = &stage.backend({8, 10ms, {}, {}, {}});
  bool cut = false;
  const bool whole = false;
  stage.fault([&] { cut = true; }, [&] { cut = false; });

  DisasterRoute route{stage.world};
  const auto operation = [&](std::size_t home) { return ask_over(home == 2 ? cut : whole, *nodes[home]); };
  if (guarded) {
    std::array<DisasterCaller*, 5> callers{};
    for (auto& caller : callers) caller = &stage.caller(guarded_pipeline(12));
    stage.watch_timeout(*callers[2]);
    stage.world.often(400, stage.last(), [&] {
      const std::size_t home = stage.world.random().below(5);
      const std::size_t next = (home + 1) % 5;
      route.call(stage.begin(), {Way{callers[home], operation(home)}, Way{callers[next], operation(next)}},
                 [&, began = stage.world.now()](const PipelineCall& call, std::size_t way, PipelineCause first) {
                   stage.end_of_route(began, call, way, first);
                 });
    });
    return stage.play();
  }
  DisasterCaller& pool = stage.caller(naive_pipeline(1s, 3), 60);
  stage.world.often(400, stage.last(), [&] {
    const std::size_t home = stage.world.random().below(5);
    call_naively(stage, pool, ask_in_turn({operation(home), operation((home + 1) % 5)}));
  });
  return stage.play();
}

// 300 reads and 60 writes a second. The replicas have half of what the primary has each.
DisasterSide play_failover(bool guarded, std::uint64_t seed) {
  DisasterStage stage{guarded, seed};
  // Eleven workers do 360 calls of 20 ms a second with room to spare, six do not.
  std::optional<LoadShedderConfig> shedder;
  if (guarded) shedder.emplace();
  // Single calls take between half and one and a half of the mean: ten of them say too little of how fast it can be.
  if (guarded) shedder->limit.samples_min = 30;
  const std::array<DisasterBackend*, 3> nodes{&stage.backend({11, 20ms, shedder, {}, {}}),
                                              &stage.backend({6, 20ms, shedder, {}, {}}),
                                              &stage.backend({6, 20ms, shedder, {}, {}})};
  std::size_t writable = 0;
  stage.fault([&] { nodes[0]->set_refusing(true); },
              [&] {
                nodes[0]->set_refusing(false);
                writable = 0;
              });
  stage.world.at(stage.begins() + 3s, [&] { writable = 1; });

  DisasterRoute route{stage.world};
  if (guarded) {
    std::array<DisasterCaller*, 3> callers{};
    PipelineConfig config = guarded_pipeline(16);
    // Where reads crowd, writes have places of their own.
    config.bulkhead->groups = {BulkheadGroup{"reads", 0, 12, 0, 12, 50ms}, BulkheadGroup{"writes", 4, 0, 0, 16, 50ms}};
    config.retry.emplace();
    config.retry->attempts_max = 2;
    for (auto& caller : callers) caller = &stage.caller(config);
    stage.watch_timeout(*callers[0]);
    stage.world.often(300, stage.last(), [&] {
      route.call(stage.begin(),
                 {Way{callers[0], ask(*nodes[0])}, Way{callers[1], ask(*nodes[1])}, Way{callers[2], ask(*nodes[2])}},
                 [&, began = stage.world.now()](const PipelineCall& call, std::size_t way, PipelineCause first) {
                   stage.end_of_route(began, call, way, first);
                 });
    });
    stage.world.often(60, stage.last(), [&] {
      CallOptions options = stage.begin(6);
      options.group = 1;
      callers[writable]->call(options, ask(*nodes[writable]),
                              [&, began = stage.world.now()](const PipelineCall& call) { stage.end(began, call); });
    });
    return stage.play();
  }
  DisasterCaller& pool = stage.caller(naive_pipeline(5s, 4), 64);
  stage.world.often(300, stage.last(), [&] {
    call_naively(stage, pool, ask_in_turn({ask(*nodes[0]), ask(*nodes[1]), ask(*nodes[2])}));
  });
  stage.world.often(60, stage.last(), [&] {
    call_naively(stage, pool, [&](const PipelineCall& attempt, DisasterDone done) {
      ask (*nodes[writable])(attempt, std::move(done));
    });
  });
  return stage.play();
}

}  // namespace hawser::tools
