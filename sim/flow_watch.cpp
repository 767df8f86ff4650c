#include <hawser/sim/flow_watch.hpp>

#include <algorithm>

namespace hawser::sim {
namespace {

constexpr std::uint64_t in_pieces = 1;  // it may still go
constexpr std::uint64_t rounding = 2;

std::uint64_t count(const ChannelSnapshot& channel, OutcomeKind kind) noexcept { return channel.ledger[kind].messages; }

// Those that are under way, or whose end says that they were.
std::uint64_t left(const ChannelSnapshot& channel) noexcept {
  return channel.sent_messages + count(channel, OutcomeKind::delivered) + count(channel, OutcomeKind::unknown) +
         count(channel, OutcomeKind::refused) + count(channel, OutcomeKind::unhandled);
}

// The share that a ramp may let pass up to now; 100 when it is not known when it began.
std::uint64_t ramp_percent(const Reason& reason, Instant now) noexcept {
  if (!reason.next_at || now < reason.since || *reason.next_at <= reason.since) return 100;
  const std::int64_t quarter = std::max<std::int64_t>((*reason.next_at - reason.since).count() / 4, 1);
  constexpr std::uint64_t percents[] = {10, 25, 50, 100};
  return percents[std::min<std::int64_t>((now - reason.since).count() / quarter, 3)];
}

}  // namespace

void FlowWatch::look(const NodeSnapshot& shown, const Config& config, bool punctual, WorldTime now) {
  for (const PeerSnapshot& peer : shown.peers) {
    if (peer.health.id == shown.id) continue;
    for (const ChannelSnapshot& channel : peer.channels) {
      if (!channel.replies) look_at_channel(peer, channel, shown.taken_at);
    }
    look_at_beats(peer, config, punctual, now);
  }
}

void FlowWatch::look_at_channel(const PeerSnapshot& peer, const ChannelSnapshot& channel, Instant taken_at) {
  const std::string id = peer.health.id.text();
  Gone& before = gone_[{id, channel.name}];
  const bool by_peer = peer.health.breaker.state == "open";
  const BreakerSnapshot& breaker = by_peer ? peer.health.breaker : channel.breaker;
  Gone after{breaker.state, breaker.opened + (by_peer ? std::uint64_t{1} << 63 : 0), left(channel),
             count(channel, OutcomeKind::circuit_open), channel.queued_messages > 0};
  const bool same = before.state == after.state && before.opened == after.opened;
  const std::uint64_t more = after.left > before.left ? after.left - before.left : 0;
  if (same && after.state == "open" && more > in_pieces) {
    findings_.add(Invariant::breaker, {node_, id},
                  std::to_string(more) + " messages of " + channel.name + " have left while the breaker was open");
  }
  // Where messages wait in their queue, nobody can tell how often they asked.
  if (same && after.state == "ramping" && !before.queued && !after.queued) {
    const std::uint64_t asked = more + after.turned_away - before.turned_away;
    const std::uint64_t percent = ramp_percent(breaker.reason, taken_at);
    if (more > asked * percent / 100 + rounding) {
      findings_.add(Invariant::breaker, {node_, id},
                    std::to_string(more) + " of " + std::to_string(asked) + " messages of " + channel.name +
                        " have left, the ramp lets " + std::to_string(percent) + " of 100 pass");
    }
  }
  before = std::move(after);
}

// Due every interval; waits for nothing but its own turn.
void FlowWatch::look_at_beats(const PeerSnapshot& peer, const Config& config, bool punctual, WorldTime now) {
  Beats& beats = beats_[peer.health.id.text()];
  const bool open = !peer.lanes.empty() && peer.lanes.front().state == LaneState::open && peer.sessions > 0;
  const bool same = open && punctual && beats.since != world_never && beats.sent == peer.heartbeats_sent &&
                    beats.sessions == peer.sessions;
  if (!same) {
    beats = {peer.heartbeats_sent, peer.sessions, open && punctual ? now : world_never};
    return;
  }
  const Duration interval = config.detector.heartbeat;
  constexpr Duration quantum{2'000};
  const Duration most = interval + interval / 10 + quantum;
  if (now <= later(beats.since, most)) return;
  findings_.add(Invariant::bulkheads, {node_, peer.health.id.text()},
                "no heartbeat has left for " + std::to_string((now - beats.since).count() / 1000) +
                    " ms over an open lane; the interval is " + std::to_string(interval.count() / 1000) + " ms");
  beats.since = now;
}

}  // namespace hawser::sim
