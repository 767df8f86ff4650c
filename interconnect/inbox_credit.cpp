// The half of an inbox that gives credit: a limit that the peer was told is room that is kept for it.
//
// A channel begins with the credit that every peer assumes, and its window doubles while it is used, up to the type's
// share; so channels that are hardly used keep little room, and there may be many. Where the pools are nearly empty the
// windows of those who are used shrink again, by not being renewed. A message larger than the share asks for its whole
// size and borrows it at once or waits its turn.
#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/interconnect/channel.hpp>
#include <hawser/interconnect/inbox.hpp>

#include <algorithm>

namespace hawser {

// The peer may send the first bytes of a type unasked: without room for them they are shed.
bool Inbox::covered(Channel& channel) {
  return channel.share.taken() != 0 || channel.share.cover(std::max<std::size_t>(channel.claim(), 1)) == Lack::nothing;
}

bool Inbox::want(Channel& channel, const Record& record, std::string& problem) {
  if (record.given_up > channel.given_up) {
    if (record.given_up - channel.given_up > channel.told_bytes - channel.used()) {
      problem = "more credit given up than was granted";
      return false;
    }
    channel.given_up = record.given_up;
    // What has come of a message that needed it goes with it: its room is another's now.
    if (channel.assembly.bytes && channel.assembly.total > channel.told_bytes - channel.used()) drop_assembly(channel);
    fit_room(channel);
    mark(channel);
  }
  grant(channel, record.sequence);
  grant_waiting();
  return true;
}

void Inbox::grant(Channel& channel, std::uint64_t wanted_bytes) {
  const auto waits = std::find_if(grants_waiting_.begin(), grants_waiting_.end(),
                                  [&](const auto& entry) { return entry.first == channel.type; });
  const bool possible =
      wanted_bytes > channel.told_bytes && wanted_bytes - channel.told_bytes <= limits_.message_bytes_max;
  if (!possible) {
    if (waits != grants_waiting_.end()) grants_waiting_.erase(waits);
    if (wanted_bytes <= channel.told_bytes) mark(channel);
    return;
  }
  if (waits == grants_waiting_.end()) {
    grants_waiting_.emplace_back(channel.type, wanted_bytes);
  } else {
    waits->second = wanted_bytes;
  }
}

// First come, first served. Only those are passed over who have themselves to wait for: what a channel borrowed must
// come back before it borrows again, so that a handler that hangs holds one large message and no more.
void Inbox::grant_waiting() {
  bool waits_for_node = false;
  for (std::size_t i = 0; i < grants_waiting_.size();) {
    const auto [type, wanted] = grants_waiting_[i];
    Channel& channel = channels_.at(type);
    if (wanted > channel.told_bytes && channel.bytes_in_flight > 0) {
      ++i;
      continue;
    }
    if (wanted > channel.told_bytes && !try_grant(channel, wanted)) {
      waits_for_node = true;
      break;
    }
    grants_waiting_.erase(grants_waiting_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (!waits_for_node) line_.leave(*this);
}

// All or nothing.
bool Inbox::try_grant(Channel& channel, std::uint64_t wanted_bytes) {
  if (!covered(channel)) return false;
  const auto claim = static_cast<std::size_t>(wanted_bytes - channel.used()) + channel.bytes_in_flight;
  const std::size_t beyond = claim - std::min(claim, channel.share.taken());
  if (beyond > channel.loan.taken()) {
    // Who waits for its own peer's messages to end does not stand in the way of other peers.
    const Reserve& own = room_.peer.reserve;
    const bool fits = beyond - channel.loan.taken() <= own.limit() - std::min(own.used(), own.limit());
    const bool granted = fits && line_.may_take(*this) && channel.loan.raise_to(beyond) == Lack::nothing;
    if (!granted && fits) line_.join(*this);
    if (!granted && !fits) line_.leave(*this);
    if (!granted) return false;
  }
  channel.told_bytes = wanted_bytes;
  mark(channel);
  return true;
}

// Gives back what is neither held nor promised any more.
void Inbox::fit_room(Channel& channel) {
  const std::size_t claim = channel.claim();
  const std::size_t share = channel.share.taken();
  if (channel.loan.taken() != 0 && channel.loan.lower_to(claim - std::min(claim, share))) line_.freed();
  channel.share.release_to(std::max(claim, Share::step));
}

bool Inbox::pressed() const noexcept {
  const auto nearly_empty = [](const Reserve& reserve) { return reserve.used() > reserve.limit() / 4 * 3; };
  return nearly_empty(room_.peer.shares) || nearly_empty(room_.node.shares);
}

// Raises what the peer may send to the window, as far as there is room.
void Inbox::offer(Channel& channel) {
  const bool unbounded = mutant(Mutant::inbound_unbounded);
  const std::size_t waiting = unbounded ? 0 : channel.queue.size() + channel.running.size();
  if (channel.fresh_bytes >= channel.window_bytes / 2 || channel.fresh_messages >= channel.window_messages / 2) {
    channel.window_messages = std::min(channel.share_messages, 2 * channel.window_messages);
    channel.window_bytes = std::min(channel.share_bytes, 2 * channel.window_bytes);
    channel.fresh_messages = 0;
    channel.fresh_bytes = 0;
  }
  if (pressed()) {
    channel.window_messages = std::min<std::size_t>(channel.share_messages, hawser::Channel::initial_credit_messages);
    channel.window_bytes = std::min<std::size_t>(channel.share_bytes, hawser::Channel::initial_credit_bytes);
  }
  const bool frozen = channel.exceptions.size() >= exceptions_max;
  if (!frozen && waiting < channel.window_messages && channel.share.taken() != 0) {
    channel.told_messages = std::max(channel.told_messages, channel.received + channel.window_messages - waiting);
  }
  const bool was_starved = channel.starved;
  channel.starved = false;
  if (channel.bytes_in_flight < channel.window_bytes) {
    const std::uint64_t wanted = channel.used() + channel.window_bytes - channel.bytes_in_flight;
    if (wanted > channel.told_bytes) {
      channel.starved = channel.share.cover(channel.window_bytes) != Lack::nothing;
      if (!channel.starved) channel.told_bytes = wanted;
    }
  }
  if (channel.starved != was_starved) starved_ += channel.starved ? 1 : std::size_t(-1);
}

// From here on the peer may know of it.
ChannelResume Inbox::tell_credit(Channel& channel) {
  if (!channel.replies && !host_.puts_off(FaultPoint::credit_withheld, channel.name) &&
      !mutant(Mutant::credit_not_returned)) {
    offer(channel);
  }
  return {channel.type, channel.received, channel.received_bytes, channel.told_messages, channel.told_bytes};
}

void Inbox::look_for_room() {
  if (starved_ > 0) {
    for (auto& [type, channel] : channels_) {
      if (!channel.starved) continue;
      offer(channel);
      if (!channel.starved) mark(channel);
    }
  }
  if (!grants_waiting_.empty()) grant_waiting();
}

}  // namespace hawser
