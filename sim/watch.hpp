// Watch: the invariants, checked on every run of a world, whoever wrote it.
//
//   World world{options};               // with trace_rows, so that a violation can tell its story
//   sim::Watch watch{world};
//   world.host("n1", config, app);
//   world.run_for(10s);                 // throws InvariantViolated between two events
//   watch.expect_rest(5s);              // or expect_recovery(15s)
//
// After every event it takes what the books found (see probe.hpp), follows the processes and asks who serves, all of
// I12; every `stride` events it looks at the snapshot of one node, in turn; expect_rest() looks at all. What needs the
// books is checked only for messages that a Probe has sent. A watched run has the hash of an unwatched one. It must
// live as long as its world runs.
#pragma once

#include <hawser/sim/books.hpp>
#include <hawser/sim/dial_watch.hpp>
#include <hawser/sim/flow_watch.hpp>
#include <hawser/sim/node_watch.hpp>
#include <hawser/sim/pair_watch.hpp>
#include <hawser/sim/self_watch.hpp>
#include <hawser/sim/stance_watch.hpp>
#include <hawser/sim/world.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hawser::sim {

struct WatchOptions {
  std::uint64_t stride = 8;         // events between two looks at a snapshot; 1 ..
  std::size_t story_rows = 40;      // of the trace, in a violation, and as many of hardships
  bool throws = true;               // else violations are only kept, at most 100
  Duration jitter{200'000};         // of round trips that detectors may have learned: a lost segment costs 200 ms
  Duration calm_after{15'000'000};  // a suspicion so long after the last hardship is false
  // Whether recovery means closed breakers. Without calls a breaker stays half-open for ever, which admits them.
  bool breakers_closed = true;
  std::uint64_t connections_per_pair = 3;  // lanes, each way
  Duration dial_window{1'000'000};         // of dials()
};

class Watch {
 public:
  explicit Watch(World& world, const WatchOptions& options = {});
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  Books& books() noexcept { return books_; }
  const Books& books() const noexcept { return books_; }
  World& world() noexcept { return world_; }
  const std::vector<Violation>& violations() const noexcept { return violations_; }
  std::uint64_t looks() const noexcept { return looks_; }

  // I13. Runs the world until every node that is alive takes every other one for up, with every breaker closed, and,
  // when all are alive, those with a strategy serve in one view. It is a violation if that takes longer than `limit`.
  // Channel breakers need traffic to close.
  void expect_recovery(Duration limit);
  // I1 at rest, I13, I16. Runs the world until nothing is held; traffic must have ended. Then everything is looked at.
  void expect_rest(Duration limit);
  // I11. The most dials of the whole fleet in one window since begin().
  DialWatch& dials() noexcept { return dials_; }
  void expect_dials(std::uint64_t most);
  // I12. Who was told what about whom.
  const StanceWatch& stances() const noexcept { return stances_; }
  // Called with every change of stance or view that a node is told, with the evidence: one of the two is null.
  using OnChange = std::function<void(const Node&, const StanceChange*, const ViewChange*)>;
  void on_change(OnChange told) { on_change_ = std::move(told); }
  // What somebody else found out about this world, reported as if the watch had.
  void accuse(Finding finding);
  // Looks at every node now.
  void look_at_all();

 private:
  struct Seen {
    std::uint32_t starts = 0;
    bool alive = false;
    bool paused = false;  // or with a clock that stands
    bool clock_stands = false;
    std::uint32_t clock_jumps = 0;
    bool gated = false;                     // it has a strategy
    bool arbited = false;                   // its quorum is an arbiter
    bool hampered = false;                  // at some time since the last look
    bool serves = false;                    // as of this event
    WorldTime reached_until = world_never;  // (d) of I12
    Duration quiet_after = forever;         // (e) of I12
    Duration detection{0};                  // at most, as of the last look: of its peers, by what it learnt of them
    RunId run;
    std::unique_ptr<NodeWatch> watch;
    std::unique_ptr<FlowWatch> flow;
  };

  // What is looked at after every event, without looking for it.
  struct Followed {
    const std::string* name;
    const Host* host;
    Seen* seen;
  };

  void after_event();
  void follow(const std::string& name, Seen& seen);
  void follow_pairs();
  bool follow_processes();
  void look(const std::string& name, Seen& seen, bool at_rest);
  void follow_stances(const std::string& name, Node& node);
  void look_at_stances();
  void plan_stances();
  void look_at_quorum(const std::string& name, bool arbited);
  Duration quiet_for() const;
  void look_at_agreement();
  bool hampered_or_lossy() const;
  Duration silent_for(const std::string& observer, const NodeId& peer) const;
  void look_at_peers(const std::string& name, const NodeSnapshot& shown);
  bool calm() const;
  // What is wrong, and where; an empty text when nothing is.
  bool recovered(const BreakerSnapshot& breaker) const;
  Finding not_recovered();
  Finding not_serving();
  Finding not_at_rest();
  void expect(Finding (Watch::*wrong)(), Duration limit, const char* what);
  void report();
  Violation violation(Finding finding);

  World& world_;
  WatchOptions options_;
  Findings findings_;
  Books books_;
  PairWatch pairs_;
  SelfWatch self_;
  StanceWatch stances_;
  DialWatch dials_;
  std::uint64_t dials_seen_ = 0;
  std::vector<std::string> names_;
  std::map<std::string, Seen> seen_;
  std::vector<Followed> followed_;
  // Two with a strategy that cannot reach each other, and since when: as the last follow_pairs() has seen it.
  struct Parted {
    const Seen* observer;
    const Seen* other;
    WorldTime since;
  };
  std::vector<Parted> parted_;
  Duration detection_{0};  // the slowest of anybody who runs
  std::uint64_t hardships_ = ~std::uint64_t{0};
  std::uint64_t looks_ = 0;
  std::size_t next_ = 0;
  OnChange on_change_;
  bool tampered_ = false;  // somebody changes frames or has another's name, or did
  std::vector<Violation> violations_;
};

}  // namespace hawser::sim
