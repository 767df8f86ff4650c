#include <hawser/interconnect/isolation/flaw.hpp>

#include <hawser/interconnect/isolation/isolation.hpp>

namespace hawser {

#ifdef HAWSER_ISOLATION_FLAWS
Flaw& flaw_in_force() noexcept {
  static Flaw flaw = Flaw::none;
  return flaw;
}

// Told on counted grants: a voter that granted the proposal and has gone on to another view since counts all the same.
void Isolation::count_grant(Place from, const Pulse& pulse, Instant now) {
  if (!flawed(Flaw::told_on_counted_grants) || !proposed_.any()) return;
  if (pulse.grant.epoch == proposed_.epoch) counted_.add(from);
  if (voter_.grant().epoch == proposed_.epoch) counted_.add(config_.self);
  if (!config_.coterie.quorum(counted_)) return;
  ViewChange told;
  told.view = std::exchange(proposed_, View{});
  told.evidence = evidence(now);
  output_.views.push_back(std::move(told));
}
#endif

}  // namespace hawser
