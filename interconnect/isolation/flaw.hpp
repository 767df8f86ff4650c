// Named ways to break isolation on purpose, so that tests can show that they would notice.
//
// Only a test program that compiles its own copy of this folder with HAWSER_ISOLATION_FLAWS can switch one on. In the
// library `flawed` is the constant false, and nothing of a flaw is left in the code.
#pragma once

#include <cstdint>

namespace hawser {

enum class Flaw : std::uint8_t {
  none,
  promise_forgotten,          // a voter grants without waiting for its promises
  promises_cleared_by_grant,  // a new grant ends the promises given before it
  lease_from_reply,           // the lease counts from when the answer came
  support_of_any_epoch,       // an answer counts for the view one would like to enter, whatever it says
  epoch_reused,               // the counter alone makes an epoch, one above the proposer's own grant
  told_at_grant,              // removed is told when a voter grants
  told_on_counted_grants,     // removed is told by the proposer when a quorum has granted, at whatever time each
  rejoin_only_if_known,       // an unknown grant before counts as none
  before_ignored_unbroken,    // whoever never stopped serving continues, whatever the voters granted in between
  drift_ignored,              // a promise lasts as long as a lease
  drift_halved,               // and one clock's error longer
  amnesia_without_asking,     // who forgot its vote waits, and then votes
  cold_start_by_quorum,       // who forgot its vote asks a quorum, of whoever
  no_wait_after_amnesia,      // who forgot its vote asks at once
  no_wait_after_restart,      // who kept its vote grants at once
  cached_flag,                // the gate is a flag, closed by whoever gets round to it
  resign_but_serve_on,        // who accepts a view without itself says that it stopped
  resignation_of_any_epoch,   // a resignation for one view frees the place in every other
  quorum_of_half,             // any half is a quorum
  old_epoch_resumed,          // a view that was given up is entered again on a late answer
  no_relay_no_repair,         // half-finished views stay so (nobody is hurt, nobody comes back)
};
inline constexpr int flaw_count = 22;

#ifdef HAWSER_ISOLATION_FLAWS
Flaw& flaw_in_force() noexcept;
inline bool flawed(Flaw flaw) noexcept { return flaw_in_force() == flaw; }
#else
constexpr bool flawed(Flaw) noexcept { return false; }
#endif

}  // namespace hawser
