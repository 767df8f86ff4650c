// Messages of a channel whose caller gives up, or whose peer has left for good.
#include <hawser/interconnect/channel.hpp>

#include <utility>

namespace hawser {
namespace {

constexpr Outcome cancelled_unsent{OutcomeKind::expired, Cause::cancelled, std::nullopt};
constexpr Outcome cancelled_sent{OutcomeKind::unknown, Cause::cancelled, std::nullopt};

}  // namespace

void Channel::cancel(std::uint64_t ticket, bool only_unsent, Instant now, Endings& endings,
                     std::vector<std::uint64_t>& cancelled) {
  if (cancel_unsent(ticket, now, endings) || only_unsent) return;
  const auto give_up = [&](Held& message) {
    if (message.kind == RecordKind::request) cancelled.push_back(message.request_id());
    end(message, cancelled_sent, now, endings);
  };
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    if (sent_[i].ticket() != ticket || sent_[i].ended) continue;
    give_up(sent_[i]);
    return;
  }
  for (auto at = awaiting_reply_.begin(); at != awaiting_reply_.end(); ++at) {
    if (at->second.ticket() != ticket) continue;
    give_up(at->second);
    awaiting_reply_.erase(at);
    return;
  }
}

// One of which a part has left is not whole at the peer, so that no handler can have it.
bool Channel::cancel_unsent(std::uint64_t ticket, Instant now, Endings& endings) {
  const std::size_t staged = staged_.size();
  std::size_t place = 0;
  while (place < staged && staged_[place].ticket() != ticket) ++place;
  bool found = false;
  for (std::size_t i = 0; i < staged && place < staged; ++i) {
    Held& front = staged_.front();
    const bool meant = front.ticket() == ticket && !found;
    found |= meant;
    if (meant && i == 0) {
      end_front_staged(cancelled_unsent, now, endings);
      continue;
    }
    Held message = staged_.take_front();
    if (meant) {
      end(message, cancelled_unsent, now, endings);
    } else {
      staged_.push_back(std::move(message));
    }
  }
  if (found) return true;
  const std::lock_guard lock{mutex_};
  for (Lot& lot : lots_) {
    const std::size_t queued = lot.queue.size();
    for (Ring<Held>* unsent : {&lot.queue, &lot.waiting}) {
      for (std::size_t i = 0; i < unsent->size(); ++i) {
        Held& message = (*unsent)[i];
        if (message.ticket() != ticket || message.ended) continue;
        end(message, cancelled_unsent, now, endings);
        if (unsent == &lot.waiting) {
          lot.waiting_bytes -= message.bytes;
          waiting_bytes_ -= message.bytes;
        }
        drop_ended(*unsent);
        count_queued(queued, lot.queue.size());
        return true;
      }
    }
  }
  return false;
}

void Channel::peer_left(std::uint64_t received, Instant now, Endings& endings) {
  const Outcome not_taken{OutcomeKind::unreachable, Cause::peer_stopped, {}};
  const Outcome no_verdict{OutcomeKind::unknown, Cause::peer_stopped, {}};
  for (; !sent_.empty(); sent_.pop_front()) {
    Held& message = sent_.front();
    if (!message.ended) end(message, message.sequence > received ? not_taken : no_verdict, now, endings);
  }
  for (auto& [id, message] : awaiting_reply_) end(message, no_verdict, now, endings);
  awaiting_reply_.clear();
  request_sequences_.clear();
  if (!staged_.empty()) staged_.front().sequence = 0;
  cursor_ = 0;
  chunk_offset_ = 0;
  earliest_sent_ = never;
  guard_.round(now);
}

}  // namespace hawser
