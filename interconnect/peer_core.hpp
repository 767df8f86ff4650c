// PeerCore: one remote node as this one sees it. Lanes to it, the session with it, channels, inbox, judge and breaker.
//
// All of it belongs to the loop but admission (channel_for, admit), which any thread may call. It owns no socket: what
// is to be sent goes through NodeCore, what has come is handed in. flush() is where a turn's consequences leave; what
// the control lane has to say waits for finish_turn(), since an acknowledgement may ride on a message that user code
// sends.
#pragma once

#include <hawser/base/fault_point.hpp>
#include <hawser/base/random.hpp>
#include <hawser/base/ring.hpp>
#include <hawser/base/time.hpp>
#include <hawser/detector/peer_judge.hpp>
#include <hawser/interconnect/channel.hpp>
#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/grant_line.hpp>
#include <hawser/interconnect/inbox.hpp>
#include <hawser/interconnect/lane.hpp>
#include <hawser/interconnect/message.hpp>
#include <hawser/interconnect/peer.hpp>
#include <hawser/interconnect/session_clock.hpp>
#include <hawser/interconnect/snapshot.hpp>
#include <hawser/interconnect/wake_moderation.hpp>
#include <hawser/resilience/circuit_breaker.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace hawser {

class NodeCore;

class PeerCore final : public InboxHost, public std::enable_shared_from_this<PeerCore> {
 public:
  // `index`: its place among the node's peers; it travels in request ids and orders what a turn does.
  PeerCore(NodeCore& node, const PeerConfig& config, std::uint32_t index, Instant now);
  PeerCore(const PeerCore&) = delete;
  PeerCore& operator=(const PeerCore&) = delete;
  ~PeerCore();

  const NodeId& id() const noexcept { return id_; }
  std::uint32_t index() const noexcept { return index_; }
  bool is_self() const noexcept { return self_; }

  // ---- any thread
  // The channel of a type, made at its first use.
  Channel& channel_for(TypeInfo type) {
    Channel* const quick = quick_place(type.id).load(std::memory_order_acquire);
    return quick != nullptr && quick->type() == type.id ? *quick : find_or_make_channel(type);
  }
  // Admits one message; `wake` is set when the loop must be told of it.
  Outcome admit(TypeInfo type, Outgoing& message, Duration ttl, Instant deadline, bool& wake);
  // True for the first message since the loop has looked: it must be told.
  bool note_ready() noexcept { return !ready_.exchange(true, std::memory_order_acq_rel); }
  void clear_ready() noexcept { ready_.store(false, std::memory_order_release); }
  // The thread that tells the loop is not the loop's own.
  void note_outside() noexcept { outside_.store(true, std::memory_order_relaxed); }

  // ---- the loop: what happens to our links
  void link_up(LaneClass lane, Instant now);
  void link_down(LaneClass lane, LinkFailure why, std::string_view detail, Instant now);
  void link_writable(LaneClass lane, Instant now);
  void refused(LaneClass lane, const Refusal& refusal, Instant now);

  // ---- the loop: what the peer sends
  // A hello for a lane on a new connection. `none` accepts it.
  RefusalReason hello(ConnectionId connection, const Hello& hello, Instant now);
  // A frame of a connection whose hello was accepted. False when it breaks the protocol.
  // `quiet`: it was a heartbeat and nothing else, which asks for no flush.
  bool frame(LaneClass lane, const FrameInfo& info, const BufferRef& frame, Instant now, std::string& problem,
             bool& quiet);
  void connection_closed(LaneClass lane, ConnectionId connection);
  void handler_ended(TypeId type, std::uint64_t sequence, std::uint64_t agreement, HandlerEnd end, Instant now);
  // The caller of a message has given up. `only_unsent`: what has left goes on.
  void cancel(TypeId type, std::uint64_t ticket, bool only_unsent, Instant now);

  // ---- the loop: time and turns
  void tick(Instant now);
  // Nothing but a heartbeat is due, and nothing else waits for a turn: neither tick nor flush would change anything.
  bool still() const noexcept { return still_; }
  bool only_beats(Instant now) const noexcept { return still_ && wake_others_ > now; }
  void flush(Instant now);
  // Once per turn, after user code had its say.
  void finish_turn(Instant now);
  Instant next_wake();
  void excuse(Duration stalled) { judge_.excuse(stalled); }
  // Another node hears that life of it.
  void vouched(Incarnation incarnation, Instant now);
  // Another node has heard that life of it at `then`.
  void seen_alive(Incarnation incarnation, Instant then, Instant now);
  std::optional<Instant> heard_at() const noexcept { return heard_at_; }
  // It has not been heard for long: when have others? Said with this turn; what does not fit is asked the next time.
  void ask_about(const PeerCore& silent);
  bool doubts(Instant now) const { return judge_.doubts(now); }
  bool silent_of_late(Instant now) const noexcept { return judge_.silent_of_late(now); }
  bool silent_since(Instant since) const noexcept { return judge_.silent_since(since); }

  // ---- the loop: what the node decides
  void open_to_self(Instant now);  // this "peer" is the node itself
  void set_endpoint(const Endpoint& endpoint, Instant now);
  void follow_policy(TypeInfo type);                     // it was set anew
  void refuse_new(const Outcome& outcome, Instant now);  // from now on, for good
  void say_goodbye(Instant now);
  // Ends everything held and closes every connection.
  void finish(const Outcome& unsent, const Outcome& sent, Instant now);
  bool at_rest() const;  // nothing held, nothing running, nothing owed

  // What isolation has to say to it leaves with this turn, or is lost.
  void say_pulse(const BufferRef& bytes);
  // This node may act for the cluster, or may not any more: unsent messages end, unless their type is ungated.
  void stance_changed(Instant now);
  // A view without the peer has been entered: what is for it belongs to an older one.
  void removed_from_view(Instant now);
  bool linked() const noexcept { return up() || judge_.state() == PeerState::suspect; }

  PeerState state() const noexcept { return judge_.state(); }
  bool up() const noexcept { return judge_.state() == PeerState::up; }
  Incarnation incarnation() const noexcept { return peer_incarnation_; }
  Hears hears() const { return {id_, peer_incarnation_, judge_.state()}; }
  PeerHealth health(Instant now) const;
  // Of the channels of that type, or of all and of the peer when it is empty: how many were not closed and are now.
  std::size_t reset_breakers(const std::string& type, Instant now);
  PeerSnapshot snapshot(Instant now) const;
  LedgerRow ledger() const;
  std::size_t inbound_bytes() const noexcept { return inbox_.bytes_held(); }
  std::size_t held_bytes() const { return ledger().held.bytes + inbox_.bytes_held(); }
  Cause unreachable_cause() const noexcept;

  // InboxHost
  HandlerDone handler_done(TypeId type, std::uint64_t sequence) override;
  boost::asio::any_io_executor loop() override;
  boost::asio::any_io_executor pool() override;
  bool reserve_reply(std::size_t bytes) override { return reply_channel_->reserve_reply(bytes); }
  void release_reply(std::size_t bytes) override { reply_channel_->release_reply(bytes); }
  void look_again() override;
  bool may_put_off() const override;
  bool puts_off(FaultPoint point, std::string_view subject) override;
  bool may_act() override;
  bool admits(std::uint8_t priority) override;
  Duration retry_after() override;
  IntakeLine* line() override;
  std::uint32_t line_owner() const override { return index_; }

 private:
  struct Inbound {
    ConnectionId connection = ConnectionId::none;
    std::uint64_t nonce = 0;
    std::int64_t hello_sent_at = 0;
    std::uint64_t batches_before = 0;  // what earlier connections of this lane have carried is late, whatever arrived
    bool welcome_due = false;
  };
  struct Slot {  // a channel's place in its lane's rotation
    Channel* channel = nullptr;
    std::size_t deficit = 0;
  };
  struct Beat {
    std::uint64_t sequence = 0;
    Instant sent{};
  };

  std::atomic<Channel*>& quick_place(TypeId type) noexcept {
    const std::uint64_t mixed = to_number(type) * 0x9e3779b97f4a7c15u;
    return quick_channels_[mixed >> 58];
  }
  Channel& find_or_make_channel(TypeInfo type);
  ChannelLimits limits_of(const TypePolicy& policy) const;
  Lane& lane(LaneClass lane) noexcept { return lanes_[static_cast<std::size_t>(lane)]; }
  const Lane& lane(LaneClass lane) const noexcept { return lanes_[static_cast<std::size_t>(lane)]; }
  Inbound& inbound(LaneClass lane) noexcept { return inbound_[static_cast<std::size_t>(lane)]; }
  std::int64_t session_now(Instant now) const noexcept { return to_us(now) - to_us(session_began_); }
  std::uint64_t next_session();

  // session (peer_session.cpp)
  void new_session(Incarnation incarnation, std::uint64_t session, bool knows_us, Instant now, Cause why);
  void end_connections(bool newer);
  void say_hello(LaneClass lane, Instant now);
  void say_hello_later(LaneClass lane);
  void send_welcomes(Instant now);
  bool welcome(const Welcome& welcome, Instant now, std::string& problem);
  void control_opened(Instant now);
  void data_opened(LaneClass lane, const Welcome& welcome, Instant now);
  void fail_lane(Lane& lane, Lane::Severity severity, std::string_view cause, std::string detail, Instant now);
  void goodbye(const Goodbye& said, Instant now);
  void heard_heartbeat(const Heartbeat& heartbeat, const BatchHeader& header, Instant now);
  void end_gated(const Outcome& unsent, Instant now);
  void after_judgement(Instant now);
  // One-way cuts (peer_hears.cpp).
  void look_at_judge(Instant now);
  bool beats_on_unheard(const Heartbeat& heartbeat, const BatchHeader& header, Instant now) const;
  void hear_questions(const Heartbeat& heartbeat, Instant now);
  bool has_questions() const noexcept {
    const bool lanes = !data_idle_ || lanes_told_ != 0;  // else they are not worth reading
    return !asks_.empty() || !asked_.empty() || (lanes && lanes_silent() != lanes_told_);
  }
  void say_questions(Heartbeat& heartbeat, Instant now);
  std::uint8_t lanes_silent() const noexcept;
  void note_lanes(std::uint8_t before, std::uint8_t after, std::string_view cut, const std::string& what);
  void look_at_lane(Lane& each, Instant now);
  Instant lane_silent_at(const Lane& each) const;

  // traffic (peer_traffic.cpp)
  bool batch(LaneClass lane, const FrameInfo& info, const BufferRef& frame, Instant now, std::string& problem,
             bool& quiet);
  bool take_records(BatchReader& reader, const Arrival& arrival, std::string& problem);
  bool is_still(Instant now) const;
  Instant wake_data_lanes() const;
  bool acknowledged(const Ack& ack, Instant now, std::string& problem);
  void take_answers(Instant now);
  void send_replies(Instant now);
  void send_reply(OutgoingReply&& reply, Instant now);
  void moderate_wakes(Instant now);
  void dial_due_lanes(Instant now);
  void flush_control(Instant now);
  void flush_data(Lane& lane, Instant now);
  std::size_t fill_batch(Lane& lane, BatchWriter& writer, Instant now);
  bool beat_due(Instant now) const noexcept;
  Instant beat_after(Instant now) const noexcept;
  void probe(Lane& lane, Instant now);
  void begin_batch(Lane& lane, BatchWriter& writer, Instant now, std::optional<Heartbeat> heartbeat, std::size_t hint);
  bool hand_over(Lane& lane, std::uint64_t batch, BufferRef frame, Instant now);
  bool retry_pending(Lane& lane);
  void refresh_channels();
  void update_gates(Instant now);
  std::optional<Outcome> gate() const;
  std::optional<Outcome> gate_of(const TypePolicy& policy) const;
  std::vector<Slot>& slots(LaneClass lane) noexcept { return slots_[static_cast<std::size_t>(lane)]; }
  Duration verdict_window() const noexcept;
  Duration silence_limit() const noexcept;
  Duration confirmed_for() const noexcept;
  Instant arrival_time(Instant now) const;  // on the clock that the ages of messages are reckoned with
  // Heartbeats on the open control lane are not answered.
  bool unanswered_too_long(Instant now) const;

  NodeCore& node_;
  const std::uint32_t index_;
  const bool self_;
  // As of the last turn that looked: channels and inbox have nothing to do until they are used. A cluster at rest is
  // nothing but heartbeats, so those must not walk through everything that could have something to do.
  bool still_ = false;
  bool data_idle_ = true;           // both data lanes, as of that turn
  bool acknowledge_lanes_ = false;  // a data batch has come: say so
  bool goodbye_due_ = false;
  std::array<std::uint64_t, lane_count> received_{};  // highest batch numbers over the session's life

  const NodeId id_;
  Endpoint endpoint_;
  Random random_;
  const std::shared_ptr<NodePools> pools_;  // a handle to a peer may be dropped after its node
  Pool out_;
  Pool in_;
  CircuitBreaker breaker_;  // of the whole peer
  BreakerState breaker_seen_ = BreakerState::closed;

  // Channels: callers add, the loop follows.
  mutable std::mutex channels_mutex_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::atomic<std::size_t> channel_count_{0};
  // Where callers find the channels of most types without the lock; a channel lives as long as its peer.
  std::array<std::atomic<Channel*>, 64> quick_channels_{};
  std::vector<Channel*> known_channels_;  // the loop's copy
  std::array<std::vector<Slot>, lane_count> slots_;
  std::array<std::size_t, lane_count> rotation_{};
  Channel* reply_channel_ = nullptr;
  std::atomic<bool> ready_{false};
  std::atomic<bool> outside_{false};
  WakeModeration moderation_;
  std::atomic<std::uint64_t> requests_{0};
  // Written by the loop under channels_mutex_: what a channel made meanwhile begins with.
  std::optional<Outcome> refuse_new_;
  std::optional<Outcome> gate_;
  bool gate_may_borrow_ = false;
  bool isolated_ = false;  // this node may not act for the cluster

  // The session.
  std::uint64_t session_;
  Instant session_began_;
  Incarnation peer_incarnation_ = Incarnation::unknown;
  std::uint64_t peer_session_ = 0;
  std::uint64_t agreements_ = 0;  // sessions begun; tells handlers of an earlier one apart
  std::uint8_t version_ = wire_version_max;
  SessionClock clock_;
  std::array<Lane, lane_count> lanes_;
  std::array<BatchWriter, lane_count> writers_;
  std::array<BufferRef, lane_count> pending_;  // a frame the transport had no room for
  std::array<std::uint64_t, lane_count> pending_batch_{};
  std::array<Inbound, lane_count> inbound_;
  std::uint64_t sessions_ = 0;
  Instant established_at_ = never;
  std::string refusal_text_;
  bool departed_ = false;  // the incarnation that we know has said goodbye

  // Is it alive?
  PeerJudge judge_;
  Instant next_beat_ = never;
  std::uint64_t hears_told_ = 0;  // the version last said on this connection of the control lane; 0: none
  std::uint64_t beats_ = 0;
  std::uint64_t beats_answered_ = 0;
  TimeBuckets round_trips_;
  Ring<Beat> unanswered_;
  std::uint64_t last_heard_ = 0;
  std::int64_t beat_sent_at_ = 0;  // when the peer sent its last heartbeat, on its clock
  std::vector<HeardAgo> asks_;     // for this turn's heartbeat to it
  std::vector<HeardAgo> asked_;    // by it, to be answered in this turn
  Instant others_asked_at_{};
  Instant lanes_looked_at_{};
  Instant lanes_noted_at_{};
  std::uint8_t lanes_told_ = 0;                           // of ours, as it was told last
  std::uint8_t lanes_unheard_ = 0;                        // of its, as it says
  std::shared_ptr<const std::vector<Hears>> hears_said_;  // by the peer, last; null: it never did
  std::optional<Instant> heard_at_;                       // when its last heartbeat came
  std::uint64_t reply_due_ = 0;
  Instant reply_heard_at_{};

  Inbox inbox_;
  std::vector<std::uint64_t> cancelled_;
  std::vector<BufferRef> pulses_;      // for this turn's control batch
  std::vector<InboundReply> answers_;  // those two are walked while the inbox may get more
  std::vector<OutgoingReply> replies_;
  Instant wake_channels_ = never;
  Instant wake_others_ = never;  // whatever is due beside heartbeats
};

}  // namespace hawser
