// Inbox: what has come from one peer and what became of it. Deduplication, order, TTL, credit, handlers, verdicts.
//
// Per type one number says what was taken, so that a message sent again after a break is dropped; a queue holds what
// waits for its handler; verdicts are given in order of sequence, so that they can be acknowledged cumulatively, with
// ranges for everything that was not simply delivered. Exceptions are kept until the peer has confirmed the batch that
// carried them. Invariants: verdicts_ <= received_; no handler starts on an expired message; what is taken was granted:
// a peer that sends beyond its credit breaks the protocol. A handler may cause reset(): what it was started from
// outlives it. Belongs to the loop.
#pragma once

#include <hawser/base/ring.hpp>
#include <hawser/base/time.hpp>
#include <hawser/interconnect/delivery.hpp>
#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/handler.hpp>
#include <hawser/interconnect/registry.hpp>
#include <hawser/interconnect/snapshot.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace hawser {

// An answer to a request that this node owes.
struct OutgoingReply {
  std::uint64_t request_id = 0;
  EncodedMessage reply;  // without a type: the handler failed
  Instant deadline{};
};

// The answer to a request of ours.
struct InboundReply {
  std::uint64_t request_id = 0;
  TypeId type = TypeId::none;  // none: the handler failed, and `cause` says why
  Cause cause = Cause::none;
  InboundBytes bytes;
};

// What the inbox needs of the frame a record came in.
struct Arrival {
  const BufferRef& frame;
  LaneClass lane = LaneClass::ordinary;
  Instant now{};
  Duration under_way{0};     // beyond the base delay, charged to the TTL
  std::int64_t sent_at = 0;  // session clock of the sender
};

class InboxHost : public HandlerExecutors {
 public:
  // The completion of an asynchronous handler finds its way back to handler_ended() on the loop.
  virtual HandlerDone handler_done(TypeId type, std::uint64_t sequence) = 0;

 protected:
  ~InboxHost() = default;
};

class Inbox {
 public:
  struct Limits {
    std::size_t messages = 4096;
    std::size_t bytes = 1u << 20;
    std::size_t message_bytes_max = 16u << 20;
  };

  Inbox(const Registry& registry, const Limits& limits, InboxHost& host);

  // A new session: forgets sequences; handlers that run are told that nobody waits. Queued messages are dropped.
  void reset(const Delivery& from);

  // The peer has stopped on purpose: those who work on its requests are told that nobody waits.
  void nobody_waits();
  // A message, request, want or cancel record. False when it breaks the protocol: `problem` says how.
  bool take(const Record& record, const Arrival& arrival, std::string& problem);
  // Starts what can start. Call at the end of each frame, and whenever a handler has ended.
  void run(Instant now);
  // Queued messages let go of the frame they came in, which may be much larger than they are.
  void detach();
  void handler_ended(TypeId type, std::uint64_t sequence, HandlerEnd end, Instant now);

  // Answers that are ready to be sent; taken by the caller.
  std::vector<OutgoingReply>& replies() noexcept { return replies_; }
  // Answers that have come; taken by the caller.
  std::vector<InboundReply>& answers() noexcept { return answers_; }

  // ---- acknowledgement
  bool ack_due() const noexcept { return dirty_ > 0; }
  // Adds what has changed to a data batch that leaves anyway, and so saves one of the control lane. Only channels
  // without exceptions: those need the control lane, whose batches are confirmed and in order.
  void acknowledge_along(BatchWriter& batch);
  // Adds what has changed to a control batch, up to `budget` bytes.
  void acknowledge(BatchWriter& batch, std::size_t budget, std::uint64_t batch_number);
  // The peer has taken control batches up to this one.
  void confirmed(std::uint64_t batch_number);
  // The control lane was broken: say everything again.
  void repeat_all();
  std::vector<ChannelResume> resume(LaneClass lane);
  // A lane of the peer was opened anew: what was partly received on it will come whole.
  void lane_reopened(LaneClass lane);

  std::size_t queued() const noexcept;
  std::size_t running() const noexcept { return running_; }
  std::size_t bytes_held() const noexcept { return bytes_held_; }
  Instant next_expiry() const noexcept;
  std::vector<InboundSnapshot> snapshot() const;

 private:
  struct Item {
    InboundBytes bytes;
    Instant expires{};
    Instant arrived{};
    Duration age{0};  // when it arrived
    std::uint64_t sequence = 0;
    std::uint64_t request_id = 0;
    Cancellation cancellation;
    OutcomeKind verdict = OutcomeKind::delivered;  // other than delivered: decided on arrival
    Cause cause = Cause::none;
    bool request = false;
  };
  struct Running {
    std::uint64_t sequence = 0;
    std::uint64_t request_id = 0;
    std::size_t bytes = 0;
    Instant deadline{};
    Cancellation cancellation;
    bool request = false;
  };
  struct Exception {
    VerdictRange range;
    std::uint64_t carried_in = 0;  // control batch; 0: not yet sent
  };
  struct Assembly {
    std::uint64_t sequence = 0;
    std::uint32_t filled = 0;
    BufferRef bytes;
  };
  struct Channel {
    TypeId type = TypeId::none;
    std::string name;
    LaneClass lane = LaneClass::ordinary;
    std::uint32_t concurrency = 1;
    const std::unique_ptr<Handler>* handler_place = nullptr;  // of the registry, once it knows the type
    std::uint64_t received = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t verdicts = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t granted_extra = 0;
    std::uint64_t told_messages = 0;  // the credit that the peer may know of
    std::uint64_t told_bytes = 0;
    std::size_t bytes_in_flight = 0;
    Ring<Item> queue;
    std::vector<Running> running;
    std::vector<Exception> exceptions;
    Assembly assembly;
    bool dirty = false;
    std::array<std::uint64_t, outcome_kind_count> counts{};
  };

  using Channels = std::map<TypeId, Channel>;

  static constexpr std::size_t exceptions_max = 1024;  // beyond it no credit is given until the peer confirms some
  static constexpr std::size_t types_max = resume_entries_max;
  // A grant that nothing was sent upon for so long goes to the next who wants one.
  static constexpr Duration grant_patience{5'000'000};

  // Null when the peer uses too many types.
  Channel* channel(TypeId type, bool replies, LaneClass lane);
  bool within_credit(const Channel& channel, const Record& record) const noexcept;
  bool assemble(Channel& channel, const Record& record, std::string& problem, InboundBytes& whole);
  void accept(Channel& channel, const Record& record, const Arrival& arrival, InboundBytes bytes);
  void run(Channel& channel, Instant now);
  Handler* handler(Channel& channel) const;
  void start(Channel& channel, Item& item, Instant now);
  void verdict(Channel& channel, std::uint64_t sequence, OutcomeKind kind, Cause cause);
  void answer(const Running& work, HandlerEnd end);
  void release(Channel& channel, std::size_t bytes);
  void cancel(std::uint64_t request_id);
  void grant(Channel& channel, std::uint64_t wanted_bytes);
  void grant_waiting();
  void end_grant(Channel& channel);
  std::uint64_t credit_messages(const Channel& channel) const;
  std::uint64_t credit_bytes(const Channel& channel) const;
  ChannelResume tell_credit(Channel& channel);
  void mark(Channel& channel);

  const Registry& registry_;
  const Limits limits_;
  InboxHost& host_;
  Delivery from_;
  Channels channels_;
  std::vector<Channels> buried_;  // of sessions that ended while a handler of theirs was being started
  unsigned starting_ = 0;         // handlers on the stack
  std::uint64_t resets_ = 0;
  Delivery next_from_;       // while a handler reads from_
  Instant now_{};            // when we were last told
  Channel* last_ = nullptr;  // the channel of the record before: most often this one's too
  std::vector<OutgoingReply> replies_;
  std::vector<InboundReply> answers_;
  std::vector<VerdictRange> scratch_;
  std::size_t dirty_ = 0;
  std::size_t running_ = 0;
  std::size_t bytes_held_ = 0;
  TypeId grant_holder_ = TypeId::none;  // one large message at a time per peer
  Instant grant_used_{};                // when its holder got it, or last sent a piece
  std::vector<std::pair<TypeId, std::uint64_t>> grants_waiting_;
};

}  // namespace hawser
