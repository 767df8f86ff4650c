// The half of a channel that callers meet: admission, and the room that it takes.
//
// Room within the channel's share is charged to the shares of its peer and node, in steps; what is beyond is borrowed,
// exactly. Once messages have named groups, each group has a share of its own inside the channel, and the room of the
// others' shares is lent to nobody; a share is given even where others have filled the channel before it was known, so
// that a channel with groups holds at most twice its bound.
#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/interconnect/channel.hpp>

#include <algorithm>
#include <utility>

namespace hawser {
namespace {

constexpr std::size_t patience = 64;  // turns of its peer

Cause cause_of(Lack lack) noexcept { return lack == Lack::peer ? Cause::peer_bytes : Cause::node_bytes; }

}  // namespace

// ---- admission: on the caller's thread, under the lock

std::optional<Outcome> Channel::refusal(const Held& message, Instant now) const {
  if (gate_ && gate_->kind == OutcomeKind::closed) return gate_;
  const bool too_large = message.payload.size() > limits_.message_bytes_max;
  if (too_large && !mutant(Mutant::too_large_admitted)) return Outcome{OutcomeKind::too_large, Cause::none, {}};
  if (gate_) return gate_;
  if (message.expires <= now) return Outcome{OutcomeKind::expired, Cause::in_queue, {}};
  return std::nullopt;
}

Held Channel::hold(Outgoing& message) const {
  Held held;
  held.payload = std::move(message.payload);
  held.completion = std::move(message.completion);
  held.submitted = message.submitted;
  held.expires = message.expires;
  held.bytes = static_cast<std::uint32_t>(std::min<std::size_t>(held.payload.size(), UINT32_MAX));
  held.kind = message.kind;
  if (replies_ || message.kind == RecordKind::request || (message.key | message.ticket) != 0) {
    held.rare = std::make_unique<Rare>();
    held.rare->request_id = message.request_id;
    held.rare->key = message.key;
    held.rare->ticket = message.ticket;
    held.rare->type = message.type;
    held.rare->reply_bytes = message.reply_bytes;
  }
  return held;
}

// Most messages: nobody waits for them, they have no key and no group, and their room is there and paid for. The rules
// are those of admit_held; what they have to look at closer than this is left to them.
bool Channel::admit_plain(Outgoing& message, Instant now, bool& tell) {
  if (replies_ || message.kind != RecordKind::message) return false;
  if ((message.key | message.ticket | message.group) != 0) return false;
  const std::size_t bytes = message.payload.size();
  const std::lock_guard lock{mutex_};
  Lot& lot = lots_.front();
  if (gate_ || message.expires <= now || lots_.size() != 1 || !lot.waiting.empty()) return false;
  if (room_.messages >= limits_.messages || bytes > limits_.message_bytes_max) return false;
  const std::size_t held = room_.bytes + bytes;
  if (held > std::min(limits_.bytes, share_.taken()) || loan_.taken() != 0) return false;
  ledger_.submit(bytes);
  tell = (lot.queue.empty() && !wakes_withheld_) || message.expires < earliest_queued_;
  earliest_queued_ = std::min(earliest_queued_, message.expires);
  lot.room += {1, bytes};
  room_ += {1, bytes};
  lot.queue.fetch_back(fetched_ahead);
  Held& made = lot.queue.emplace_back();
  made.payload = std::move(message.payload);
  made.completion = std::move(message.completion);
  made.submitted = message.submitted;
  made.expires = message.expires;
  made.bytes = static_cast<std::uint32_t>(bytes);
  made.roomy = true;
  queued_.store(static_cast<std::uint32_t>(lot.queue.size()), std::memory_order_release);
  return true;
}

Outcome Channel::admit(Outgoing& message, Instant now, bool& tell) {
  tell = false;
  const bool copies = message.payload.size() <= Buffer::worth_sharing && message.payload.shared();
  if (copies) message.payload = Buffer::copy(message.payload.bytes());
  if (admit_plain(message, now, tell)) [[likely]]
    return {OutcomeKind::delivered, Cause::none, {}};
  Held held = hold(message);
  const Outcome outcome = admit_held(held, message.group, now, tell);
  if (!outcome.delivered()) message.completion = std::move(held.completion);
  return outcome;
}

Outcome Channel::admit_held(Held& message, std::uint64_t group, Instant now, bool& tell) {
  const std::lock_guard lock{mutex_};
  const auto refused = refusal(message, now);
  const bool late = refused && refused->kind == OutcomeKind::expired;
  if (refused && (!late || replies_)) {
    ledger_.refuse(*refused, message.bytes);
    return *refused;
  }
  if (replies_) {
    const auto turned_away = mutant(Mutant::reply_turned_away) ? guard_.refusal(now) : std::nullopt;
    if (turned_away) return *turned_away;
    Outcome outcome{OutcomeKind::delivered, Cause::none, {}};
    if (!admit_reply(message, outcome)) ledger_.refuse(outcome, message.bytes);
    return outcome;
  }
  if (message.kind == RecordKind::request) message.rare->reply_bytes = static_cast<std::uint32_t>(limits_.reply_bytes);
  Cause why = Cause::none;
  Lot* const lot = lot_of(group, why);
  if (late) {
    // The contract's order: a full queue is the answer even for a message that is late as well.
    const bool rejects = policy_.overflow == Overflow::reject;
    const bool full = rejects && (lot == nullptr || !take_room(*lot, message, why));
    if (!full && rejects) release_room(*lot, {1, message.bytes});
    if (!full && rejects) reply_bytes_ -= message.reply_bytes();
    const Outcome outcome = full ? Outcome{OutcomeKind::queue_full, why, {}} : *refused;
    ledger_.refuse(outcome, message.bytes);
    return outcome;
  }
  // Nobody overtakes those who wait for room already, however small.
  const std::size_t dropped = dropped_.size();
  const bool queues = lot != nullptr && lot->waiting.empty();
  const bool room = queues && (take_room(*lot, message, why) || make_room(*lot, message, why));
  if (!room && (lot == nullptr || policy_.overflow != Overflow::wait || !wait(*lot, message, why))) {
    const Outcome outcome{OutcomeKind::queue_full, why == Cause::none ? Cause::channel_messages : why, {}};
    if (lot != nullptr) ++lot->turned_away;
    ledger_.refuse(outcome, message.bytes);
    return outcome;
  }
  ledger_.submit(message.bytes);
  // What lies in a queue already, the loop was told of. It has to know of a time that is earlier, and of those that
  // made way, since their ends are told by it.
  tell = (lot->queue.empty() && !wakes_withheld_) || message.expires < earliest_queued_ || dropped != dropped_.size();
  if (!room) return {OutcomeKind::delivered, Cause::none, {}};
  earliest_queued_ = std::min(earliest_queued_, message.expires);
  message.roomy = true;
  push_queued(*lot, std::move(message));
  return {OutcomeKind::delivered, Cause::none, {}};
}

void Channel::push_queued(Lot& lot, Held&& message) {
  message.lot = static_cast<std::uint16_t>(&lot - lots_.data());
  lot.queue.fetch_back(fetched_ahead);
  lot.queue.push_back(std::move(message));
  count_queued(lot.queue.size() - 1, lot.queue.size());
}

// ---- groups

Lot* Channel::lot_of(std::uint64_t group, Cause& why) {
  if (group == 0) return &lots_.front();
  for (std::size_t i = 1; i < lots_.size(); ++i) {
    if (lots_[i].group == group) return &lots_[i];
  }
  return new_lot(group, why);
}

// A group that holds nothing makes way for one that was not known.
Lot* Channel::new_lot(std::uint64_t group, Cause& why) {
  if (limits_.groups <= 1) return &lots_.front();
  if (lots_.size() < limits_.groups) {
    Lot& made = lots_.emplace_back();
    made.group = group;
    return &made;
  }
  for (std::size_t i = 1; i < lots_.size(); ++i) {
    if (!lots_[i].empty()) continue;
    lots_[i].group = group;
    lots_[i].deficit = 0;
    lots_[i].turned_away = 0;
    return &lots_[i];
  }
  why = Cause::channel_groups;
  return nullptr;
}

LotCount Channel::unused_by_others(const Lot& lot) const noexcept {
  LotCount unused;
  if (mutant(Mutant::group_share_ignored)) return unused;
  const LotCount share{share_messages(), share_bytes()};
  for (const Lot& other : lots_) {
    if (&other == &lot) continue;
    unused.messages += share.messages - std::min(share.messages, other.room.messages);
    unused.bytes += share.bytes - std::min(share.bytes, other.room.bytes);
  }
  return unused;
}

// ---- room

// What must be borrowed in all for the channel to hold so many bytes more.
std::size_t Channel::borrow_for(const Lot& lot, std::size_t bytes, LotCount freed) const noexcept {
  std::size_t after = room_.bytes - freed.bytes + bytes;
  if (lots_.size() > 1) {
    if (lot.room.bytes - freed.bytes + bytes <= share_bytes()) return loan_.taken();
    after += unused_by_others(lot).bytes;
  }
  return after > limits_.bytes ? after - limits_.bytes : 0;
}

bool Channel::take_room(Lot& lot, const Held& message, Cause& why, LotCount freed) {
  std::size_t messages = room_.messages - freed.messages;
  if (lots_.size() > 1) {
    const bool within = lot.room.messages - freed.messages < share_messages();
    messages = within ? 0 : messages + unused_by_others(lot).messages;
  }
  if (messages >= limits_.messages && !mutant(Mutant::channel_unbounded)) {
    why = Cause::channel_messages;
    return false;
  }
  const std::size_t before = loan_.taken();
  const std::size_t over = borrow_for(lot, message.bytes, freed);
  if (over > before) {
    if (!may_borrow_) {
      why = Cause::channel_bytes;
      return false;
    }
    if (const Lack lack = loan_.raise_to(over); lack != Lack::nothing) {
      why = cause_of(lack);
      return false;
    }
  }
  const std::size_t held = room_.bytes - freed.bytes + message.bytes;
  const Lack lack = share_.cover(within_share(held) + waiting_bytes_);
  if (lack != Lack::nothing || !take_reply_room(message, why)) {
    if (lack != Lack::nothing) why = cause_of(lack);
    loan_.lower_to(before);
    return false;
  }
  lot.room += {1, message.bytes};
  room_ += {1, message.bytes};
  return true;
}

bool Channel::take_reply_room(const Held& message, Cause& why) {
  if (message.reply_bytes() == 0) return true;
  if (reply_share_.cover(reply_bytes_ + message.reply_bytes()) != Lack::nothing) {
    why = Cause::reply_room;
    return false;
  }
  reply_bytes_ += message.reply_bytes();
  return true;
}

void Channel::release_room(Lot& lot, LotCount freed) {
  HAWSER_ASSERT(freed.messages <= lot.room.messages && freed.bytes <= lot.room.bytes,
                "a channel releases what it reserved");
  lot.room -= freed;
  room_ -= freed;
  fit_room();
}

// Gives back what is not needed any more.
void Channel::fit_room() {
  if (!mutant(Mutant::reserve_leaks)) loan_.lower_to(room_.bytes > limits_.bytes ? room_.bytes - limits_.bytes : 0);
  share_.release_to(within_share(room_.bytes) + waiting_bytes_);
}

// The part of what is held that is not borrowed, once no more is borrowed than must be.
std::size_t Channel::within_share(std::size_t held) const noexcept {
  return held - std::min(loan_.taken(), held > limits_.bytes ? held - limits_.bytes : 0);
}

// A channel that holds nothing for a while keeps no room from others.
void Channel::rest_if_idle() {
  const bool idle = room_.messages == 0 && waiting_bytes_ == 0 && reply_bytes_ == 0;
  idle_turns_ = idle ? idle_turns_ + 1 : 0;
  if (idle_turns_ != patience) return;
  share_.shrink_to(0);
  reply_share_.shrink_to(0);
}

bool Channel::still(Instant now) const {
  if (!staged_.empty() || !sent_.empty() || !awaiting_reply_.empty() || wants_to_say()) return false;
  if (guard_.watches(now) || pending_ != LedgerRow{}) return false;
  const std::lock_guard lock{mutex_};
  if (room_.messages != 0 || waiting_bytes_ != 0 || reply_bytes_ != 0 || !dropped_.empty()) return false;
  return idle_turns_ >= patience || (share_.taken() == 0 && reply_share_.taken() == 0);
}

// Those who wait are bounded as those who have room are; one message may always wait.
bool Channel::may_wait(const Lot& lot, std::size_t bytes) const noexcept {
  if (lot.waiting.empty()) return true;
  const bool grouped = lots_.size() > 1;
  const std::size_t messages = grouped ? share_messages() : limits_.messages;
  const std::size_t most = grouped ? share_bytes() : limits_.bytes;
  return lot.waiting.size() < messages && lot.waiting_bytes + bytes <= std::max(most, bytes);
}

bool Channel::wait(Lot& lot, Held& message, Cause& why) {
  if (!may_wait(lot, message.bytes)) {
    if (why == Cause::none) why = Cause::channel_messages;
    return false;
  }
  if (const Lack lack = share_.cover(within_share(room_.bytes) + waiting_bytes_ + message.bytes);
      lack != Lack::nothing) {
    why = cause_of(lack);
    return false;
  }
  earliest_queued_ = std::min(earliest_queued_, message.expires);
  waiting_bytes_ += message.bytes;
  lot.waiting_bytes += message.bytes;
  lot.waiting.push_back(std::move(message));
  return true;
}

bool Channel::admit_waiting() {
  bool moved = false;
  for (Lot& lot : lots_) {
    while (!lot.waiting.empty()) {
      Cause why = Cause::none;
      Held& front = lot.waiting.front();
      waiting_bytes_ -= front.bytes;  // it takes room instead
      const bool taken = take_room(lot, front, why);
      if (!taken) waiting_bytes_ += front.bytes;
      if (!taken) break;
      Held message = lot.waiting.take_front();
      lot.waiting_bytes -= message.bytes;
      message.roomy = true;
      push_queued(lot, std::move(message));
      moved = true;
    }
  }
  return moved;
}

// ---- making way

// Drops unsent messages of the group as the overflow policy allows, oldest first, until there is room for this one.
// Where even all of them would not do, none is dropped: nobody loses a message to one that is turned away.
bool Channel::make_room(Lot& lot, const Held& message, Cause& why) {
  const bool by_key = policy_.overflow == Overflow::keep_latest;
  if (mutant(Mutant::overflow_ignored)) return false;
  if (!by_key && policy_.overflow != Overflow::drop_oldest) return false;
  const auto droppable = [&](const Held& queued) {
    return !queued.ended && (!by_key || queued.key() == message.key());
  };
  LotCount freed;
  for (std::size_t i = 0; i < lot.queue.size(); ++i) {
    if (!droppable(lot.queue[i])) continue;
    freed += {1, lot.queue[i].bytes};
    if (!take_room(lot, message, why, freed)) continue;
    for (std::size_t j = 0; j <= i; ++j) {
      if (droppable(lot.queue[j])) drop_queued(lot, j, by_key ? Cause::superseded : Cause::dropped_oldest);
    }
    release_room(lot, freed);
    // Dropped ones keep their place for a while, but there are never more of them than of others.
    const std::size_t before = lot.queue.size();
    while (!lot.queue.empty() && lot.queue.front().ended) lot.queue.pop_front();
    if (lot.queue.size() / 2 > limits_.messages) drop_ended(lot.queue);
    count_queued(before, lot.queue.size());
    return true;
  }
  return false;
}

void Channel::drop_ended(Ring<Held>& unsent) {
  const std::size_t all = unsent.size();
  for (std::size_t i = 0; i < all; ++i) {
    Held message = unsent.take_front();
    if (!message.ended) unsent.push_back(std::move(message));
  }
}

// Its room is the caller's to release; its end is told by the loop.
void Channel::drop_queued(Lot& lot, std::size_t index, Cause why) {
  Held& message = lot.queue[index];
  reply_bytes_ -= message.reply_bytes();
  message.roomy = false;
  message.ended = true;
  Held dropped;
  dropped.completion = std::move(message.completion);
  dropped.bytes = message.bytes;
  dropped.sequence = static_cast<std::uint64_t>(why);
  message.payload = nullptr;
  dropped_.push_back(std::move(dropped));
}

// ---- the channel of replies, on the loop

bool Channel::reserve_reply(std::size_t bytes) {
  if (reply_share_.cover(reply_bytes_ + bytes) != Lack::nothing) return false;
  reply_bytes_ += bytes;
  return true;
}

void Channel::release_reply(std::size_t bytes) {
  HAWSER_ASSERT(bytes <= reply_bytes_, "room of replies is released once");
  reply_bytes_ -= bytes;
  reply_share_.release_to(reply_bytes_);
}

std::size_t Channel::beyond_reply_room(const Held& message) const noexcept {
  return message.bytes - std::min(message.bytes, message.reply_bytes());
}

// What is larger than the room that was kept for it borrows the rest, or is not sent.
bool Channel::admit_reply(Held& message, Outcome& refused) {
  const std::size_t beyond = beyond_reply_room(message);
  if (beyond != 0) {
    if (const Lack lack = loan_.raise_to(loan_.taken() + beyond); lack != Lack::nothing) {
      refused = {OutcomeKind::queue_full, Cause::reply_room, {}};
      return false;
    }
  }
  ledger_.submit(message.bytes);
  earliest_queued_ = std::min(earliest_queued_, message.expires);
  message.roomy = true;
  push_queued(lots_.front(), std::move(message));
  return true;
}

// The ends of this turn have left the books: their room is free again.
void Channel::release_pending() {
  for (std::size_t i = 0; i < pending_room_.size(); ++i) {
    const LotCount freed = std::exchange(pending_room_[i], {});
    if (freed == LotCount{}) continue;
    if (replies_) {
      loan_.lower_to(loan_.taken() - freed.bytes);
    } else {
      release_room(lots_[i], freed);
    }
  }
  const std::size_t replies = std::exchange(pending_replies_, 0);
  reply_bytes_ -= replies;
  reply_share_.release_to(reply_bytes_);
}

}  // namespace hawser
