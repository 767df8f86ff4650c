// The arbiter's vote, as one member sees it: pulses to the arbiter's place become calls, answers become its pulses.
//
// The rules are those of any voter (voter.hpp), kept by the arbiter's own means. X's promise is its serving key, kept
// alive with each heartbeat while X is in the granted view; a view without X is granted by a swap that demands that the
// key is gone, by time or because X resigned and released it. The pledge is a part of the record that everybody reads.
//
// Invariants: support counts only on an answer that was read after the renewal which kept the key, that shows a grant
// with this member, and after whose renewal no release has been sent. Pure; times are on this member's own clock.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/arbiter.hpp>
#include <hawser/interconnect/isolation/arbiter_record.hpp>
#include <hawser/interconnect/isolation/coterie.hpp>
#include <hawser/interconnect/isolation/pulse.hpp>
#include <hawser/interconnect/isolation/settings.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hawser {

// The arbiter has one life.
inline constexpr Incarnation arbiter_incarnation{1};

class ArbiterVoter {
 public:
  // `cluster`: the digest of the coterie. REQUIRES: the coterie has an arbiter.
  ArbiterVoter(const Coterie& coterie, const IsolationSettings& settings, Place self, Incarnation incarnation,
               std::uint64_t cluster);

  // What this member says to the arbiter's place, with every heartbeat.
  void asked(const Pulse& pulse, Instant now);
  // The renewal of that number was answered, or a swap was. What the arbiter says to this member, if anything.
  std::optional<Pulse> renewed(std::uint64_t number, const ArbiterAnswer& answer, Instant now);
  std::optional<Pulse> swapped(const ArbiterAnswer& answer, Instant now);
  // What to call now, each at most once after every call above.
  std::optional<ArbiterRenewal> take_renewal() { return std::exchange(renewal_, std::nullopt); }
  std::optional<ArbiterSwap> take_swap() { return std::exchange(swap_, std::nullopt); }

  // It has answered of late.
  bool linked(Instant now) const noexcept { return now < linked_until_; }
  // The last sentence about what is wrong with its answers; empty: nothing.
  const std::string& problem() const noexcept { return problem_; }
  const ArbiterRecord& record() const noexcept { return record_; }

 private:
  struct Asked {
    std::uint64_t number;
    std::uint64_t sequence;  // of the heartbeat
    Instant sent;
    bool keeps;  // the serving key
  };

  bool take_state(const ArbiterAnswer& answer, Instant now);
  Pulse make_pulse(Instant now) const;
  void try_swap(Instant now);
  bool pledge_lives(Instant now) const;
  std::vector<std::string> keys_against(const View& view) const;
  bool lives(const std::string& key) const;
  std::string here_key(const MemberRow& row) const;
  std::optional<MemberRow> row_of(const std::string& key) const;
  std::string key(std::string_view kind, Place place, Incarnation incarnation) const;

  const Coterie coterie_;
  const IsolationSettings settings_;
  const Place self_;
  const Incarnation incarnation_;
  const std::uint64_t cluster_;

  std::deque<Asked> asked_;  // not answered, younger than a lease
  std::uint64_t number_ = 0;
  std::uint64_t released_ = 0;  // the number of the last release
  bool holds_key_ = false;
  std::string here_;  // what this member is known by there: its row
  Epoch below_;
  View wanted_;  // what this member proposes or has granted, beyond what the arbiter has

  bool known_ = false;
  std::uint64_t revision_ = 0;
  std::uint64_t version_ = 0;
  ArbiterRecord record_;
  std::vector<std::string> keys_;         // sorted
  Instant pledge_seen_ = Instant::min();  // when the pledge was first seen, or seen repeated
  std::optional<Epoch> refused_;
  Instant linked_until_ = Instant::min();
  Instant swap_ends_ = Instant::min();  // one at a time: it is given up then
  std::optional<ArbiterRenewal> renewal_;
  std::optional<ArbiterSwap> swap_;
  std::string problem_;
};

}  // namespace hawser
