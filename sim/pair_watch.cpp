#include <hawser/sim/pair_watch.hpp>

#include <algorithm>

namespace hawser::sim {
namespace {

constexpr Duration confirming{1'000'000};  // a few heartbeats

}  // namespace

// z is below 0.55 x phi + 1.8 from phi 1 to 300, and above 4.26 at 5: a simple bound is enough for a bound.
Duration suspicion_bound(const DetectorConfig& config, Duration jitter, const DetectorRecord& learnt) noexcept {
  const Duration deviation = std::max({config.heartbeat / 10, Duration{5'000}, jitter, learnt.deviation});
  const auto permille = static_cast<std::int64_t>((0.55 * config.suspect + 1.8) * 1000.0);
  const Duration spread{deviation.count() * permille / 1000};
  return config.heartbeat + std::max(config.heartbeat, learnt.mean) + config.acceptable_pause + spread;
}

void PairWatch::told(const std::string& observer, const std::string& peer, bool observing, bool answered,
                     WorldTime now) {
  Pair& pair = pairs_[{observer, peer}];
  const bool good = observing && answered;
  if (good && pair.good_since == world_never) pair.good_since = now;
  if (!good && pair.good_since != world_never) {
    if (now >= later(pair.good_since, confirming)) pair.good_until = now;
    pair.good_since = world_never;
  }
  const bool silent = observing && !answered;
  const bool was_silent = pair.observing && !pair.answered;
  if (silent && !was_silent) pair.silent_since = now;
  if (!silent) pair.silent_since = world_never;
  pair.observing = observing;
  pair.answered = answered;
}

WorldTime PairWatch::silent_since(const std::string& observer, const std::string& peer) const {
  const auto found = pairs_.find({observer, peer});
  return found == pairs_.end() ? world_never : found->second.silent_since;
}

Duration PairWatch::unconfirmed(const std::string& observer, const std::string& peer, WorldTime now) const {
  const auto found = pairs_.find({observer, peer});
  if (found == pairs_.end()) return Duration::zero();
  const Pair& pair = found->second;
  const bool good = pair.good_since != world_never && now >= later(pair.good_since, confirming);
  return good ? Duration::zero() : now - pair.good_until;
}

void PairWatch::believed(const std::string& observer, const std::string& peer, PeerState state, Duration bound,
                         WorldTime now) {
  const WorldTime since = silent_since(observer, peer);
  if (since == world_never || state != PeerState::up || now <= later(since, bound)) return;
  findings_.add(Invariant::completeness, {observer, peer},
                observer + " has had no answer of " + peer + " for " + std::to_string((now - since).count() / 1000) +
                    " ms and takes it for up; the bound is " + std::to_string(bound.count() / 1000) + " ms");
}

// Detection changes with every interval that is counted, so what it was at the last look says something only of an
// interval that had begun by then. It is shown while the peer is up or suspect; what is learnt of it later makes it
// unknown.
void PairWatch::learnt(const std::string& observer, const std::string& peer, Incarnation life,
                       const DetectorRecord& record, WorldTime now) {
  Pair& pair = pairs_[{observer, peer}];
  const bool same = pair.life == life && record.longest >= pair.record.longest;
  if (same && record.longest > pair.record.longest && pair.detection > Duration::zero() &&
      record.longest > pair.detection && now < later(pair.looked_at, pair.detection / 2)) {
    findings_.add(Invariant::accuracy, {observer, peer},
                  observer + " counts an interval of " + std::to_string(record.longest.count() / 1000) + " ms of " +
                      peer + ", which it would have convicted after " + std::to_string(pair.detection.count() / 1000) +
                      " ms");
  }
  const bool learnt = record.mean != pair.record.mean || record.deviation != pair.record.deviation;
  if (!same || learnt) pair.detection = Duration::zero();
  if (record.detection > Duration::zero()) pair.detection = record.detection;
  pair.life = life;
  pair.record = record;
  pair.looked_at = now;
}

}  // namespace hawser::sim
