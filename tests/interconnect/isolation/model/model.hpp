// A cluster of isolation cores under random hardship, with a checker that looks after every event.
//
// No node, no session, no detector but a fixed silence of four heartbeats: only what the promise rests on. Clocks run
// at the extremes of 1 +- drift; pulses are lost, late by up to six seconds, doubled and reordered, and go through
// their encoding; links are cut in one direction or both, nodes are parted, flapped, crashed with and without their
// memory, restarted one after the other and paused. A run is a function of its settings and seed.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/interconnect/isolation/isolation.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

namespace hawser::model {

struct Hardship {
  std::uint32_t faults_min = 6;
  std::uint32_t faults_max = 12;
  Duration during{30'000'000};           // faults begin and end within it
  std::uint32_t loss_ppm_max = 150'000;  // each run draws its own below that
  std::uint32_t late_ppm_max = 40'000;
  std::uint32_t double_ppm_max = 50'000;
  Duration late_max{6'000'000};
  bool restarts = true;
  bool pauses = true;
  bool cuts = true;
  std::uint32_t wipes_ppm = 100'000;  // of crashes: the disk is lost as well
};

struct ModelConfig {
  CoterieConfig coterie;
  IsolationSettings settings;
  bool durable = false;
  Hardship hardship;
  Duration patience{60'000'000};  // after the last fault, until everybody must have served in one full view
  std::uint64_t seed = 1;
};

struct ModelResult {
  std::string violation;  // the first one; empty: none
  bool stuck = false;
  Duration recovered_after{0};  // from the last fault to one full view
  std::uint32_t faults = 0;
  std::uint32_t stance_changes = 0;
  std::uint32_t views_entered = 0;
  std::uint32_t rejoins = 0;
  std::uint64_t events = 0;
  std::uint64_t decided = 0;  // changes that were decided again from their evidence
  std::string undecided;      // the first that came out otherwise; empty: none
};

class Model {
 public:
  explicit Model(const ModelConfig& config);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  // All of it: a start, faults, patience.
  ModelResult run();

  // Or by hand. Times are true times from the start.
  void run_until(Duration at);  // stops at the first violation
  Duration now() const noexcept { return now_; }
  void cut(Place from, Place to, bool yes) { cut_[from][to] = yes; }
  void cut_both(Place a, Place b, bool yes) {
    cut(a, b, yes);
    cut(b, a, yes);
  }
  void crash(Place place, bool wipe);
  void restart(Place place);
  void leave(Place place);
  void pause(Place place, Duration until) { nodes_[place].paused_until = until; }
  bool alive(Place place) const noexcept { return nodes_[place].isolation != nullptr; }
  bool serving(Place place) const;
  bool all_serve_in_one() const;  // the living, in a view of exactly the living
  const Isolation& isolation(Place place) const { return *nodes_[place].isolation; }
  const ModelResult& result() const noexcept { return result_; }
  std::size_t size() const noexcept { return nodes_.size(); }
  bool reaches(Place a, Place b) const noexcept { return !cut_[a][b] && !cut_[b][a]; }

 private:
  // Something that lives on in the program of the one who was told.
  struct Told {
    Epoch epoch;
    Place teller;
    std::uint64_t life;
  };
  struct Life {
    std::uint64_t incarnation = 0;
    Epoch joined;  // where it was told to have rejoined last
    Epoch granted;
    std::map<std::uint64_t, Instant> asked;        // by sequence: sent, on its clock
    std::vector<Instant> answered;                 // by voter: the youngest of its pulses that was supported
    std::vector<std::optional<Instant>> heard;     // by peer: its last answer
    std::vector<std::uint64_t> heard_incarnation;  // by peer
    std::vector<bool> linked;                      // by peer
  };
  struct Node {
    std::unique_ptr<ServingGate> gate;
    std::unique_ptr<Isolation> isolation;
    Life life;
    std::int64_t rate_ppm = 1'000'000;  // of its clock, per true time
    std::int64_t offset_us = 0;
    Duration paused_until{0};
    std::optional<std::vector<std::byte>> disk;
    std::optional<std::vector<std::byte>> writing;
    std::vector<Told> removals;  // who was told that it is removed, in which epochs above the one it joined
    Duration wake_at = Duration::max();
  };
  enum class What : std::uint8_t { pulse, wake, written, fault };
  struct Event {
    Duration at;
    std::uint64_t order;
    What what;
    Place from;
    Place to;
    std::uint64_t life;  // of whom it concerns, where that matters
    std::shared_ptr<const std::vector<std::byte>> bytes;
    std::size_t fault;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const { return a.at != b.at ? a.at > b.at : a.order > b.order; }
  };
  enum class FaultKind : std::uint8_t { cut, cut_one_way, part, lone, flap, crash, storm, rolling, pause, leave };
  struct Fault {
    FaultKind kind;
    bool begins;
    Place a;
    Place b;
    MemberSet side;
    bool wipe;
    Duration until;
  };

  Instant local(const Node& node, Duration at) const;
  Duration true_time(const Node& node, Instant at) const;
  void push(Event event);
  void handle(const Event& event);
  void deliver(const Event& event);
  void wake(Place place);
  void carry_out(Place place);
  void decide_again(Place place, const StanceChange& change);
  void decide_again(Place place, const ViewChange& change);
  void tell(Place place, const ViewChange& change);
  void forget(std::vector<Told>& told, const Epoch& entered) const;
  void transmit(Place from, Place to, std::shared_ptr<const std::vector<std::byte>> bytes);
  void plan_faults();
  void plan(FaultKind kind, Duration from, Duration until);
  void fault(const Fault& fault);
  void check();
  void check_grant(Place place);
  void check_serving(Place place, const Permission& permission);
  void violate(const std::string& what);
  std::string name(Place place) const;

  ModelConfig config_;
  Coterie coterie_;
  Random random_;
  Duration now_{0};
  std::uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, Later> queue_;
  std::vector<Node> nodes_;
  std::vector<std::vector<char>> cut_;
  std::vector<Fault> faults_;
  Duration last_fault_{0};
  std::uint32_t loss_ppm_ = 0;
  std::uint32_t late_ppm_ = 0;
  std::uint32_t double_ppm_ = 0;
  std::map<Epoch, std::vector<ViewMember>> views_;
  std::vector<Told> settled_;
  ModelResult result_;
};

}  // namespace hawser::model
