// Channel: one message type to one peer. A bounded queue, its own sequence numbers, its own credit: the bulkhead.
//
// A message is unsent (waiting, queued), then sent (its sequence number given at first transmission, kept until its
// verdict is known), then ended with one outcome. Room is reserved on the caller's thread before anything is queued, so
// that admission is immediate and the queue bounded; the rest belongs to the loop.
// Invariants: sequences of sent_ are consecutive; unsent messages have none; held messages = unsent + sent, not yet
// ended; a message leaves the books once, when settle() publishes its end. Thread safety: admit, ledger and gate are
// for any thread; everything else for the loop.
#pragma once

#include <hawser/base/buffer.hpp>
#include <hawser/base/pooled.hpp>
#include <hawser/base/random.hpp>
#include <hawser/base/ring.hpp>
#include <hawser/base/time.hpp>
#include <hawser/interconnect/channel_guard.hpp>
#include <hawser/interconnect/completion.hpp>
#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/ledger.hpp>
#include <hawser/interconnect/reserve.hpp>
#include <hawser/interconnect/snapshot.hpp>
#include <hawser/interconnect/type_policy.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace hawser {

// One message held by a channel.
struct Outgoing {
  BufferRef payload;
  CompletionPtr completion;  // none: nobody waits
  Instant submitted{};
  Instant expires{};
  Instant sent_at{};  // last transmission
  std::uint64_t sequence = 0;
  std::uint64_t request_id = 0;
  std::uint64_t key = 0;
  TypeId type = TypeId::none;  // of the payload; the channel's own except for replies
  PermitsPtr permits;          // while a breaker is not closed
  std::uint32_t bytes = 0;
  RecordKind kind = RecordKind::message;
  bool ended = false;  // its outcome is known; it only keeps its place among the sent
  bool slow = false;   // counted as slow already
  bool roomy = false;  // room is reserved for it
};

// The ends of one turn, carried out after it: completions call user code.
struct Ending {
  CompletionPtr completion;
  Outcome outcome;
  InboundBytes reply;
};
using Endings = std::vector<Ending>;

struct ChannelLimits {
  std::size_t messages = 4096;
  std::size_t bytes = 1u << 20;
  std::size_t message_bytes_max = 16u << 20;
  std::size_t chunk_bytes = 64u << 10;
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
          const BreakerConfig& breaker, CircuitBreaker& peer_breaker, std::uint64_t seed, Reserve& peer, Reserve& node);

  // ---- any thread
  // Takes the message, or ends it at once with the outcome returned (`delivered` means taken). The completion stays in
  // `message` when it was not taken.
  Outcome admit(Outgoing& message, Instant now);
  LedgerRow ledger() const;

  // ---- loop
  TypeId type() const noexcept { return type_; }
  const std::string& name() const noexcept { return name_; }
  bool replies() const noexcept { return replies_; }
  const TypePolicy& policy() const noexcept { return policy_; }

  std::optional<Outcome> gate() const;
  // The reason for which admission refuses now, if any. `may_borrow`: whether the peer has a session.
  void set_gate(const std::optional<Outcome>& refusal, bool may_borrow);

  // Whether a batch would find something here now.
  bool sendable() const;
  // Writes records into the batch while they fit into `budget` bytes. Returns the bytes written.
  std::size_t fill(BatchWriter& batch, std::size_t budget, const SendContext& context, Endings& endings);
  // Bytes the receiver has to grant before the next message, which is larger than its share, can leave; 0 if none
  // waits.
  std::uint64_t wanted_credit() const;

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

  // Ends what is unsent. `forced`: even what is held until its TTL.
  void end_unsent(const Outcome& outcome, bool forced, Instant now, Endings& endings);
  // Ends what was sent; the sequence begins anew: another incarnation, or another session.
  void end_sent(const Outcome& outcome, Instant now, Endings& endings);

  // Publishes this turn's ends: room is free again, the books show it, waiting messages move up. True when some did: a
  // batch would find them now.
  bool settle(Instant now, Endings& endings);

  ChannelGuard& guard() noexcept { return guard_; }
  const ChannelGuard& guard() const noexcept { return guard_; }
  bool active() const noexcept { return ever_sent_; }

  ChannelSnapshot snapshot(Instant now) const;
  std::uint64_t held() const;
  // Places taken in the queues of the unsent, with those of messages that have ended: bounded, whatever callers do.
  std::size_t unsent_slots() const;

 private:
  template <typename T>
  using ByRequest = std::map<std::uint64_t, T, std::less<>, PoolAllocator<std::pair<const std::uint64_t, T>>>;

  std::optional<Outcome> refusal(const Outgoing& message, Instant now) const;
  // `freed_...`: what is about to be released beside.
  bool take_room(std::size_t bytes, Cause& why, std::size_t freed_messages = 0, std::size_t freed_bytes = 0);
  bool may_wait(std::size_t bytes) const noexcept;
  void release_room(std::size_t messages, std::size_t bytes);
  bool make_room(const Outgoing& message, Cause& why);
  void drop_queued(std::size_t index, Cause why);
  void push_queued(Outgoing&& message);
  bool admit_waiting();
  static void drop_ended(Ring<Outgoing>& unsent);

  void stage();
  bool may_send(const Outgoing& message) const noexcept;
  std::size_t write(BatchWriter& batch, Outgoing& message, std::size_t budget, const SendContext& context, bool& whole);
  std::size_t resend(BatchWriter& batch, std::size_t budget, const SendContext& context, Endings& endings);
  void to_sent(Outgoing&& message, Instant now);
  void end_front_staged(const Outcome& outcome, Instant now, Endings& endings);

  void end(Outgoing& message, const Outcome& outcome, Instant now, Endings& endings, InboundBytes reply = {});
  void expire_unsent(Instant now, Endings& endings);
  void expire_sent(Instant now, Duration verdict_window, Endings& endings, std::vector<std::uint64_t>& cancelled);
  void expire_one(Outgoing& message, Instant now, Duration verdict_window, Endings& endings,
                  std::vector<std::uint64_t>& cancelled);
  Instant next_look(const Outgoing& message, Duration verdict_window) const noexcept;

  const TypeId type_;
  const std::string name_;
  const bool replies_;
  const TypePolicy policy_;
  const ChannelLimits limits_;
  Reserve& peer_reserve_;
  Reserve& node_reserve_;

  // Shared with callers.
  mutable std::mutex mutex_;
  std::optional<Outcome> gate_;
  bool may_borrow_ = false;
  Ring<Outgoing> queue_;
  Ring<Outgoing> waiting_;  // Overflow::wait: without room yet; bounded as what has room is
  std::size_t waiting_bytes_ = 0;
  std::vector<Outgoing> dropped_;  // made way on a caller's thread; ended by the next settle
  LedgerRow ledger_;
  std::size_t room_messages_ = 0;
  std::size_t room_bytes_ = 0;
  std::size_t borrowed_ = 0;
  Instant earliest_queued_ = never;       // no later than what is queued, waits or is staged expires
  std::atomic<std::uint32_t> queued_{0};  // queue_.size(), to look without the lock

  // The loop's own.
  Ring<Outgoing> staged_;  // taken from the queue, not yet transmitted
  Ring<Outgoing> sent_;
  ByRequest<Outgoing> awaiting_reply_;          // by request id: delivered, not answered
  ByRequest<std::uint64_t> request_sequences_;  // request id -> sequence among the sent
  std::size_t cursor_ = 0;                      // sent_[cursor_..] must be sent (again)
  std::uint32_t chunk_offset_ = 0;              // of the message being cut, staged_.front() or sent_[cursor_]
  std::uint64_t next_sequence_ = 1;
  std::uint64_t transmitted_bytes_ = 0;
  std::uint64_t credit_messages_ = initial_credit_messages;
  std::uint64_t credit_bytes_ = initial_credit_bytes;
  Instant earliest_sent_ = never;
  Instant last_scan_{};
  LedgerRow pending_;  // ends not yet published; `held` counts down modulo 2^64
  std::size_t pending_room_messages_ = 0;
  std::size_t pending_room_bytes_ = 0;
  ChannelGuard guard_;
  bool ever_sent_ = false;
};

}  // namespace hawser
