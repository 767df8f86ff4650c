// Inbox: what has come from one peer and what became of it. Deduplication, order, TTL, credit, handlers, verdicts.
//
// Per type one number says what was taken, so that a message sent again after a break is dropped; a queue holds what
// waits for its handler; verdicts are given in order of sequence, so that they can be acknowledged cumulatively, with
// ranges for everything that was not simply delivered. Exceptions are kept until the peer has confirmed the batch that
// carried them. A limit that was told is room that is kept: what is promised and what is held is charged to the pools
// of peer and node. Invariants: verdicts_ <= received_; no handler starts on an expired message; what is taken was
// granted: a peer that sends beyond its credit breaks the protocol. A handler may cause reset(): what it was started
// from outlives it. A message that nothing waits before is handled as it is read. What waits within the call that
// brought its frame lends its bytes from there, since counting references is a good part of what a small message costs;
// it takes them along when the call ends. Belongs to the loop.
#pragma once

#include <hawser/base/fault_point.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/base/pooled.hpp>
#include <hawser/base/ring.hpp>
#include <hawser/base/time.hpp>
#include <hawser/interconnect/delivery.hpp>
#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/grant_line.hpp>
#include <hawser/interconnect/handler.hpp>
#include <hawser/interconnect/intake_line.hpp>
#include <hawser/interconnect/registry.hpp>
#include <hawser/interconnect/reserve.hpp>
#include <hawser/interconnect/snapshot.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace hawser {

// An answer to a request that this node owes.
struct OutgoingReply {
  std::uint64_t request_id = 0;
  EncodedMessage reply;  // without a type: the handler failed
  Instant deadline{};
  std::size_t room = 0;  // kept for it since the request was taken
};

// What an answer without a type holds: nothing but why there is none.
BufferRef failed_reply(Cause cause);

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
  bool fenced = false;       // its sender was removed from the view it sent this in
};

class InboxHost : public HandlerExecutors {
 public:
  // The completion of an asynchronous handler finds its way back to handler_ended() on the loop.
  virtual HandlerDone handler_done(TypeId type, std::uint64_t sequence) = 0;
  // Room for an answer; false when there is none.
  virtual bool reserve_reply(std::size_t bytes) = 0;
  virtual void release_reply(std::size_t bytes) = 0;
  // There may be room for a large message now: look again, later in this turn.
  virtual void look_again() = 0;

  // Whether this node may act for the cluster now; only ungated types start their handlers while it may not.
  virtual bool may_act() { return true; }

  // Whether a message of this priority is let in; asked of every one that has room, but for replies and ungated types.
  virtual bool admits(std::uint8_t) { return true; }

  // When what admits() has refused may be sent again; zero: nothing is known.
  virtual Duration retry_after() { return Duration::zero(); }
  // Where requests that take their time stand in line; null: nowhere. `line_owner`: under which number.
  virtual IntakeLine* line() { return nullptr; }
  virtual std::uint32_t line_owner() const { return 0; }

  // Whether puts_off() may ever say yes.
  virtual bool may_put_off() const { return false; }
  // Only in a simulation: what could happen now waits for a later turn, which the host sees to.
  virtual bool puts_off(FaultPoint, std::string_view) { return false; }

 protected:
  ~InboxHost() = default;
};

class Inbox final : private GrantWaiter {
 public:
  // Of the handlers that end before they return to the loop, one in so many is timed.
  static constexpr std::uint32_t handler_sample = 16;

  struct Limits {
    std::size_t messages = 16'384;
    std::size_t bytes = 1u << 20;
    std::size_t message_bytes_max = 16u << 20;
    std::size_t reply_bytes = 4u << 10;
  };

  Inbox(const Registry& registry, const Limits& limits, InboxHost& host, Room room, GrantLine& line);
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // A new session: forgets sequences; handlers that run are told that nobody waits. Queued messages are dropped.
  void reset(const Delivery& from);

  // The peer has stopped on purpose: those who work on its requests are told that nobody waits.
  void nobody_waits();
  // A message, request, want or cancel record. False when it breaks the protocol: `problem` says how.
  bool take(const Record& record, const Arrival& arrival, std::string& problem);
  // Starts what can start. Call at the end of each frame, and whenever a handler has ended.
  void run(Instant now);
  // The node leaves: nothing is taken from now on, and what has not been started never will be.
  void close(Instant now);
  // How much of each channel was taken.
  std::vector<ChannelResume> taken() const;
  // The frame goes: queued messages that were lent their bytes from it hold on to it, or take a copy where it is much
  // larger than they are. After the last record of a frame was taken, whatever became of it.
  void detach();
  void handler_ended(TypeId type, std::uint64_t sequence, HandlerEnd end, Instant now);

  // Answers that are ready to be sent; taken by the caller.
  std::vector<OutgoingReply>& replies() noexcept { return replies_; }
  // Answers that have come, into an empty list.
  void take_answers(std::vector<InboundReply>& into);

  // The policy of the type has changed: how many handlers may run, and how much may come from now on.
  void follow_policy(TypeId type);

  // ---- room
  // Looks again for room that was not there: for credit, and for large messages. Cheap when nobody waits.
  void look_for_room();

  // ---- acknowledgement
  bool ack_due() const noexcept { return dirty_ > 0; }
  // Nothing is held, running or owed, and nobody waits for room. What waits for a time has a next_expiry().
  bool still() const noexcept;
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
  // Grows with every session that has ended: whoever takes the records of a frame stops where a handler ends theirs.
  std::uint64_t resets() const noexcept { return resets_; }
  std::size_t bytes_held() const noexcept { return bytes_held_; }
  Instant next_expiry() const noexcept;
  std::vector<InboundSnapshot> snapshot() const;

 private:
  // What only requests have.
  struct Asked : Pooled {
    std::uint64_t request_id = 0;
    std::size_t reply_bytes = 0;  // kept for the answer
    Cancellation cancellation;
    IntakePlace place;
  };
  // A message that waits for its handler. There are as many as messages come: a cache line.
  struct Item {
    InboundBytes bytes;
    Instant expires{};
    Instant born{};  // on our clock: when it came, less its age then
    std::uint64_t sequence = 0;
    std::unique_ptr<Asked> asked;                  // none: a plain message
    OutcomeKind verdict = OutcomeKind::delivered;  // other than delivered: decided on arrival
    Cause cause = Cause::none;
    std::uint16_t retry_after_ms = 0;
  };
  static_assert(sizeof(Item) == 64);
  struct Running {
    std::uint64_t sequence = 0;
    std::uint64_t request_id = 0;
    std::size_t bytes = 0;
    Instant deadline{};
    Cancellation cancellation;
    bool request = false;
    std::size_t reply_bytes = 0;
    Instant began{};
    IntakePlace place;
  };
  // A verdict that is not given yet, because it or an earlier one is not known.
  struct Pending {
    std::uint64_t sequence = 0;
    OutcomeKind kind = OutcomeKind::delivered;
    Cause cause = Cause::none;
    bool known = false;
    std::uint16_t retry_after_ms = 0;
  };
  struct Exception {
    VerdictRange range;
    std::uint64_t carried_in = 0;  // control batch; 0: not yet sent
  };
  // A message that comes in pieces. Without bytes it was dropped: its TTL has ended, its credit was given up, or there
  // is no room for it; its pieces are counted all the same, since they may be under way.
  struct Assembly {
    std::uint64_t sequence = 0;
    std::uint32_t filled = 0;
    std::uint32_t total = 0;
    Instant expires = never;
    BufferRef bytes;
  };
  struct Channel {
    explicit Channel(Room room) : share(room), loan(room) {}

    TypeId type = TypeId::none;
    std::string name;
    LaneClass lane = LaneClass::ordinary;
    std::uint32_t concurrency = 1;
    bool ungated = false;
    std::uint8_t priority = 4;
    const std::unique_ptr<Handler>* handler_place = nullptr;  // of the registry, once it knows the type
    std::size_t share_messages = 0;
    std::size_t share_bytes = 0;
    std::size_t reply_bytes = 0;
    std::uint64_t received = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t given_up = 0;  // credit in bytes that the peer will not use
    std::uint64_t verdicts = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t told_messages = 0;  // the credit that the peer may know of
    std::uint64_t told_bytes = 0;
    std::size_t window_messages = 0;  // of credit at a time; grows up to the share while it is used
    std::size_t window_bytes = 0;
    std::size_t fresh_messages = 0;  // since it has grown
    std::size_t fresh_bytes = 0;
    std::size_t bytes_in_flight = 0;
    std::size_t undetached = 0;  // at the end of the queue
    Share share;
    Loan loan;
    Ring<Item> queue;
    std::vector<Running> running;
    Ring<Pending> pending;
    std::vector<Exception> exceptions;
    Assembly assembly;
    bool replies = false;
    bool dirty = false;
    bool starved = false;  // found no room for its credit
    std::array<std::uint64_t, outcome_kind_count> counts{};
    TimeBuckets handler_times;
    std::uint32_t handled_on_loop = 0;  // modulo 2^32

    std::uint64_t used() const noexcept { return received_bytes + given_up; }
    // What is held, and what may still come: never more than share and loan together, once the share covers anything.
    std::size_t claim() const noexcept { return static_cast<std::size_t>(told_bytes - used()) + bytes_in_flight; }
  };

  using Channels = std::map<TypeId, Channel>;

  static constexpr std::size_t exceptions_max = 1024;  // beyond it no credit is given until the peer confirms some
  static constexpr std::size_t types_max = resume_entries_max;
  // Null when the peer uses too many types.
  Channel* channel(TypeId type, bool replies, LaneClass lane);
  void take_policy(Channel& channel);
  bool within_credit(const Channel& channel, const Record& record, std::uint64_t used) const noexcept;
  bool assemble(Channel& channel, const Record& record, const Arrival& arrival, std::string& problem,
                InboundBytes& whole);
  void begin_assembly(Channel& channel, const Record& record, const Arrival& arrival);
  void drop_assembly(Channel& channel);
  void drop_expired_assemblies(Instant now);
  void count(Channel& channel, const Record& record, std::size_t size);
  static Instant born(const Record& record, const Arrival& arrival) noexcept;
  bool starts_at_once(Channel& channel, const Record& record, const Arrival& arrival);
  void accept(Channel& channel, const Record& record, const Arrival& arrival, InboundBytes bytes);
  bool accept_request(Channel& channel, const Record& record, Item& item);
  void accept_reply(Channel& channel, const Record& record, InboundBytes bytes);
  // `others_ran`: a handler has run since `now` was read.
  void run(Channel& channel, Instant now, bool& others_ran);
  Handler* handler(Channel& channel) const;
  Instant start_in_time(Channel& channel, Item& item, Instant now, bool& others_ran);
  void start(Channel& channel, Item& item, Instant now);
  void verdict(Channel& channel, std::uint64_t sequence, OutcomeKind kind, Cause cause,
               std::uint16_t retry_after_ms = 0);
  void decide(Channel& channel, std::uint64_t sequence, OutcomeKind kind, Cause cause);
  void give_verdict(Channel& channel, std::uint64_t sequence, OutcomeKind kind, Cause cause,
                    std::uint16_t retry_after_ms);
  // Tells handlers whose request's deadline has passed that nobody waits.
  void cancel_late(Channel& channel, Instant now);
  Instant time_now(Instant turn, Instant expires) const;
  static Running work_on(const Item& item, const Asked* asked);
  // False when a request is refused a place in the house: `item` is told when it may come again.
  bool takes_place(Channel& channel, Asked& asked, Item& item);
  void answer(const Running& work, HandlerEnd end);
  void release(Channel& channel, std::size_t bytes);
  void drop_content(Channel& channel, Item& item);
  void make_own(InboundBytes& bytes) const;
  void release_reply(std::size_t bytes);
  void cancel(std::uint64_t request_id);

  // room and credit (inbox_credit.cpp)
  bool covered(Channel& channel);
  bool want(Channel& channel, const Record& record, std::string& problem);
  void grant(Channel& channel, std::uint64_t wanted_bytes);
  void grant_waiting();
  bool try_grant(Channel& channel, std::uint64_t wanted_bytes);
  void fit_room(Channel& channel);
  bool pressed() const noexcept;
  void offer(Channel& channel);
  void room_freed() override { host_.look_again(); }
  ChannelResume tell_credit(Channel& channel);
  void mark(Channel& channel);
  static std::uint64_t said_verdicts(const Channel& channel) noexcept {
    return mutant(Mutant::ack_before_handled) ? channel.received : channel.verdicts;
  }

  const Registry& registry_;
  const Limits limits_;
  InboxHost& host_;
  const Room room_;
  GrantLine& line_;
  Delivery from_;
  Channels channels_;
  std::vector<Channels> buried_;  // of sessions that ended while a handler of theirs was being started
  unsigned starting_ = 0;         // handlers on the stack
  std::uint64_t resets_ = 0;
  Delivery next_from_;       // while a handler reads from_
  Instant now_{};            // when we were last told
  Instant ran_since_{};      // the time that was told when a handler was last started as its message was read
  BufferRef lent_;           // the frame whose records are being taken
  Channel* last_ = nullptr;  // the channel of the record before: most often this one's too
  std::vector<OutgoingReply> replies_;
  std::vector<InboundReply> answers_;
  std::vector<VerdictRange> scratch_;
  std::size_t dirty_ = 0;
  std::size_t running_ = 0;
  std::size_t bytes_held_ = 0;
  std::size_t assembling_ = 0;  // messages of which pieces are held
  std::size_t starved_ = 0;     // channels
  std::size_t reply_room_ = 0;  // kept for requests that wait or run
  Loan answers_loan_;           // for answers in pieces
  std::vector<Channel*> undetached_;
  bool closed_ = false;
  std::vector<std::pair<TypeId, std::uint64_t>> grants_waiting_;
};

}  // namespace hawser
