#include <hawser/interconnect/channel.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>

#include <algorithm>
#include <utility>

namespace hawser {

Channel::Channel(TypeInfo type, bool replies, const TypePolicy& policy, const ChannelLimits& limits,
                 const BreakerConfig& breaker, CircuitBreaker& peer_breaker, std::uint64_t seed, ChannelRooms rooms)
    : type_(type.id),
      name_(type.name),
      replies_(replies),
      policy_(policy),
      limits_(limits),
      lots_(1),
      share_(rooms.out),
      loan_(rooms.out),
      reply_share_(replies ? rooms.out : rooms.in),
      guard_(breaker, seed, peer_breaker, policy.slow_limit > Duration::zero() ? policy.slow_limit : breaker.slow_limit,
             policy.refused_is_failure) {}

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
  std::size_t slots = 0;
  for (const Lot& lot : lots_) slots += lot.queue.size() + lot.waiting.size();
  return slots;
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

void Channel::withhold_wakes(bool withhold) {
  const std::lock_guard lock{mutex_};
  wakes_withheld_ = withhold;
}

void Channel::set_limits(const ChannelLimits& limits) {
  const std::lock_guard lock{mutex_};
  limits_ = limits;
}

// ---- transmission

bool Channel::may_send(const Held& message) const noexcept {
  if (replies_ || message.sequence != 0 || mutant(Mutant::credit_ignored)) return true;
  return next_sequence_ <= credit_messages_ && transmitted_bytes_ + message.bytes <= credit_bytes_;
}

bool Channel::sendable() const {
  if (cursor_ < sent_.size()) return true;
  if (!staged_.empty()) return may_send(staged_.front()) || credit_is_buried();
  return queued_.load(std::memory_order_acquire) > 0 &&
         (replies_ || next_sequence_ <= credit_messages_ || credit_is_buried());
}

std::uint64_t Channel::wanted_credit() const {
  if (staged_.empty() || may_send(staged_.front())) return 0;
  const std::uint64_t wanted = transmitted_bytes_ + staged_.front().bytes;
  return wanted > credit_bytes_ ? wanted : 0;
}

bool Channel::wants_to_say() const {
  if (replies_) return false;
  return say_given_up_ || wanted_credit() != 0 || (asked_ > transmitted_bytes_ && !uses_what_it_asked_for());
}

// The message that the credit was asked for is the next to leave, or is leaving.
bool Channel::uses_what_it_asked_for() const noexcept {
  if (cursor_ < sent_.size() || chunk_offset_ != 0) return true;  // nothing is given up in the middle of a message
  if (!staged_.empty() && transmitted_bytes_ + staged_.front().bytes >= asked_) return true;
  return said_withdrawn_ && credit_bytes_ < asked_;
}

std::optional<Record> Channel::say_want() {
  if (!wants_to_say()) return std::nullopt;
  Record want;
  want.kind = RecordKind::want;
  want.type = type_;
  want.sequence = wanted_credit();
  if (want.sequence != 0) {
    asked_ = std::max(asked_, want.sequence);
    said_withdrawn_ = false;
  } else if (asked_ > transmitted_bytes_ && !uses_what_it_asked_for()) {
    // The message is gone. What was granted for it counts as sent; what is not granted yet is asked for no more.
    const std::uint64_t next = staged_.empty() ? 0 : staged_.front().bytes;
    const std::uint64_t unused = credit_bytes_ - transmitted_bytes_ - next;
    if (credit_bytes_ >= asked_) {
      given_up_ += unused;
      transmitted_bytes_ += unused;
      asked_ = 0;
    }
    said_withdrawn_ = credit_bytes_ < asked_;
  }
  if (want.sequence == 0) want.sequence = std::max<std::uint64_t>(transmitted_bytes_, 1);
  want.given_up = given_up_;
  say_given_up_ = false;
  return want;
}

// Takes the whole queue in exchange for the empty one, so that callers never wait long for the lock. Where queued
// messages may still make way for others, it takes a handful at a time instead: what is staged is not overtaken.
void Channel::stage() {
  constexpr std::size_t handful = 64;
  const std::lock_guard lock{mutex_};
  if (lots_.size() > 1) {
    stage_groups();
    return;
  }
  Ring<Held>& queue = lots_.front().queue;
  if (mutant(Mutant::order_by_arrival) && queue.size() > 1) std::swap(queue.front(), queue.back());
  if (policy_.overflow == Overflow::reject || policy_.overflow == Overflow::wait) {
    std::swap(queue, staged_);
    queued_.store(0, std::memory_order_release);
    return;
  }
  const std::size_t before = queue.size();
  for (std::size_t i = 0; i < handful && !queue.empty(); ++i) {
    if (!queue.front().ended) staged_.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  count_queued(before, queue.size());
}

// Groups take turns by bytes, in deficit round robin; fewer at a time, since what is staged is not overtaken.
void Channel::stage_groups() {
  constexpr std::size_t handful = 16;
  constexpr std::size_t quantum = 16u << 10;
  constexpr std::size_t cost_of_one = 64;
  std::size_t quiet = 0;
  while (staged_.size() < handful && quiet < lots_.size()) {
    Lot& lot = lots_[next_lot_++ % lots_.size()];
    const std::size_t before = lot.queue.size();
    lot.deficit = lot.queue.empty() ? 0 : lot.deficit + quantum;
    while (!lot.queue.empty() && staged_.size() < handful) {
      Held& front = lot.queue.front();
      const std::size_t cost = front.ended ? 0 : front.bytes + cost_of_one;
      if (cost > lot.deficit) break;
      lot.deficit -= cost;
      if (!front.ended) staged_.push_back(std::move(front));
      lot.queue.pop_front();
    }
    quiet = lot.queue.empty() && before == 0 ? quiet + 1 : 0;
    count_queued(before, lot.queue.size());
  }
}

// A message that hardly waited does not say so: at rest the eight bytes are not worth it.
std::uint64_t Channel::waited_us(const Held& message, Instant now) noexcept {
  constexpr Duration worth_saying{1'000};
  const Duration waited = now - message.submitted;
  return waited >= worth_saying ? static_cast<std::uint64_t>(to_us(waited)) : 0;
}

std::size_t Channel::write_plain(BatchWriter& batch, const Held& message, std::size_t budget,
                                 const SendContext& context) {
  const std::size_t size =
      batch.add_plain(type_, message.sequence, to_us(message.expires) - to_us(context.session_began),
                      waited_us(message, context.now), message.payload.bytes(), budget);
  if (size != 0) transmitted_bytes_ += message.bytes;
  return size;
}

std::size_t Channel::write(BatchWriter& batch, Held& message, std::size_t budget, const SendContext& context,
                           bool& whole) {
  if (message.kind == RecordKind::message && message.bytes <= limits_.chunk_bytes) {
    const std::size_t size = write_plain(batch, message, budget, context);
    whole = size != 0;
    return size;
  }
  Record record;
  record.kind = message.kind;
  record.type = replies_ ? message.rare->type : type_;
  record.sequence = message.sequence;
  record.expires_at = to_us(message.expires) - to_us(context.session_began);
  record.request_id = message.request_id();
  record.waited_us = waited_us(message, context.now);
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
    Held& message = sent_[cursor_];
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

// All credit went to messages that have ended, and perhaps none of them arrived: then nobody would ever grant more.
bool Channel::credit_is_buried() const noexcept {
  return !replies_ && chunk_offset_ == 0 && next_sequence_ > credit_messages_ && !sent_.empty() && sent_.back().ended &&
         unburied_ < sent_.back().sequence;
}

// Sends the last of them again, without content and expired, so that the peer counts them as taken.
std::size_t Channel::unbury(BatchWriter& batch, std::size_t budget, const SendContext& context) {
  Record record;
  record.type = type_;
  record.sequence = credit_is_buried() ? sent_.back().sequence : 0;
  record.expires_at = to_us(context.now) - to_us(context.session_began);
  const std::size_t size = size_in_batch(record);
  if (record.sequence == 0 || size > budget) return 0;
  unburied_ = record.sequence;
  batch.add(record);
  return size;
}

std::size_t Channel::fill(BatchWriter& batch, std::size_t budget, const SendContext& context, Endings& endings) {
  std::size_t written = resend(batch, budget, context, endings);
  if (cursor_ < sent_.size()) return written;
  bool watched = guard_.watches(context.now);
  while (true) {
    if (staged_.empty()) stage();
    if (staged_.empty()) return written;
    if (staged_.size() > fetched_ahead) staged_[fetched_ahead].payload.fetch();
    Held& message = staged_.front();
    if (message.expires <= context.now && !mutant(Mutant::ttl_unchecked_in_queue)) {
      end_front_staged({OutcomeKind::expired, Cause::in_queue, {}}, context.now, endings);
      continue;
    }
    if (!may_send(message)) return written + unbury(batch, budget - written, context);
    if (!replies_) {
      std::optional<Outcome> refused;
      if (watched) refused = acquire(message, context.now);
      if (watched) watched = guard_.watches(context.now);
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

std::optional<Outcome> Channel::acquire(Held& message, Instant now) {
  if (message.rare == nullptr) message.rare = std::make_unique<Rare>();
  return guard_.acquire(message.rare->permits, now);
}

void Channel::to_sent(Held&& message, Instant now) {
  if (!message.ended) queue_waits_.record(now - message.submitted);
  if (message.kind == RecordKind::request && !message.ended) {
    request_sequences_.emplace(message.request_id(), message.sequence);
  }
  earliest_sent_ = std::min({earliest_sent_, message.expires, later(now, guard_.slow_limit())});
  // An ended one may join those that wait to be sent again, and must not make them look as if they had been.
  if (cursor_ == sent_.size()) ++cursor_;
  sent_.push_back(std::move(message));
}

// A message of which a part has left keeps its place, so that sequences stay consecutive.
void Channel::end_front_staged(const Outcome& outcome, Instant now, Endings& endings) {
  Held& message = staged_.front();
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
  take_verdicts(ack, now, endings);
  guard_.round(now);
}

void Channel::take_verdicts(const Ack& ack, Instant now, Endings& endings) {
  auto range = ack.exceptions.begin();
  while (!sent_.empty() && sent_.front().sequence <= ack.verdicts) {
    const std::uint64_t simple = range == ack.exceptions.end() ? ack.verdicts : range->first - 1;
    if (take_delivered(simple, now)) continue;
    Held& message = sent_.front();
    leave_cursor();
    if (message.ended) {
      sent_.pop_front();
      continue;
    }
    const std::uint64_t beyond = mutant(Mutant::exception_off_by_one) ? 1 : 0;
    while (range != ack.exceptions.end() && range->first + range->count + beyond <= message.sequence) ++range;
    const bool excepted = range != ack.exceptions.end() && range->first <= message.sequence;
    Outcome outcome = excepted ? Outcome{range->kind, range->cause, {}} : Outcome{OutcomeKind::delivered, {}, {}};
    if (excepted && range->retry_after_ms != 0)
      outcome.next_at = later(now, std::chrono::milliseconds{range->retry_after_ms});
    if (message.kind == RecordKind::request) {
      request_sequences_.erase(message.request_id());
      if (outcome.delivered()) {
        const std::uint64_t id = message.request_id();
        awaiting_reply_.emplace(id, std::move(message));
        sent_.pop_front();
        continue;
      }
    }
    end(message, outcome, now, endings);
    sent_.pop_front();
  }
}

// The front of the sent is about to be removed.
void Channel::leave_cursor() noexcept {
  if (cursor_ > 0) {
    --cursor_;
  } else {
    chunk_offset_ = 0;
  }
}

// Ends those at the front that were simply delivered and of which there is nothing to tell but the count. False when
// there are none.
bool Channel::take_delivered(std::uint64_t up_to, Instant now) {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint32_t slow = 0;
  while (!sent_.empty()) {
    Held& message = sent_.front();
    const bool plain = message.kind == RecordKind::message && message.roomy && !message.ended && message.lot == 0 &&
                       message.completion == nullptr && message.rare == nullptr;
    if (!plain || message.sequence > up_to) break;
    if (sent_.size() > fetched_ahead) sent_[fetched_ahead].payload.fetch();
    ++messages;
    bytes += message.bytes;
    if (!message.slow && guard_.is_slow(now - message.sent_at)) ++slow;
    leave_cursor();
    sent_.pop_front();
  }
  if (messages == 0) return false;
  guard_.delivered(static_cast<std::uint32_t>(messages), slow);
  pending_.deliver(messages, bytes);
  if (pending_room_.empty()) pending_room_.resize(1);
  pending_room_.front() += {messages, bytes};
  return true;
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
  Held& message = sent_[sent->second - sent_.front().sequence];
  request_sequences_.erase(sent);
  end(message, outcome, now, endings, std::move(reply));
  guard_.round(now);
  return true;
}

void Channel::resume(const ChannelResume& from_peer, Instant now, Endings& endings) {
  std::uint64_t received = std::min(from_peer.received, next_sequence_ - 1);
  if (mutant(Mutant::resume_number_forgotten)) received = 0;
  if (mutant(Mutant::resend_lost)) received = next_sequence_ - 1;
  if (!mutant(Mutant::chunk_resumed_midway)) chunk_offset_ = 0;
  transmitted_bytes_ = from_peer.received_bytes + given_up_;
  say_given_up_ = given_up_ != 0;
  credit_messages_ = std::max(initial_credit_messages, from_peer.credit_messages);
  credit_bytes_ = std::max(initial_credit_bytes, from_peer.credit_bytes);
  cursor_ = 0;
  unburied_ = 0;
  while (cursor_ < sent_.size() && sent_[cursor_].sequence <= received) ++cursor_;
  guard_.round(now);
  (void)endings;
}

// ---- ends

void Channel::end(Held& message, const Outcome& outcome, Instant now, Endings& endings, InboundBytes reply) {
  HAWSER_ASSERT(!message.ended, "a message ends once");
  message.ended = !mutant(Mutant::ended_twice);
  if (message.kind == RecordKind::request) request_sequences_.erase(message.request_id());
  if (!replies_) {
    const Duration took = message.sent_at == Instant{} ? Duration::zero() : now - message.sent_at;
    PermitsPtr none;
    guard_.ended(message.rare == nullptr ? none : message.rare->permits, outcome, now, took, message.slow);
  }
  pending_.end(outcome, message.bytes);
  if (message.roomy) {
    if (pending_room_.size() <= message.lot) pending_room_.resize(message.lot + 1u);
    pending_room_[message.lot] += {1, replies_ ? beyond_reply_room(message) : message.bytes};
    pending_replies_ += message.reply_bytes();
  }
  // It may keep its place among the sent for long, until a later one has its verdict: with nothing in it.
  message.payload = nullptr;
  message.rare = nullptr;
  if (mutant(Mutant::outcome_forgotten) && outcome == OutcomeKind::unknown) return;
  if (message.completion) endings.push_back({std::move(message.completion), outcome, std::move(reply)});
}

bool Channel::end_unsent(const Outcome& outcome, bool forced, Instant now, Endings& endings) {
  if (policy_.hold == Hold::until_ttl && !forced) return false;
  bool any = !staged_.empty();
  while (!staged_.empty()) end_front_staged(outcome, now, endings);
  std::vector<Ring<Held>> unsent;
  {
    const std::lock_guard lock{mutex_};
    const auto nothing = [](const Lot& lot) { return lot.queue.empty() && lot.waiting.empty(); };
    if (std::all_of(lots_.begin(), lots_.end(), nothing)) return any;
    for (Lot& lot : lots_) {
      unsent.push_back(std::exchange(lot.queue, {}));
      unsent.push_back(std::exchange(lot.waiting, {}));
      lot.waiting_bytes = 0;
    }
    waiting_bytes_ = 0;
    queued_.store(0, std::memory_order_release);
    earliest_queued_ = never;
  }
  for (Ring<Held>& queue : unsent) {
    for (; !queue.empty(); queue.pop_front()) {
      if (queue.front().ended) continue;
      end(queue.front(), outcome, now, endings);
      any = true;
    }
  }
  return any;
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
  unburied_ = 0;
  transmitted_bytes_ = 0;
  credit_messages_ = initial_credit_messages;
  credit_bytes_ = initial_credit_bytes;
  asked_ = 0;
  given_up_ = 0;
  say_given_up_ = false;
  said_withdrawn_ = false;
  earliest_sent_ = never;
  guard_.round(now);
}

bool Channel::settle(Instant now, Endings& endings) {
  guard_.round(now);
  const std::lock_guard lock{mutex_};
  for (Held& message : dropped_) {
    const Outcome outcome{OutcomeKind::queue_full, static_cast<Cause>(message.sequence), {}};
    pending_.end(outcome, message.bytes);
    if (message.completion) endings.push_back({std::move(message.completion), outcome, {}});
  }
  dropped_.clear();
  if (pending_ != LedgerRow{}) {
    ledger_ += pending_;
    pending_ = LedgerRow{};
  }
  release_pending();
  rest_if_idle();
  return admit_waiting();
}

}  // namespace hawser
