// The half of an inbox that runs handlers and gives verdicts, in order.
#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/interconnect/inbox.hpp>
#include <hawser/interconnect/runtime.hpp>

#include <algorithm>
#include <utility>

namespace hawser {

void Inbox::close(Instant now) {
  closed_ = true;
  for (auto& [type, channel] : channels_) {
    drop_assembly(channel);
    for (std::size_t i = 0; i < channel.queue.size(); ++i) {
      Item& item = channel.queue[i];
      if (item.verdict != OutcomeKind::delivered) continue;
      item.verdict = OutcomeKind::unreachable;
      item.cause = Cause::peer_stopped;
      drop_content(channel, item);
    }
  }
  run(now);
}

std::vector<ChannelResume> Inbox::taken() const {
  std::vector<ChannelResume> result;
  for (const auto& [type, channel] : channels_) {
    result.push_back({type, channel.received, channel.received_bytes, 0, 0});
  }
  return result;
}

void Inbox::cancel_late(Channel& channel, Instant now) {
  for (const Running& work : channel.running) {
    if (work.request && work.deadline <= now) work.cancellation.request();
  }
}

// A tick is too coarse only for what is about to expire.
Instant Inbox::time_now(Instant turn, Instant expires) const {
  if (from_.clock == nullptr) return turn;
  if (until(turn, expires) <= Scheduler::tick) return std::max(turn, from_.clock->now());
  const Instant about = std::max(turn, from_.clock->tick_now());
  return until(about, expires) > Scheduler::tick ? about : std::max(turn, from_.clock->now());
}

void Inbox::run(Instant now) {
  now_ = std::max(now_, now);
  drop_expired_assemblies(now_);
  const std::uint64_t resets = resets_;
  bool others_ran = ran_since_ == now;
  for (auto& [type, channel] : channels_) {
    cancel_late(channel, now);
    if (!channel.queue.empty()) run(channel, now, others_ran);
    if (resets != resets_) return;
  }
}

void Inbox::run(Channel& channel, Instant now, bool& others_ran) {
  const std::uint64_t resets = resets_;
  const bool faults = host_.may_put_off();
  while (!channel.queue.empty()) {
    const Item& head = channel.queue.front();
    if (head.asked != nullptr && head.asked->place.refused()) {
      Item item = channel.queue.take_front();
      const std::uint16_t retry_after = in_ms(item.asked->place.retry_after());
      drop_content(channel, item);
      verdict(channel, item.sequence, OutcomeKind::overloaded, Cause::intake, retry_after);
      continue;
    }
    const bool decided = head.verdict != OutcomeKind::delivered;
    const bool unchecked = mutant(Mutant::ttl_unchecked_before_handler);
    const bool expired = !decided && head.expires <= now && !unchecked;
    const bool gated = !decided && !expired && !channel.ungated && !host_.may_act();
    if (gated) {
      Item item = channel.queue.take_front();
      drop_content(channel, item);
      verdict(channel, item.sequence, OutcomeKind::isolated, Cause::peer_isolated);
      continue;
    }
    if (!decided && !expired && channel.running.size() >= channel.concurrency) return;
    if (!decided && !expired && head.asked != nullptr && head.asked->place.waits()) return;
    if (faults && !decided && !expired && host_.puts_off(FaultPoint::handler_delayed, channel.name)) return;
    if (decided) {
      const Item item = channel.queue.take_front();
      verdict(channel, item.sequence, item.verdict, item.cause, item.retry_after_ms);
    } else if (expired) {
      Item item = channel.queue.take_front();
      drop_content(channel, item);
      verdict(channel, item.sequence, OutcomeKind::expired, Cause::in_inbox);
    } else {
      Item item = channel.queue.take_front();
      now = start_in_time(channel, item, now, others_ran);
      if (resets != resets_) return;
    }
  }
}

// Starts its handler, unless it is too late for that by now. A handler may have taken its time: whoever comes after it
// is not started on the time of the turn's beginning. Returns what the time was.
Instant Inbox::start_in_time(Channel& channel, Item& item, Instant now, bool& others_ran) {
  const std::uint64_t resets = resets_;
  if (others_ran) now = time_now(now, item.expires);
  others_ran = true;
  if (item.expires <= now && !mutant(Mutant::ttl_unchecked_before_handler)) {
    drop_content(channel, item);
    verdict(channel, item.sequence, OutcomeKind::expired, Cause::in_inbox);
    return now;
  }
  start(channel, item, now);
  if (resets == resets_ || starting_ > 0) return now;
  buried_.clear();
  line_.freed();
  return now;
}

Handler* Inbox::handler(Channel& channel) const {
  if (channel.handler_place == nullptr) channel.handler_place = registry_.handler_place(channel.type);
  return channel.handler_place == nullptr ? nullptr : channel.handler_place->get();
}

void Inbox::start(Channel& channel, Item& item, Instant now) {
  Handler* const handler = this->handler(channel);
  HAWSER_ASSERT(handler != nullptr, "a handler that was there stays");
  const std::size_t bytes = item.bytes.payload.size();
  const std::unique_ptr<Asked> asked = std::move(item.asked);
  from_.age = now - item.born;
  from_.deadline = item.expires;
  if (asked != nullptr || from_.request) from_.cancellation = asked == nullptr ? Cancellation{} : asked->cancellation;
  from_.request = asked != nullptr;
  const bool asynchronous = handler->asynchronous();
  if (asynchronous) {
    channel.running.push_back(work_on(item, asked.get()));
    channel.running.back().began = now;
    if (asked != nullptr) channel.running.back().place = std::move(asked->place);
    ++running_;
    make_own(item.bytes);
  }
  static const HandlerDone nobody;
  // Two readings of the clock would be a good part of what a small message costs: one in so many is enough to tell.
  const bool timed = from_.clock != nullptr && channel.handled_on_loop++ % handler_sample == 0;
  const Instant began = timed ? from_.clock->about_now() : now;
  const std::uint64_t resets = resets_;
  ++starting_;
  auto end =
      handler->start(from_, item.bytes, host_, asynchronous ? host_.handler_done(channel.type, item.sequence) : nobody);
  --starting_;
  if (resets != resets_) {  // it ended the session, and with it everything that was known of the message
    if (starting_ == 0) from_ = std::exchange(next_from_, {});
    return;
  }
  if (timed && end) channel.handler_times.record(from_.clock->about_now() - began);
  if (!end && handler->begins_later()) {
    channel.pending.push_back({item.sequence, OutcomeKind::delivered, Cause::none, false, 0});
    return;
  }
  if (!end) {  // it has started, and that is the verdict
    verdict(channel, item.sequence, OutcomeKind::delivered, Cause::none);
    return;
  }
  if (asynchronous) {
    channel.running.pop_back();
    --running_;
  }
  release(channel, bytes);
  const bool unanswered = asked != nullptr && !end->failed && end->reply.type.id == TypeId::none;
  if (end->failed || unanswered) {
    if (asked != nullptr) release_reply(asked->reply_bytes);
    verdict(channel, item.sequence, OutcomeKind::refused, end->failed ? end->cause : Cause::no_reply);
    return;
  }
  verdict(channel, item.sequence, OutcomeKind::delivered, Cause::none);
  if (asked != nullptr) answer(work_on(item, asked.get()), std::move(*end));
}

Inbox::Running Inbox::work_on(const Item& item, const Asked* asked) {
  Running work;
  work.sequence = item.sequence;
  work.bytes = item.bytes.payload.size();
  work.deadline = item.expires;
  if (asked == nullptr) return work;
  work.request = true;
  work.request_id = asked->request_id;
  work.cancellation = asked->cancellation;
  work.reply_bytes = asked->reply_bytes;
  return work;
}

void Inbox::handler_ended(TypeId type, std::uint64_t sequence, HandlerEnd end, Instant now) {
  const auto found = channels_.find(type);
  if (found == channels_.end()) return;
  now_ = std::max(now_, now);
  Channel& channel = found->second;
  const auto work = std::find_if(channel.running.begin(), channel.running.end(),
                                 [&](const Running& running) { return running.sequence == sequence; });
  if (work == channel.running.end()) return;
  const bool late = end.stage == HandlerStage::too_late;
  decide(channel, sequence, late ? OutcomeKind::expired : OutcomeKind::delivered, late ? end.cause : Cause::none);
  if (end.stage == HandlerStage::started) return;
  if (!late) channel.handler_times.record(now - work->began);
  if (!late) work->place.served();
  release(channel, work->bytes);
  const bool unanswered = work->request && !end.failed && end.reply.type.id == TypeId::none;
  if (unanswered) end = {true, Cause::no_reply, {}};
  if (late) {
    release_reply(work->reply_bytes);
  } else {
    answer(*work, std::move(end));
  }
  channel.running.erase(work);
  --running_;
  mark(channel);
  bool others_ran = false;
  run(channel, now, others_ran);
}

void Inbox::answer(const Running& work, HandlerEnd end) {
  if (!work.request || work.cancellation.requested()) {  // nobody waits for it
    release_reply(work.reply_bytes);
    return;
  }
  EncodedMessage reply = std::move(end.reply);
  if (end.failed) {
    // A reply without a type carries nothing but the cause.
    reply.type = {};
    reply.bytes = failed_reply(end.cause);
  }
  reply_room_ -= work.reply_bytes;  // it goes with the answer
  replies_.push_back({work.request_id, std::move(reply), work.deadline, work.reply_bytes});
}

void Inbox::release_reply(std::size_t bytes) {
  if (bytes == 0) return;
  reply_room_ -= bytes;
  if (!mutant(Mutant::reply_room_leaks)) host_.release_reply(bytes);
}

// A handler that waits for a thread holds up the verdicts behind it: they are given in order.
void Inbox::verdict(Channel& channel, std::uint64_t sequence, OutcomeKind kind, Cause cause,
                    std::uint16_t retry_after_ms) {
  if (channel.pending.empty() && kind == OutcomeKind::delivered) [[likely]] {
    HAWSER_ASSERT(sequence > channel.verdicts, "verdicts are given once, in order");
    channel.verdicts = sequence;
    ++channel.counts[static_cast<std::size_t>(kind)];
    mark(channel);
  } else if (channel.pending.empty()) {
    give_verdict(channel, sequence, kind, cause, retry_after_ms);
  } else {
    channel.pending.push_back({sequence, kind, cause, true, retry_after_ms});
  }
}

void Inbox::decide(Channel& channel, std::uint64_t sequence, OutcomeKind kind, Cause cause) {
  for (std::size_t i = 0; i < channel.pending.size(); ++i) {
    Pending& waits = channel.pending[i];
    if (waits.sequence == sequence && !waits.known) waits = {sequence, kind, cause, true, 0};
  }
  while (!channel.pending.empty() && channel.pending.front().known) {
    const Pending decided = channel.pending.take_front();
    give_verdict(channel, decided.sequence, decided.kind, decided.cause, decided.retry_after_ms);
  }
}

void Inbox::give_verdict(Channel& channel, std::uint64_t sequence, OutcomeKind kind, Cause cause,
                         std::uint16_t retry_after_ms) {
  if (mutant(Mutant::expired_told_delivered) && kind == OutcomeKind::expired) kind = OutcomeKind::delivered;
  HAWSER_ASSERT(sequence > channel.verdicts, "verdicts are given once, in order");
  channel.verdicts = sequence;
  ++channel.counts[static_cast<std::size_t>(kind)];
  mark(channel);
  if (kind == OutcomeKind::delivered) return;
  if (!channel.exceptions.empty()) {
    Exception& last = channel.exceptions.back();
    if (last.carried_in == 0 && last.range.kind == kind && last.range.cause == cause &&
        last.range.retry_after_ms == retry_after_ms && last.range.first + last.range.count == sequence) {
      ++last.range.count;
      return;
    }
  }
  channel.exceptions.push_back({{sequence, 1, kind, cause, retry_after_ms}, 0});
}

// What it holds is free again; it keeps its place, for its verdict.
void Inbox::drop_content(Channel& channel, Item& item) {
  release(channel, item.bytes.payload.size());
  if (item.asked != nullptr) release_reply(item.asked->reply_bytes);
  item.asked = nullptr;
  item.bytes = {};
}

void Inbox::release(Channel& channel, std::size_t bytes) {
  HAWSER_ASSERT(bytes <= channel.bytes_in_flight, "an inbox releases what it held");
  channel.bytes_in_flight -= bytes;
  bytes_held_ -= bytes;
  fit_room(channel);
  if (!grants_waiting_.empty()) grant_waiting();
}

}  // namespace hawser
