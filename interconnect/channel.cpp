#include <hawser/interconnect/channel.hpp>

#include <hawser/base/assert.hpp>

#include <algorithm>
#include <utility>

namespace hawser {

Channel::Channel(TypeInfo type, bool replies, const TypePolicy& policy, const ChannelLimits& limits,
                 const BreakerConfig& breaker, CircuitBreaker& peer_breaker, std::uint64_t seed, Reserve& peer,
                 Reserve& node)
    : type_(type.id),
      name_(type.name),
      replies_(replies),
      policy_(policy),
      limits_(limits),
      peer_reserve_(peer),
      node_reserve_(node),
      guard_(breaker, seed, peer_breaker, policy.slow_limit > Duration::zero() ? policy.slow_limit : breaker.slow_limit,
             policy.refused_is_failure) {}

// ---- admission: on the caller's thread, under the lock

std::optional<Outcome> Channel::refusal(const Outgoing& message, Instant now) const {
  if (gate_ && gate_->kind == OutcomeKind::closed) return gate_;
  if (message.payload.size() > limits_.message_bytes_max) return Outcome{OutcomeKind::too_large, Cause::none, {}};
  if (gate_) return gate_;
  if (message.expires <= now) return Outcome{OutcomeKind::expired, Cause::in_queue, {}};
  return std::nullopt;
}

Outcome Channel::admit(Outgoing& message, Instant now) {
  message.bytes = static_cast<std::uint32_t>(std::min<std::size_t>(message.payload.size(), UINT32_MAX));
  const std::lock_guard lock{mutex_};
  const auto refused = refusal(message, now);
  const bool late = refused && refused->kind == OutcomeKind::expired;
  if (refused && !late) {
    ledger_.refuse(*refused, message.bytes);
    return *refused;
  }
  Cause why = Cause::none;
  // Replies have their room since their request was admitted: they are never turned away for want of it.
  if (late) {
    // The contract's order: a full queue is the answer even for a message that is late as well.
    const bool full = !replies_ && policy_.overflow == Overflow::reject && !take_room(message.bytes, why);
    if (!full && !replies_ && policy_.overflow == Overflow::reject) release_room(1, message.bytes);
    const Outcome outcome = full ? Outcome{OutcomeKind::queue_full, why, {}} : *refused;
    ledger_.refuse(outcome, message.bytes);
    return outcome;
  }
  // Nobody overtakes those who wait for room already, however small.
  const bool queues = waiting_.empty();
  const bool room = queues && (take_room(message.bytes, why) || make_room(message, why));
  if (!room && !replies_ && (policy_.overflow != Overflow::wait || !may_wait(message.bytes))) {
    const Outcome outcome{OutcomeKind::queue_full, queues ? why : Cause::channel_messages, {}};
    ledger_.refuse(outcome, message.bytes);
    return outcome;
  }
  ledger_.submit(message.bytes);
  earliest_queued_ = std::min(earliest_queued_, message.expires);
  message.roomy = room;
  if (room || replies_) {
    push_queued(std::move(message));
  } else {
    waiting_bytes_ += message.bytes;
    waiting_.push_back(std::move(message));
  }
  return {OutcomeKind::delivered, Cause::none, {}};
}

void Channel::push_queued(Outgoing&& message) {
  queue_.push_back(std::move(message));
  queued_.store(static_cast<std::uint32_t>(queue_.size()), std::memory_order_release);
}

// Those who wait are bounded as those who have room are; one message may always wait.
bool Channel::may_wait(std::size_t bytes) const noexcept {
  if (waiting_.empty()) return true;
  return waiting_.size() < limits_.messages && waiting_bytes_ + bytes <= std::max(limits_.bytes, bytes);
}

bool Channel::take_room(std::size_t bytes, Cause& why, std::size_t freed_messages, std::size_t freed_bytes) {
  if (room_messages_ - freed_messages >= limits_.messages) {
    why = Cause::channel_messages;
    return false;
  }
  const std::size_t after = room_bytes_ - freed_bytes + bytes;
  const std::size_t over = after > limits_.bytes ? after - limits_.bytes : 0;
  if (over > borrowed_) {
    const std::size_t missing = over - borrowed_;
    if (!may_borrow_) {
      why = Cause::channel_bytes;
      return false;
    }
    if (!peer_reserve_.try_take(missing)) {
      why = Cause::peer_bytes;
      return false;
    }
    if (!node_reserve_.try_take(missing)) {
      peer_reserve_.give_back(missing);
      why = Cause::node_bytes;
      return false;
    }
    borrowed_ = over;
  }
  room_messages_ += 1;
  room_bytes_ += bytes;
  return true;
}

void Channel::release_room(std::size_t messages, std::size_t bytes) {
  HAWSER_ASSERT(messages <= room_messages_ && bytes <= room_bytes_, "a channel releases what it reserved");
  room_messages_ -= messages;
  room_bytes_ -= bytes;
  const std::size_t over = room_bytes_ > limits_.bytes ? room_bytes_ - limits_.bytes : 0;
  if (over < borrowed_) {
    peer_reserve_.give_back(borrowed_ - over);
    node_reserve_.give_back(borrowed_ - over);
    borrowed_ = over;
  }
}

// Drops unsent messages as the overflow policy allows, oldest first, until there is room for this one. Where even all
// of them would not do, none is dropped: nobody loses a message to one that is turned away.
bool Channel::make_room(const Outgoing& message, Cause& why) {
  const bool by_key = policy_.overflow == Overflow::keep_latest;
  if (!by_key && policy_.overflow != Overflow::drop_oldest) return false;
  const auto droppable = [&](const Outgoing& queued) {
    return !queued.ended && (!by_key || queued.key == message.key);
  };
  std::size_t messages = 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    if (!droppable(queue_[i])) continue;
    messages += 1;
    bytes += queue_[i].bytes;
    if (!take_room(message.bytes, why, messages, bytes)) continue;
    for (std::size_t j = 0; j <= i; ++j) {
      if (droppable(queue_[j])) drop_queued(j, by_key ? Cause::superseded : Cause::dropped_oldest);
    }
    release_room(messages, bytes);
    // Dropped ones keep their place for a while, but there are never more of them than of others.
    while (!queue_.empty() && queue_.front().ended) queue_.pop_front();
    if (queue_.size() / 2 > limits_.messages) drop_ended(queue_);
    return true;
  }
  return false;
}

void Channel::drop_ended(Ring<Outgoing>& unsent) {
  const std::size_t all = unsent.size();
  for (std::size_t i = 0; i < all; ++i) {
    Outgoing message = unsent.take_front();
    if (!message.ended) unsent.push_back(std::move(message));
  }
}

// Its room is the caller's to release; its end is told by the loop.
void Channel::drop_queued(std::size_t index, Cause why) {
  Outgoing& message = queue_[index];
  message.roomy = false;
  message.ended = true;
  Outgoing dropped;
  dropped.completion = std::move(message.completion);
  dropped.bytes = message.bytes;
  dropped.sequence = static_cast<std::uint64_t>(why);
  message.payload = nullptr;
  dropped_.push_back(std::move(dropped));
}

bool Channel::admit_waiting() {
  bool moved = false;
  while (!waiting_.empty()) {
    Cause why = Cause::none;
    if (!take_room(waiting_.front().bytes, why)) break;
    Outgoing message = waiting_.take_front();
    waiting_bytes_ -= message.bytes;
    message.roomy = true;
    push_queued(std::move(message));
    moved = true;
  }
  return moved;
}

LedgerRow Channel::ledger() const {
  const std::lock_guard lock{mutex_};
  return ledger_;
}

std::uint64_t Channel::held() const {
  const std::lock_guard lock{mutex_};
  return ledger_.held.messages;
}

std::size_t Channel::unsent_slots() const {
  const std::lock_guard lock{mutex_};
  return queue_.size() + waiting_.size();
}

std::optional<Outcome> Channel::gate() const {
  const std::lock_guard lock{mutex_};
  return gate_;
}

void Channel::set_gate(const std::optional<Outcome>& refusal, bool may_borrow) {
  const std::lock_guard lock{mutex_};
  gate_ = refusal;
  may_borrow_ = may_borrow;
}

// ---- transmission

bool Channel::may_send(const Outgoing& message) const noexcept {
  if (replies_ || message.sequence != 0) return true;
  return next_sequence_ <= credit_messages_ && transmitted_bytes_ + message.bytes <= credit_bytes_;
}

bool Channel::sendable() const {
  if (cursor_ < sent_.size()) return true;
  if (!staged_.empty()) return may_send(staged_.front());
  return queued_.load(std::memory_order_acquire) > 0 && (replies_ || next_sequence_ <= credit_messages_);
}

std::uint64_t Channel::wanted_credit() const {
  if (staged_.empty() || may_send(staged_.front())) return 0;
  const std::uint64_t wanted = transmitted_bytes_ + staged_.front().bytes;
  return wanted > credit_bytes_ ? wanted : 0;
}

// Takes a handful of messages at a time from the queue, so that callers never wait long for the lock.
void Channel::stage() {
  constexpr std::size_t handful = 64;
  const std::lock_guard lock{mutex_};
  for (std::size_t i = 0; i < handful && !queue_.empty(); ++i) {
    if (!queue_.front().ended) staged_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queued_.store(static_cast<std::uint32_t>(queue_.size()), std::memory_order_release);
}

std::size_t Channel::write(BatchWriter& batch, Outgoing& message, std::size_t budget, const SendContext& context,
                           bool& whole) {
  Record record;
  record.kind = message.kind;
  record.type = message.type;
  record.sequence = message.sequence;
  record.expires_at = to_us(message.expires) - to_us(context.session_began);
  record.request_id = message.request_id;
  // A message that hardly waited does not say so: at rest the eight bytes are not worth it.
  constexpr Duration worth_saying{1'000};
  const Duration waited = context.now - message.submitted;
  if (waited >= worth_saying) record.waited_us = static_cast<std::uint64_t>(to_us(waited));
  const auto bytes = message.payload.bytes();
  record.payload = bytes;
  whole = true;
  if (bytes.size() > limits_.chunk_bytes) {
    const std::size_t piece = std::min(limits_.chunk_bytes, bytes.size() - chunk_offset_);
    record.offset = chunk_offset_;
    record.total_bytes = static_cast<std::uint32_t>(bytes.size());
    record.payload = bytes.subspan(chunk_offset_, piece);
    whole = chunk_offset_ + piece == bytes.size();
  }
  const std::size_t size = size_in_batch(record);
  if (size > budget) {
    whole = false;
    return 0;
  }
  batch.add(record);
  chunk_offset_ = whole ? 0 : chunk_offset_ + static_cast<std::uint32_t>(record.payload.size());
  if (whole) transmitted_bytes_ += message.bytes;
  return size;
}

std::size_t Channel::resend(BatchWriter& batch, std::size_t budget, const SendContext& context, Endings& endings) {
  std::size_t written = 0;
  while (cursor_ < sent_.size()) {
    Outgoing& message = sent_[cursor_];
    if (message.ended) {
      chunk_offset_ = 0;  // it may have ended while it was being cut
      ++cursor_;
      continue;
    }
    if (message.expires <= context.now && chunk_offset_ == 0) {
      // The peer has said that it did not take it, so this is no guess.
      end(message, {OutcomeKind::expired, Cause::in_queue, {}}, context.now, endings);
      ++cursor_;
      continue;
    }
    bool whole = false;
    const std::size_t size = write(batch, message, budget - written, context, whole);
    if (size == 0) return written;
    written += size;
    message.sent_at = context.now;
    if (whole) ++cursor_;
  }
  return written;
}

std::size_t Channel::fill(BatchWriter& batch, std::size_t budget, const SendContext& context, Endings& endings) {
  std::size_t written = resend(batch, budget, context, endings);
  if (cursor_ < sent_.size()) return written;
  while (true) {
    if (staged_.empty()) stage();
    if (staged_.empty()) return written;
    Outgoing& message = staged_.front();
    if (message.expires <= context.now) {
      end_front_staged({OutcomeKind::expired, Cause::in_queue, {}}, context.now, endings);
      continue;
    }
    if (!may_send(message)) return written;
    if (!replies_) {
      const auto refused = guard_.acquire(message.permits, context.now);
      if (refused && policy_.hold == Hold::until_ttl) return written;  // it waits for the breaker as for the peer
      if (refused) {
        end_front_staged(*refused, context.now, endings);
        continue;
      }
    }
    if (message.sequence == 0) message.sequence = next_sequence_;
    bool whole = false;
    const std::size_t size = write(batch, message, budget - written, context, whole);
    if (size == 0) {
      if (chunk_offset_ == 0 && message.sequence == next_sequence_) message.sequence = 0;
      return written;
    }
    written += size;
    next_sequence_ = std::max(next_sequence_, message.sequence + 1);
    ever_sent_ = true;
    if (!whole) continue;
    message.sent_at = context.now;
    to_sent(std::move(message), context.now);
    staged_.pop_front();
  }
}

void Channel::to_sent(Outgoing&& message, Instant now) {
  if (message.kind == RecordKind::request && !message.ended) {
    request_sequences_.emplace(message.request_id, message.sequence);
  }
  earliest_sent_ = std::min({earliest_sent_, message.expires, later(now, guard_.slow_limit())});
  // An ended one may join those that wait to be sent again, and must not make them look as if they had been.
  if (cursor_ == sent_.size()) ++cursor_;
  sent_.push_back(std::move(message));
}

// A message of which a part has left keeps its place, so that sequences stay consecutive.
void Channel::end_front_staged(const Outcome& outcome, Instant now, Endings& endings) {
  Outgoing& message = staged_.front();
  end(message, outcome, now, endings);
  if (message.sequence != 0) {
    if (cursor_ == sent_.size()) chunk_offset_ = 0;  // else it is of a message that is being sent again
    to_sent(std::move(message), now);
  }
  staged_.pop_front();
}

// ---- verdicts

void Channel::acknowledge(const Ack& ack, Instant now, Endings& endings) {
  credit_messages_ = std::max(credit_messages_, ack.credit_messages);
  credit_bytes_ = std::max(credit_bytes_, ack.credit_bytes);
  auto range = ack.exceptions.begin();
  while (!sent_.empty() && sent_.front().sequence <= ack.verdicts) {
    Outgoing& message = sent_.front();
    if (cursor_ > 0) {
      --cursor_;
    } else {
      chunk_offset_ = 0;
    }
    if (message.ended) {
      sent_.pop_front();
      continue;
    }
    while (range != ack.exceptions.end() && range->first + range->count <= message.sequence) ++range;
    const bool excepted = range != ack.exceptions.end() && range->first <= message.sequence;
    const Outcome outcome = excepted ? Outcome{range->kind, range->cause, {}} : Outcome{OutcomeKind::delivered, {}, {}};
    if (message.kind == RecordKind::request) {
      request_sequences_.erase(message.request_id);
      if (outcome.delivered()) {
        const std::uint64_t id = message.request_id;
        awaiting_reply_.emplace(id, std::move(message));
        sent_.pop_front();
        continue;
      }
    }
    end(message, outcome, now, endings);
    sent_.pop_front();
  }
  guard_.round(now);
}

bool Channel::answer(std::uint64_t request_id, const Outcome& outcome, InboundBytes reply, Instant now,
                     Endings& endings) {
  if (const auto found = awaiting_reply_.find(request_id); found != awaiting_reply_.end()) {
    end(found->second, outcome, now, endings, std::move(reply));
    awaiting_reply_.erase(found);
    guard_.round(now);
    return true;
  }
  const auto sent = request_sequences_.find(request_id);
  if (sent == request_sequences_.end()) return false;
  Outgoing& message = sent_[sent->second - sent_.front().sequence];
  request_sequences_.erase(sent);
  end(message, outcome, now, endings, std::move(reply));
  guard_.round(now);
  return true;
}

void Channel::resume(const ChannelResume& from_peer, Instant now, Endings& endings) {
  const std::uint64_t received = std::min(from_peer.received, next_sequence_ - 1);
  chunk_offset_ = 0;
  transmitted_bytes_ = from_peer.received_bytes;
  credit_messages_ = std::max(initial_credit_messages, from_peer.credit_messages);
  credit_bytes_ = std::max(initial_credit_bytes, from_peer.credit_bytes);
  cursor_ = 0;
  while (cursor_ < sent_.size() && sent_[cursor_].sequence <= received) ++cursor_;
  guard_.round(now);
  (void)endings;
}

// ---- ends

void Channel::end(Outgoing& message, const Outcome& outcome, Instant now, Endings& endings, InboundBytes reply) {
  HAWSER_ASSERT(!message.ended, "a message ends once");
  message.ended = true;
  if (message.kind == RecordKind::request) request_sequences_.erase(message.request_id);
  if (!replies_) {
    const Duration took = message.sent_at == Instant{} ? Duration::zero() : now - message.sent_at;
    guard_.ended(message.permits, outcome, now, took, message.slow);
  }
  pending_.end(outcome, message.bytes);
  if (message.roomy) {
    ++pending_room_messages_;
    pending_room_bytes_ += message.bytes;
  }
  message.payload = nullptr;
  if (message.completion) endings.push_back({std::move(message.completion), outcome, std::move(reply)});
}

void Channel::end_unsent(const Outcome& outcome, bool forced, Instant now, Endings& endings) {
  if (policy_.hold == Hold::until_ttl && !forced) return;
  while (!staged_.empty()) end_front_staged(outcome, now, endings);
  Ring<Outgoing> queue;
  Ring<Outgoing> waiting;
  {
    const std::lock_guard lock{mutex_};
    std::swap(queue, queue_);
    std::swap(waiting, waiting_);
    waiting_bytes_ = 0;
    queued_.store(0, std::memory_order_release);
    earliest_queued_ = never;
  }
  for (Ring<Outgoing>* unsent : {&queue, &waiting}) {
    for (; !unsent->empty(); unsent->pop_front()) {
      if (!unsent->front().ended) end(unsent->front(), outcome, now, endings);
    }
  }
}

void Channel::end_sent(const Outcome& outcome, Instant now, Endings& endings) {
  for (; !sent_.empty(); sent_.pop_front()) {
    if (!sent_.front().ended) end(sent_.front(), outcome, now, endings);
  }
  for (auto& [id, message] : awaiting_reply_) end(message, outcome, now, endings);
  awaiting_reply_.clear();
  request_sequences_.clear();
  if (!staged_.empty()) staged_.front().sequence = 0;  // it was being cut into chunks for the old session
  cursor_ = 0;
  chunk_offset_ = 0;
  next_sequence_ = 1;
  transmitted_bytes_ = 0;
  credit_messages_ = initial_credit_messages;
  credit_bytes_ = initial_credit_bytes;
  earliest_sent_ = never;
  guard_.round(now);
}

bool Channel::settle(Instant now, Endings& endings) {
  guard_.round(now);
  const std::lock_guard lock{mutex_};
  for (Outgoing& message : dropped_) {
    const Outcome outcome{OutcomeKind::queue_full, static_cast<Cause>(message.sequence), {}};
    pending_.end(outcome, message.bytes);
    if (message.completion) endings.push_back({std::move(message.completion), outcome, {}});
  }
  dropped_.clear();
  if (pending_ != LedgerRow{}) {
    ledger_ += pending_;
    pending_ = LedgerRow{};
  }
  release_room(std::exchange(pending_room_messages_, 0), std::exchange(pending_room_bytes_, 0));
  return admit_waiting();
}

}  // namespace hawser
