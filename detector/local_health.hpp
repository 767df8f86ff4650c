// How late am I? A node that stalled (garbage, VM pause, starved loop, SIGSTOP) must not accuse its peers of silence.
//
// Fed with the lateness of loop timers, and with how many peers fell silent at one instant: in real traces most long
// outages hit every target at once, and the observer was at fault. Answers with a score, as Lifeguard's local health
// multiplier (Dadgar, Phillips and Currey, 2017): it stretches this node's own timers; and with the stalls themselves,
// during which and for a moment after which nobody may be accused. Pure, O(1) but for stalled_for. Not thread safe.
#pragma once

#include <hawser/base/reason.hpp>
#include <hawser/base/ring.hpp>
#include <hawser/base/time.hpp>

#include <cstdint>

namespace hawser {

struct LocalHealthConfig {
  Duration late{50'000};    // a timer later than this is a bad sign: one point
  Duration stall{150'000};  // later than this is a stall: it excuses all peers; at least `late`
  Duration grace{200'000};  // after a stall, the time in which replies that piled up may still arrive: one interval
  Duration recovery{2'000'000};  // without a bad sign for this long, one point is forgiven
  std::uint32_t score_max = 8;
  // Simultaneous silence: at least so many peers, and at least this share of those we watch.
  std::uint32_t silent_peers_min = 3;
  std::uint32_t silent_permille = 500;
  Duration silence_hold{200'000};  // how long that defers convictions (not suspicions): one interval
};

class LocalHealth {
 public:
  LocalHealth(const LocalHealthConfig& config, Instant now);

  // A loop timer due at `expected` ran at `actual`. Returns the length of the stall, zero when it was none: hand it to
  // every PeerJudge::excuse.
  Duration tick(Instant expected, Instant actual);
  // Of `watched` peers that were heard before, `silent` have crossed their suspicion within one interval. Returns true
  // when that makes us doubt ourselves first.
  bool silence(Instant now, std::uint32_t silent, std::uint32_t watched);

  // 0 (healthy) .. score_max.
  std::uint32_t score(Instant now) const noexcept;
  // This node's own timers, times (1 + score): probes slower, patience longer. Saturates.
  Duration stretch(Duration timer, Instant now) const noexcept;
  // False during the grace after a stall: suspect nobody on silence.
  bool may_accuse(Instant now) const noexcept { return now >= excused_until_; }
  // False also while simultaneous silence defers convictions.
  bool may_convict(Instant now) const noexcept { return may_accuse(now) && now >= convict_from_; }
  Instant excused_until() const noexcept { return excused_until_; }
  // When may_convict is true again.
  Instant convictions_from() const noexcept { return excused_until_ < convict_from_ ? convict_from_ : excused_until_; }

  // Was this node asleep at any time in (from, to]? Of the last 64 stalls.
  bool stalled_between(Instant from, Instant to) const noexcept;
  // For how long in total, in (from, to].
  Duration stalled_for(Instant from, Instant to) const noexcept;

  std::uint64_t stalls() const noexcept { return stalls_; }
  Duration lag() const noexcept { return lag_; }          // of the last tick
  Duration lag_max() const noexcept { return lag_max_; }  // since the start
  // healthy, late, stalled, peers_silent: the last sign, since when.
  const Reason& reason() const noexcept { return reason_; }

 private:
  struct Stall {
    Instant from;
    Instant to;
  };

  void bad_sign(Instant now, std::uint32_t points) noexcept;

  LocalHealthConfig config_;
  Ring<Stall> recent_;
  std::uint32_t score_ = 0;  // as of scored_at_
  Instant scored_at_;
  Instant excused_until_;
  Instant convict_from_;
  std::uint64_t stalls_ = 0;
  Duration lag_{0};
  Duration lag_max_{0};
  Reason reason_;
};

}  // namespace hawser
