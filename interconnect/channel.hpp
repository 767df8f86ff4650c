// Channel: one message type to one peer. A bounded queue, its own sequence numbers, its own credit: the bulkhead.
//
// A message is unsent (waiting, queued), then sent (its sequence number given at first transmission, kept until its
// verdict is known), then ended with one outcome. Room is reserved on the caller's thread before anything is queued, so
// that admission is immediate and the queue bounded; the rest belongs to the loop.
// Invariants: sequences of sent_ are consecutive; unsent messages have none; held messages = unsent + sent, not yet
// ended; a message leaves the books once, when settle() publishes its end; room is charged to the pools of peer and
// node before it is used. Messages may name a group: each has a share of the channel, and they take turns. Thread
// safety: admit, ledger and gate are for any thread; everything else for the loop.
#pragma once

#include <hawser/base/buffer.hpp>
#include <hawser/base/pooled.hpp>
#include <hawser/base/random.hpp>
#include <hawser/base/ring.hpp>
#include <hawser/base/short_lock.hpp>
#include <hawser/base/time.hpp>
#include <hawser/base/time_buckets.hpp>
#include <hawser/interconnect/channel_guard.hpp>
#include <hawser/interconnect/channel_lot.hpp>
#include <hawser/interconnect/completion.hpp>
#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/ledger.hpp>
#include <hawser/interconnect/reserve.hpp>
#include <hawser/interconnect/snapshot.hpp>
#include <hawser/interconnect/type_policy.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace hawser {

// The ends of one turn, carried out after it: completions call user code.
struct Ending {
  CompletionPtr completion;
  Outcome outcome;
  InboundBytes reply;
};
using Endings = std::vector<Ending>;

struct ChannelLimits {
  std::size_t messages = 16'384;
  std::size_t bytes = 1u << 20;
  std::size_t message_bytes_max = 16u << 20;
  std::size_t chunk_bytes = 64u << 10;
  std::size_t reply_bytes = 4u << 10;  // kept at the caller for the reply of each request
  std::size_t groups = 16;             // shares, once messages name groups
};

// Where its room comes from: for what it sends, and for the replies that come back.
struct ChannelRooms {
  Room out;
  Room in;
};

// What a (re)transmission must know.
struct SendContext {
  Instant now{};
  Instant session_began{};  // zero of the session clock
};

class Channel {
 public:
  // Before the receiver has said how much it takes, this much may be sent.
  static constexpr std::uint64_t initial_credit_messages = 64;
  static constexpr std::uint64_t initial_credit_bytes = 64u << 10;
  // Expiry is looked for at most this often.
  static constexpr Duration expiry_quantum{5'000};

  Channel(TypeInfo type, bool replies, const TypePolicy& policy, const ChannelLimits& limits,
          const BreakerConfig& breaker, CircuitBreaker& peer_breaker, std::uint64_t seed, ChannelRooms rooms);

  // ---- any thread
  // Takes the message, or ends it at once with the outcome returned (`delivered` means taken). The completion stays in
  // `message` when it was not taken. `tell`: the loop has to hear of it, and does not know that there is something yet.
  Outcome admit(Outgoing& message, Instant now, bool& tell);
  LedgerRow ledger() const;

  // ---- loop
  TypeId type() const noexcept { return type_; }
  const std::string& name() const noexcept { return name_; }
  bool replies() const noexcept { return replies_; }
  const TypePolicy& policy() const noexcept { return policy_; }

  std::optional<Outcome> gate() const;
  // The reason for which admission refuses now, if any. `may_borrow`: whether the peer has a session.
  void set_gate(const std::optional<Outcome>& refusal, bool may_borrow);
  // New bounds, from the next message on; what is held stays.
  void set_limits(const ChannelLimits& limits);

  // The loop looks by itself soon, and callers need not tell it of what they put in; or they have to again.
  void withhold_wakes(bool withhold);
  // Whether a batch would find something here now.
  bool sendable() const;
  // Writes records into the batch while they fit into `budget` bytes. Returns the bytes written.
  std::size_t fill(BatchWriter& batch, std::size_t budget, const SendContext& context, Endings& endings);
  // Bytes the receiver has to grant before the next message, which is larger than its share, can leave; 0 if none
  // waits.
  std::uint64_t wanted_credit() const;
  // What the control lane has to say of its credit, if anything: a wish, the end of one, credit that is given up. What
  // was said is remembered, since what was granted for a message that is gone must be given up.
  std::optional<Record> say_want();
  bool wants_to_say() const;
  // The control lane is open again: what was said on it may be lost.
  void control_opened() noexcept { say_given_up_ = given_up_ != 0; }

  // False for what cannot be true of this channel: verdicts on messages that were never sent.
  bool plausible(const Ack& ack) const noexcept { return ack.verdicts < next_sequence_; }
  // REQUIRES: plausible(ack).
  void acknowledge(const Ack& ack, Instant now, Endings& endings);
  // The reply to a request has come. False when nobody waits for it any more.
  bool answer(std::uint64_t request_id, const Outcome& outcome, InboundBytes reply, Instant now, Endings& endings);

  // The lane is open again: send anew what the peer did not take.
  void resume(const ChannelResume& from_peer, Instant now, Endings& endings);
  // The lane is open and the peer knows nothing of this channel.
  void resume_fresh(Instant now, Endings& endings) { resume(ChannelResume{}, now, endings); }

  // Ends everything that ran out of time; cancelled requests are appended to `cancelled`.
  void expire(Instant now, Duration verdict_window, Endings& endings, std::vector<std::uint64_t>& cancelled);
  Instant next_expiry() const;

  // Ends what is unsent; false when there was nothing. `forced`: even what is held until its TTL.
  bool end_unsent(const Outcome& outcome, bool forced, Instant now, Endings& endings);
  // Ends what was sent; the sequence begins anew: another incarnation, or another session.
  void end_sent(const Outcome& outcome, Instant now, Endings& endings);
  // The same while the session goes on: none of it is sent again, and what is said of it later counts for nothing.
  void disown_sent(const Outcome& outcome, Instant now, Endings& endings);

  // The peer's incarnation is gone for good, and took what is numbered up to `received`.
  void peer_left(std::uint64_t received, Instant now, Endings& endings);
  // The caller has given up the message with this ticket; a request that had left is appended to `cancelled`.
  void cancel(std::uint64_t ticket, bool only_unsent, Instant now, Endings& endings,
              std::vector<std::uint64_t>& cancelled);

  // Publishes this turn's ends: room is free again, the books show it, waiting messages move up. True when some did: a
  // batch would find them now.
  bool settle(Instant now, Endings& endings);

  // ---- loop, the channel of replies: room is taken when a request is, and a reply needs some to be admitted
  bool reserve_reply(std::size_t bytes);
  void release_reply(std::size_t bytes);

  ChannelGuard& guard() noexcept { return guard_; }
  const ChannelGuard& guard() const noexcept { return guard_; }
  bool active() const noexcept { return ever_sent_; }
  // Messages in the queues of callers, that the loop has not taken yet.
  std::size_t queued() const noexcept { return queued_.load(std::memory_order_acquire); }
  // Nothing is held, no room is to be given back, no breaker watches: a turn changes nothing until somebody uses it.
  bool still(Instant now) const;
  // Whether something may not have left yet.
  bool unsent() const noexcept { return !staged_.empty() || queued_.load(std::memory_order_acquire) > 0; }

  ChannelSnapshot snapshot(Instant now) const;
  std::uint64_t held() const;
  // Places taken in the queues of the unsent, with those of messages that have ended: bounded, whatever callers do.
  std::size_t unsent_slots() const;

 private:
  static constexpr std::size_t cache_line = 64;
  // Payloads come from another processor's cache: so many messages ahead they are asked for.
  static constexpr std::size_t fetched_ahead = 6;

  template <typename T>
  using ByRequest = std::map<std::uint64_t, T, std::less<>, PoolAllocator<std::pair<const std::uint64_t, T>>>;

  std::optional<Outcome> refusal(const Held& message, Instant now) const;
  // The room of a channel, under the lock (channel_room.cpp). `freed`: what is about to be released beside.
  Lot* lot_of(std::uint64_t group, Cause& why);
  Lot* new_lot(std::uint64_t group, Cause& why);
  std::size_t share_messages() const noexcept { return std::max<std::size_t>(limits_.messages / limits_.groups, 1); }
  std::size_t share_bytes() const noexcept { return limits_.bytes / limits_.groups; }
  LotCount unused_by_others(const Lot& lot) const noexcept;
  std::size_t borrow_for(const Lot& lot, std::size_t bytes, LotCount freed) const noexcept;
  bool take_room(Lot& lot, const Held& message, Cause& why, LotCount freed = {});
  bool take_reply_room(const Held& message, Cause& why);
  bool admit_reply(Held& message, Outcome& refused);
  bool admit_plain(Outgoing& message, Instant now, bool& tell);
  Outcome admit_held(Held& message, std::uint64_t group, Instant now, bool& tell);
  Held hold(Outgoing& message) const;
  void release_room(Lot& lot, LotCount freed);
  void fit_room();
  std::size_t within_share(std::size_t held) const noexcept;
  std::size_t beyond_reply_room(const Held& message) const noexcept;
  void rest_if_idle();
  void count_queued(std::size_t before, std::size_t after) noexcept {
    const std::uint32_t all = queued_.load(std::memory_order_relaxed);
    queued_.store(all + static_cast<std::uint32_t>(after - before), std::memory_order_release);
  }
  bool may_wait(const Lot& lot, std::size_t bytes) const noexcept;
  bool wait(Lot& lot, Held& message, Cause& why);
  bool make_room(Lot& lot, const Held& message, Cause& why);
  void drop_queued(Lot& lot, std::size_t index, Cause why);
  void push_queued(Lot& lot, Held&& message);
  bool admit_waiting();
  void release_pending();
  static void drop_ended(Ring<Held>& unsent);
  void stage_groups();

  bool uses_what_it_asked_for() const noexcept;
  void stage();
  bool may_send(const Held& message) const noexcept;
  std::size_t write(BatchWriter& batch, Held& message, std::size_t budget, const SendContext& context, bool& whole);
  std::size_t write_plain(BatchWriter& batch, const Held& message, std::size_t budget, const SendContext& context);
  std::size_t resend(BatchWriter& batch, std::size_t budget, const SendContext& context, Endings& endings);
  bool credit_is_buried() const noexcept;
  std::size_t unbury(BatchWriter& batch, std::size_t budget, const SendContext& context);
  std::optional<Outcome> acquire(Held& message, Instant now);
  static std::uint64_t waited_us(const Held& message, Instant now) noexcept;
  void to_sent(Held&& message, Instant now);
  void take_verdicts(const Ack& ack, Instant now, Endings& endings);
  bool take_delivered(std::uint64_t up_to, Instant now);
  void leave_cursor() noexcept;
  void end_front_staged(const Outcome& outcome, Instant now, Endings& endings);

  bool cancel_unsent(std::uint64_t ticket, Instant now, Endings& endings);
  void end(Held& message, const Outcome& outcome, Instant now, Endings& endings, InboundBytes reply = {});
  void expire_unsent(Instant now, Endings& endings);
  std::size_t expire_queue(Ring<Held>& unsent, Instant now, Endings& endings);
  void expire_sent(Instant now, Duration verdict_window, Endings& endings, std::vector<std::uint64_t>& cancelled);
  void expire_one(Held& message, Instant now, Duration verdict_window, Endings& endings,
                  std::vector<std::uint64_t>& cancelled);
  Instant next_look(const Held& message, Duration verdict_window) const noexcept;

  const TypeId type_;
  const std::string name_;
  const bool replies_;
  const TypePolicy policy_;
  ChannelLimits limits_;  // written by the loop, under the lock

  // Shared with callers, on cache lines of their own.
  alignas(cache_line) mutable ShortLock mutex_;
  bool may_borrow_ = false;
  bool wakes_withheld_ = false;
  std::optional<Outcome> gate_;
  std::vector<Lot> lots_;          // the first: messages without a group
  std::size_t next_lot_ = 0;       // in the rotation between groups
  std::size_t waiting_bytes_ = 0;  // of all lots
  std::vector<Held> dropped_;      // made way on a caller's thread; ended by the next settle
  LedgerRow ledger_;
  LotCount room_;      // taken by all lots
  Share share_;        // what of it is within the channel's share, and what waits
  Loan loan_;          // what is beyond
  Share reply_share_;  // at the caller: for replies to come; in the channel of replies: for those to go
  std::size_t reply_bytes_ = 0;
  std::size_t idle_turns_ = 0;
  Instant earliest_queued_ = never;       // no later than what is queued, waits or is staged expires
  std::atomic<std::uint32_t> queued_{0};  // in the queues of all lots, to look without the lock

  // The loop's own.
  alignas(cache_line) Ring<Held> staged_;  // taken from the queue, not yet transmitted
  Ring<Held> sent_;
  ByRequest<Held> awaiting_reply_;              // by request id: delivered, not answered
  ByRequest<std::uint64_t> request_sequences_;  // request id -> sequence among the sent
  std::size_t cursor_ = 0;                      // sent_[cursor_..] must be sent (again)
  std::uint32_t chunk_offset_ = 0;              // of the message being cut, staged_.front() or sent_[cursor_]
  std::uint64_t next_sequence_ = 1;
  std::uint64_t unburied_ = 0;  // the ended message that was sent again, empty, for its credit
  std::uint64_t transmitted_bytes_ = 0;
  std::uint64_t credit_messages_ = initial_credit_messages;
  std::uint64_t credit_bytes_ = initial_credit_bytes;
  std::uint64_t asked_ = 0;     // the highest credit asked for and neither used nor given up
  std::uint64_t given_up_ = 0;  // in all since the session began
  bool say_given_up_ = false;
  bool said_withdrawn_ = false;
  Instant earliest_sent_ = never;
  TimeBuckets queue_waits_;
  Instant last_scan_{};
  LedgerRow pending_;                   // ends not yet published; `held` counts down modulo 2^64
  std::vector<LotCount> pending_room_;  // by lot
  std::size_t pending_replies_ = 0;
  ChannelGuard guard_;
  bool ever_sent_ = false;
};

}  // namespace hawser
