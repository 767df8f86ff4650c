// The half of a channel that looks at time and at itself: expiry and the snapshot.
#include <hawser/base/mutant.hpp>
#include <hawser/interconnect/channel.hpp>

#include <algorithm>
#include <utility>

namespace hawser {

void Channel::expire(Instant now, Duration verdict_window, Endings& endings, std::vector<std::uint64_t>& cancelled) {
  if (now < next_expiry()) return;
  last_scan_ = now;
  expire_unsent(now, endings);
  expire_sent(now, verdict_window, endings, cancelled);
  guard_.round(now);
}

// An expiry is noticed within one quantum; a scan of the whole channel is not repeated before that.
Instant Channel::next_expiry() const {
  Instant earliest = earliest_sent_;
  {
    const std::lock_guard lock{mutex_};
    earliest = std::min(earliest, earliest_queued_);
  }
  if (earliest == never || last_scan_ == Instant{}) return earliest;
  return std::max(earliest, later(last_scan_, expiry_quantum));
}

void Channel::expire_unsent(Instant now, Endings& endings) {
  if (mutant(Mutant::ttl_unchecked_in_queue)) return;
  const Outcome expired{OutcomeKind::expired, Cause::in_queue, {}};
  const std::size_t staged = staged_.size();
  for (std::size_t i = 0; i < staged; ++i) {
    if (i == 0 && staged_.front().expires <= now) {
      end_front_staged(expired, now, endings);
      continue;
    }
    Held message = std::move(staged_.front());
    staged_.pop_front();
    if (message.expires <= now) {
      end(message, expired, now, endings);
    } else {
      staged_.push_back(std::move(message));
    }
  }
  const std::lock_guard lock{mutex_};
  earliest_queued_ = never;
  for (std::size_t i = 0; i < staged_.size(); ++i) earliest_queued_ = std::min(earliest_queued_, staged_[i].expires);
  for (Lot& lot : lots_) {
    const std::size_t before = lot.queue.size();
    expire_queue(lot.queue, now, endings);
    count_queued(before, lot.queue.size());
    const std::size_t freed = expire_queue(lot.waiting, now, endings);
    lot.waiting_bytes -= freed;
    waiting_bytes_ -= freed;
  }
}

// Returns the bytes that have ended.
std::size_t Channel::expire_queue(Ring<Held>& unsent, Instant now, Endings& endings) {
  bool any_ended = false;
  std::size_t freed = 0;
  for (std::size_t i = 0; i < unsent.size(); ++i) {
    Held& message = unsent[i];
    if (!message.ended && message.expires <= now) {
      end(message, {OutcomeKind::expired, Cause::in_queue, {}}, now, endings);
      freed += message.bytes;
    }
    any_ended |= message.ended;
    if (!message.ended) earliest_queued_ = std::min(earliest_queued_, message.expires);
  }
  if (any_ended) drop_ended(unsent);
  return freed;
}

void Channel::expire_sent(Instant now, Duration verdict_window, Endings& endings,
                          std::vector<std::uint64_t>& cancelled) {
  earliest_sent_ = never;
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    if (!sent_[i].ended) expire_one(sent_[i], now, verdict_window, endings, cancelled);
  }
  for (auto at = awaiting_reply_.begin(); at != awaiting_reply_.end();) {
    expire_one(at->second, now, verdict_window, endings, cancelled);
    at = at->second.ended ? awaiting_reply_.erase(at) : std::next(at);
  }
}

void Channel::disown_sent(const Outcome& outcome, Instant now, Endings& endings) {
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    if (!sent_[i].ended) end(sent_[i], outcome, now, endings);
  }
  for (auto& [id, message] : awaiting_reply_) end(message, outcome, now, endings);
  awaiting_reply_.clear();
  earliest_sent_ = never;
}

void Channel::expire_one(Held& message, Instant now, Duration verdict_window, Endings& endings,
                         std::vector<std::uint64_t>& cancelled) {
  const bool request = message.kind == RecordKind::request;
  if (request && message.expires <= now) {
    cancelled.push_back(message.request_id());
    end(message, {OutcomeKind::unknown, Cause::deadline, {}}, now, endings);
    return;
  }
  if (!request && later(message.expires, verdict_window) <= now) {
    const bool lies = mutant(Mutant::unknown_told_expired);
    end(message, {lies ? OutcomeKind::expired : OutcomeKind::unknown, Cause::verdict_lost, {}}, now, endings);
    return;
  }
  if (!message.slow && guard_.is_slow(now - message.sent_at)) {
    message.slow = true;
    // A permit's call is watched by the breaker itself, and replies are nobody's calls.
    if ((message.rare == nullptr || message.rare->permits == nullptr) && !replies_) guard_.hangs();
  }
  earliest_sent_ = std::min(earliest_sent_, next_look(message, verdict_window));
}

Instant Channel::next_look(const Held& message, Duration verdict_window) const noexcept {
  const Instant end = message.kind == RecordKind::request ? message.expires : later(message.expires, verdict_window);
  return message.slow ? end : std::min(end, later(message.sent_at, guard_.slow_limit() + Duration{1}));
}

ChannelSnapshot Channel::snapshot(Instant now) const {
  ChannelSnapshot result;
  result.type = type_;
  result.name = name_;
  result.replies = replies_;
  result.lane = policy_.lane;
  Instant oldest = now;
  const auto look = [&](const Held& message) {
    if (message.ended) return false;
    oldest = std::min(oldest, message.submitted);
    return true;
  };
  for (std::size_t i = 0; i < sent_.size(); ++i) result.sent_messages += look(sent_[i]) ? 1 : 0;
  for (const auto& [id, message] : awaiting_reply_) result.sent_messages += look(message) ? 1 : 0;
  for (std::size_t i = 0; i < staged_.size(); ++i) result.queued_messages += look(staged_[i]) ? 1 : 0;
  {
    const std::lock_guard lock{mutex_};
    result.ledger = ledger_;
    for (const Lot& lot : lots_) {
      for (std::size_t i = 0; i < lot.queue.size(); ++i) result.queued_messages += look(lot.queue[i]) ? 1 : 0;
      for (std::size_t i = 0; i < lot.waiting.size(); ++i) result.queued_messages += look(lot.waiting[i]) ? 1 : 0;
      if (lots_.size() == 1 || (lot.group != 0 && lot.empty() && lot.turned_away == 0)) continue;
      result.groups.push_back(
          {lot.group, lot.room.messages + lot.waiting.size(), lot.room.bytes + lot.waiting_bytes, lot.turned_away});
    }
    result.borrowed_bytes = loan_.taken();
  }
  result.oldest_age = now - oldest;
  result.queue_waits = queue_waits_;
  result.breaker.state = std::string{to_string(guard_.breaker().state(now))};
  result.breaker.reason = guard_.breaker().reason();
  result.breaker.opened = guard_.breaker().opened();
  return result;
}

}  // namespace hawser
