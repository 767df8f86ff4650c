// The simulator's own count: what user code submitted, what its handlers saw, and what it was told in the end.
//
// Every message has a number that grows with its submission, in the whole world, and travels inside it; so each
// delivery is held against its own submission. Checks, at the moment of each entry: one outcome per message, and a true
// one (I1); at most once (I2); no handler starts late, and no outcome comes late (I3); order per channel (I4); fencing
// (I14); no callback of a run that has ended (I16). Pure: reports to Findings, reads nothing. Grows with the number of
// messages.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/interconnect/ledger.hpp>
#include <hawser/interconnect/outcome.hpp>
#include <hawser/sim/violation.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hawser::sim {

// One run of a node, and what it calls itself.
struct RunId {
  std::string node;
  Incarnation incarnation = Incarnation::unknown;

  friend bool operator==(const RunId&, const RunId&) = default;
  friend auto operator<=>(const RunId&, const RunId&) = default;
};

struct ChannelKey {
  RunId from;
  std::string to;
  TypeId type = TypeId::none;

  friend bool operator==(const ChannelKey&, const ChannelKey&) = default;
  friend auto operator<=>(const ChannelKey&, const ChannelKey&) = default;
};

struct BookRow {
  LedgerCount submitted;
  std::array<LedgerCount, outcome_kind_count> told{};
  std::uint64_t handled = 0;
};

// How much later than ideal things may be in this world.
struct Lateness {
  Duration quantum{1'000};           // q: of a timer
  Duration verdict_window{500'000};  // a message that has left waits so long beyond its TTL
  Duration base_delay{400};          // longest one-way delay that a first round trip may have had
  double drift = 0.05;               // rate error of a clock that the nodes reckon with
  // How long a receiver (the first) has had no round trip with a sender; the drift of that time is not known to it.
  std::function<Duration(const std::string&, const std::string&, WorldTime)> unconfirmed;
  Duration trusted{1'200'000};  // so much of that counts; the session clock's own limit
  // How long all answers of a sender (the second) to a receiver, or the other way, have had to wait behind others.
  // Nobody can tell that from the drift of that time, until the wait is longer than the drift can be.
  std::function<Duration(const std::string&, const std::string&)> queued{};
  Duration answer_max{0};  // the longest round trip that a node takes for an answer
};

class Books {
 public:
  explicit Books(Findings& findings) : findings_(findings) {}
  Books(const Books&) = delete;
  Books& operator=(const Books&) = delete;

  Lateness& lateness() noexcept { return lateness_; }

  // The number for the next message; to be handed to submitted().
  std::uint64_t next_number() noexcept { return ++numbers_; }
  void submitted(std::uint64_t number, const ChannelKey& channel, std::uint64_t bytes, Duration ttl, WorldTime at);
  // A handler starts. `sender` is what its Delivery says.
  void handled(std::uint64_t number, const RunId& by, const RunId& sender, WorldTime at);
  void ended(std::uint64_t number, const Outcome& outcome, WorldTime at);
  // After that nothing of this run may be heard.
  void run_ended(const RunId& run) { over_.insert(run); }
  // The host did not run up to now: what it has to tell may be that late.
  void ran_again(const std::string& node, WorldTime at) { ran_again_[node] = at; }
  // From now on its timers fire up to so much late; zero ends it.
  void timers_late(const std::string& node, Duration most, WorldTime at);
  // While the clock of a node stands, nobody can tell the age of what it sends or gets.
  void clock_stands(const std::string& node, bool stands, WorldTime at);
  // Nor of what was under way, or is sent before the two have met again, when it jumps.
  void clock_jumped(const std::string& node, WorldTime at);
  // Finds what should have ended long ago. `running` says whether a node is able to tell.
  template <typename Running>
  void look_for_overdue(WorldTime now, Running running);

  const std::map<ChannelKey, BookRow>& rows() const noexcept { return rows_; }
  const BookRow* row(const ChannelKey& key) const;
  std::uint64_t messages() const noexcept { return messages_.size(); }
  std::uint64_t handled_messages() const noexcept { return handled_; }
  // Compares the books with what the node itself says of one channel, as shown in its snapshot.
  void compare(const ChannelKey& key, const LedgerRow& shown, bool at_rest);

 private:
  struct Record {
    ChannelKey channel;
    std::uint64_t bytes = 0;
    Duration ttl{0};
    WorldTime at = world_begin;
    WorldTime look_at = world_begin;  // its place in due_
    bool handled = false;
    bool ended = false;
    OutcomeKind outcome = OutcomeKind::unknown;
  };

  Record* find(std::uint64_t number, const char* who);
  Duration slack(const Record& record, const RunId& by, WorldTime at) const;
  bool misled_since(const std::string& node, WorldTime at) const;
  Duration late_since(const std::string& node, WorldTime at) const;
  WorldTime end_limit(const Record& record) const;
  void overdue(std::uint64_t number, const Record& record, WorldTime now);
  std::string name_of(std::uint64_t number, const Record& record) const;

  Findings& findings_;
  Lateness lateness_;
  std::uint64_t numbers_ = 0;
  std::uint64_t handled_ = 0;
  std::map<std::uint64_t, Record> messages_;
  std::set<std::pair<WorldTime, std::uint64_t>> due_;  // those that have not ended
  std::map<ChannelKey, BookRow> rows_;
  std::map<ChannelKey, std::uint64_t> last_;                           // number handled last
  std::map<std::pair<std::string, std::string>, Incarnation> newest_;  // delivered at, of
  std::set<RunId> over_;
  std::map<std::string, WorldTime> ran_again_;
  std::map<std::string, WorldTime> stood_until_;  // world_never while it stands
  std::map<std::string, WorldTime> jumped_at_;
  struct LateTimers {
    Duration most{0};
    WorldTime until = world_never;
  };
  std::map<std::string, LateTimers> late_timers_;
};

template <typename Running>
void Books::look_for_overdue(WorldTime now, Running running) {
  while (!due_.empty() && due_.begin()->first < now) {
    const std::uint64_t number = due_.begin()->second;
    Record& record = messages_.at(number);
    due_.erase(due_.begin());
    if (over_.contains(record.channel.from)) continue;
    const WorldTime limit = end_limit(record);
    if (limit >= now || !running(record.channel.from.node)) {
      record.look_at = later(limit == world_never ? now : std::max(now, limit), lateness_.verdict_window);
      due_.emplace(record.look_at, number);
    } else {
      overdue(number, record, now);
    }
  }
}

}  // namespace hawser::sim
