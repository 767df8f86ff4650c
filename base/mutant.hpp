// Mutants: named ways in which the library is broken on purpose, one at a time, to see that a checker notices.
//
// Only a build with HAWSER_MUTANTS knows a switch, one global that is set before anything runs; `./run mutants` makes
// such a build and hunts each of them (tests/mutants). In every other build a mutant is the constant false: its code
// is gone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hawser {

enum class Mutant : std::uint8_t {
  none,

  // ---- detection, sessions, dialling, breakers
  dedup_off,
  ttl_not_charged,
  ttl_unchecked_before_handler,
  ttl_unchecked_in_queue,
  outcome_forgotten,
  ended_twice,
  refusal_not_counted,
  backoff_without_jitter,
  backoff_never_grows,
  redial_at_once,
  breaker_sticks,
  breaker_open_admits,
  ramp_ignored,
  outage_in_window,
  stall_not_excused,
  phi_never_suspects,
  phi_suspects_all,
  stale_incarnation_accepted,
  stale_session_accepted,
  old_lanes_heard,
  foreign_session_heard,
  old_batch_heard,
  resume_number_forgotten,
  restart_unnoticed,
  hello_unchecked,
  heartbeat_late,
  silent_lane_kept,

  // ---- delivery
  ack_before_handled,
  expired_told_delivered,
  unknown_told_expired,
  credit_not_returned,
  credit_ignored,
  reserve_leaks,
  node_reserve_leaks,
  channel_unbounded,
  inbound_unbounded,
  window_unbounded,
  overflow_ignored,
  order_by_arrival,
  resend_lost,
  chunk_unchecked,
  chunk_resumed_midway,
  deadline_not_passed_on,
  cancellation_lost,
  drained_too_early,
  goodbye_without_taken,
  too_large_admitted,
  reply_room_leaks,
  reply_turned_away,
  wall_clock_for_ttl,
  drift_ignored,
  priority_inverted,
  lane_starves,
  exception_off_by_one,
  group_share_ignored,

  // ---- resilience
  retry_ignores_budget,
  deadline_overrun,
  half_open_unlimited,
  breaker_jitter_dropped,
  karn_off,
  shedder_first_in_first_out,
  floor_borrowed,
  fallback_stale,
  hysteresis_off,
  window_edge,
  probe_lease_forever,
  late_counted_good,
  retry_unsafe,
  intake_unguarded,
  stale_generation_counted,
  retry_refund_lost,
  push_back_ignored,
  limit_below_minimum,
  limit_creeps,
  burst_unbounded,
  hanging_uncounted,
  open_time_fixed,
  bulkhead_overtaken,
  place_kept_in_backoff,
  expired_work_started,
  timeout_jump_ignored,
  concurrency_by_queue,

  // ---- the arbiter
  arbiter_swap_ignores_keys,
  arbiter_support_after_release,
  arbiter_numbers_stand,
  arbiter_support_unkept,
  arbiter_key_too_short,
  arbiter_pledge_unread,

  count
};
inline constexpr std::size_t mutant_count = static_cast<std::size_t>(Mutant::count);

#ifdef HAWSER_MUTANTS
inline Mutant mutant_at_work = Mutant::none;
inline bool mutant(Mutant which) noexcept { return mutant_at_work == which; }
#else
constexpr bool mutant(Mutant) noexcept { return false; }
#endif

}  // namespace hawser
