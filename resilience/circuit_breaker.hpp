// Stops calling what does not answer, and finds out gently when it answers again.
//
//   closed --failures, slowness, trip--> open --open time or evidence--> half_open --successes--> ramping --> closed
//                                          ^-----------one failed or slow probe------'
//
// Invariants: results carry the generation in which their call began, and stale ones are ignored; a permit is a lease,
// so a probe that is never returned cannot wedge it; nothing but the rules below changes the state; equal inputs and
// seeds give equal answers. Learned from Hystrix, resilience4j, Polly, gobreaker and Envoy, and from their issue lists.
// Pure, never calls back; not thread safe. Every non-const method that takes `now` first does what time alone made due.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/base/reason.hpp>
#include <hawser/base/ring.hpp>
#include <hawser/base/time.hpp>
#include <hawser/resilience/breaker_config.hpp>
#include <hawser/resilience/failure_window.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {

// The right to make one call, to be given back by record(). Copying it does not make two of it.
struct Permit {
  std::uint64_t generation = 0;  // 0: given while nothing is counted
  std::uint64_t id = 0;          // 0: not tracked
  bool probe = false;

  friend bool operator==(const Permit&, const Permit&) = default;
};

struct BreakerTransition {
  Instant at{};
  BreakerState from = BreakerState::closed;
  BreakerState to = BreakerState::closed;
  std::string_view cause = "none";
};

// closed: all pass. open: nothing passes, retry_at() says until when. half_open: a few leased probes pass; without
// traffic it waits. ramping: 10, 25, 50 % of the calls pass, a quarter of ramp_time each, then 100 % for the last.
//
// The rules and their boundaries: it opens at >= `consecutive_failures` in a row; at >= `failure_count`
// failures in the window; at a failure share >=
// `failure_percent` of >= `calls_min` calls in the window; at a slow share >= `slow_percent` of as many. A call is slow
// when it took more than `slow_limit`, failed or not, and already while it still hangs: a hung peer is noticed after
// the slow limit, not after the first timeout. Neutral ends (cancelled, expired or refused before leaving) count
// nowhere. Fast failures weigh as much as slow ones.
class CircuitBreaker {
 public:
  using State = BreakerState;
  using Mode = BreakerMode;

  // REQUIRES: config.problems().empty().
  explicit CircuitBreaker(const BreakerConfig& config, std::uint64_t seed = 0, Instant now = Instant{});

  // Nothing when the call must fail fast: reason() and retry_at() are the answer for its caller.
  std::optional<Permit> try_acquire(Instant now);
  // The same for traffic that is recorded in batches: a permit outside half_open is not tracked, so it need not be
  // given back; hand its generation to record_batch. In half_open it is a leased probe like any other, ended by record.
  std::optional<Permit> try_acquire_one_way(Instant now);
  // Would try_acquire give a permit? Takes nothing; the ramp's share is part of the answer. Calls that begin to hang
  // are noticed by the methods that change things, not by this one.
  bool admits(Instant now) const;
  // Ends a call. `took` is from its admission to its end. A permit ended twice, expired or of an older generation is
  // ignored, but that a probe's late verdict still counts within its generation.
  void record(const Permit& permit, Instant now, Verdict verdict, Duration took);
  // One acknowledgement round of one-way traffic: the shares count every message, the consecutive rule counts a round
  // with only failures as one failure. `slow` may name messages that still hang; their ends belong to later rounds, not
  // slow again. `generation` is that in which the messages left, older ones are ignored; without one the round counts
  // while closed only, because else it may speak of messages that left before the breaker opened.
  // In half_open a clean round counts as one success, any failure or slow message as a failed probe.
  void record_batch(Instant now, std::uint32_t successes, std::uint32_t failures, std::uint32_t slow = 0,
                    std::optional<std::uint64_t> generation = std::nullopt);

  // Opened from outside: by the detector (heals_by_evidence: no timer, evidence() half-opens it) or by another rule
  // (the usual open time). On an open breaker the newer reason wins, and evidence-bound stays evidence-bound. `cause`
  // is a literal. Ignored when disabled or forced open.
  void trip(Instant now, std::string_view cause, std::string detail, bool heals_by_evidence);
  // The peer answered a heartbeat. Counts only while open and bound to evidence.
  void evidence(Instant now);
  // Evidence that was counted is void: the peer fell silent again.
  void evidence_lost() noexcept { evidence_ = 0; }

  // What the state is or would be at `now`; changes nothing.
  State state(Instant now) const noexcept;
  // Does what is due by time alone; true when the state changed. Never needed for correctness, but for being told.
  bool tick(Instant now);
  // When tick has something to do by itself: end of the open time, a ramp step, a lease, a hanging call; or `never`.
  Instant next_wake() const noexcept;
  // The earliest instant at which a call may be admitted again; `never` when that waits for evidence or a person. In
  // states that admit calls it lies in the past.
  Instant retry_at() const noexcept;
  // next_at equals retry_at() while open, and is the end of the ramp while ramping.
  const Reason& reason() const noexcept { return reason_; }

  void set_mode(Mode mode, Instant now);
  // An operator knows that the trouble is over: closed at once, with everything forgotten that it learned. True when it
  // was open, half open or ramping; forced modes stay.
  bool reset(Instant now);
  Mode mode() const noexcept { return config_.mode; }
  const BreakerConfig& config() const noexcept { return config_; }
  // The share of calls that pass now, 0 .. 100: resumed messages leave at this rate too. Half-open counts as 0.
  std::uint32_t admitted_percent(Instant now) const noexcept;
  // Grows at each opening, half-opening and start of a ramp; results of older ones are void. Never 0.
  std::uint64_t generation() const noexcept { return generation_; }

  std::uint64_t transitions() const noexcept { return transitions_; }
  const BreakerTransition& last_transition() const noexcept { return last_transition_; }
  std::uint64_t opened() const noexcept { return opened_; }
  std::uint64_t refusals() const noexcept { return refusals_; }  // in observe_only: those that would have been
  std::uint64_t hanging() const noexcept { return hanging_; }    // calls in flight past the slow limit
  std::size_t probes(Instant now) const noexcept;                // leased at `now`

 private:
  struct Flight {
    Instant started;
    bool ended = false;
  };
  struct Probe {
    std::uint64_t id;
    Instant lease_ends;
  };

  bool advance(Instant now);
  bool advance_flights(Instant now);
  void pop_ended_flights() noexcept;
  std::optional<Permit> acquire(Instant now, bool tracked);
  std::optional<Permit> refuse();
  Permit begin_flight(Instant now);
  void end_flight(const Permit& permit, Instant now, Verdict verdict, Duration took);
  void end_probe(const Permit& permit, Instant now, Verdict verdict, Duration took);
  void count(Instant now, const WindowCounts& some);
  std::size_t ramp_step(Instant now) const noexcept;
  Duration ramp_quarter() const noexcept;
  Instant first_lease_end() const noexcept;
  Duration next_open_time();
  void judge(Instant now);
  void judge_probe(Instant now, bool good, bool slow);
  void enter(State to, Instant now, std::string_view cause, std::string detail = {});
  void open(Instant now, std::string_view cause, std::string detail);
  void new_generation() noexcept;
  void forget_results() noexcept;
  bool slow(Duration took) const noexcept { return took > config_.slow_limit; }

  BreakerConfig config_;
  Random random_;
  State state_ = State::closed;
  Reason reason_;
  std::uint64_t generation_ = 1;

  std::uint32_t consecutive_ = 0;
  TimeWindow time_window_;
  Instant advanced_to_;  // the latest time seen
  std::optional<CountWindow> count_window_;
  // Calls in flight in the order of their start; the first `hung_` entries are past the slow limit (some have ended).
  Ring<Flight> flights_;
  std::uint64_t first_flight_ = 1;  // the id of flights_.front()
  std::size_t hung_ = 0;
  std::uint64_t hanging_ = 0;  // of the hung, those that have not ended

  Instant open_until_ = never;
  std::uint32_t opened_in_row_ = 0;
  bool by_evidence_ = false;
  std::uint32_t evidence_ = 0;
  std::vector<Probe> probes_;  // oldest first; those whose lease has ended wait here for a late verdict
  std::uint32_t probe_successes_ = 0;
  std::uint64_t next_probe_ = 1;
  std::uint32_t ramp_credit_ = 0;

  std::uint64_t transitions_ = 0;
  BreakerTransition last_transition_;
  std::uint64_t opened_ = 0;
  std::uint64_t refusals_ = 0;
};

}  // namespace hawser
