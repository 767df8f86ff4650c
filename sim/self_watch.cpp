#include <hawser/sim/self_watch.hpp>

#include <hawser/detector/peer_judge.hpp>

#include <utility>

namespace hawser::sim {
namespace {

constexpr Duration settled{2'000'000};  // so long the two have been in touch before the sleep

bool of_silence(std::string_view cause) noexcept {
  return cause == peer_cause::silent || cause == peer_cause::cut_outbound || cause == peer_cause::cut_inbound;
}

}  // namespace

void SelfWatch::told(const std::string& observer, const std::string& peer, bool clean, bool asleep, WorldTime now,
                     std::uint64_t forgotten) {
  Pair& pair = pairs_[{observer, peer}];
  const bool died = std::exchange(pair.forgotten, forgotten) != forgotten;
  if (clean && (!pair.clean || died)) pair.clean_since = now;
  if (!clean) pair.clean_since = world_never;
  pair.clean = clean;
  const bool sleeps = pair.slept_at != world_never && pair.woke_at == world_never;
  if (asleep && !sleeps) {
    pair.slept_at = now;
    pair.woke_at = world_never;
  } else if (!asleep && sleeps) {
    pair.woke_at = now;
  }
}

void SelfWatch::accused(const std::string& observer, const std::string& peer, std::string_view cause, WorldTime now) {
  const auto found = pairs_.find({observer, peer});
  if (found == pairs_.end() || !of_silence(cause)) return;
  const Pair& pair = found->second;
  if (pair.slept_at == world_never || pair.woke_at == world_never) return;
  if (!pair.clean || later(pair.clean_since, settled) > pair.slept_at) return;
  if (now > later(pair.woke_at, evidence_)) return;
  findings_.add(Invariant::self_suspicion, {observer, peer},
                observer + " accuses " + peer + " of silence (" + std::string{cause} + ") " +
                    std::to_string((now - pair.woke_at).count() / 1000) + " ms after it slept itself for " +
                    std::to_string((pair.woke_at - pair.slept_at).count() / 1000) + " ms");
}

}  // namespace hawser::sim
