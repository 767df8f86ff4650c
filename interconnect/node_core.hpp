// NodeCore: the inside of a Node. Routes between peers, registry, runtime and user code, one turn at a time.
//
// A turn begins with the first event (a frame, a timer, a call handed in), samples the time once, and ends when
// everything it caused has been sent and told. User code (completions, observers) runs between the rounds of end_turn,
// when no list of ours is being walked; what it asks for joins the same turn. The mutex is held during a turn so that
// snapshots of other threads see a state between turns; on the loop it is never taken twice.
#pragma once

#include <hawser/base/id_table.hpp>
#include <hawser/base/random.hpp>
#include <hawser/base/timer_queue.hpp>
#include <hawser/detector/local_health.hpp>
#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/event_log.hpp>
#include <hawser/interconnect/intake_guard.hpp>
#include <hawser/interconnect/isolation/arbiter_voter.hpp>
#include <hawser/interconnect/isolation/isolation.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/interconnect/peer_core.hpp>
#include <hawser/interconnect/registry.hpp>
#include <hawser/interconnect/retried_request.hpp>
#include <hawser/interconnect/runtime.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

namespace hawser {

class NodeCore final : public TransportEvents, public std::enable_shared_from_this<NodeCore> {
 public:
  // Holds the turn open; the outermost one ends it.
  class Turn {
   public:
    explicit Turn(NodeCore& node) : node_(node), keep_(node.shared_from_this()) { node_.enter_turn(); }
    ~Turn() { node_.leave_turn(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    Instant now() const noexcept { return node_.now_; }

   private:
    NodeCore& node_;
    std::shared_ptr<NodeCore> keep_;
  };

  NodeCore(Runtime& runtime, Config config);
  ~NodeCore();
  NodeCore(const NodeCore&) = delete;
  NodeCore& operator=(const NodeCore&) = delete;

  // Throws StartError; nothing was started then.
  void start();
  // Cuts everything off from the outside; what is held is dropped.
  void abandon();

  // ---- any thread
  std::shared_ptr<PeerCore> find(const NodeId& id) const;
  std::vector<std::shared_ptr<PeerCore>> peers() const;  // by id, without ourselves
  Outcome post(const std::shared_ptr<PeerCore>& peer, EncodedMessage&& message, const SendOptions& options);
  // `ticket`: by which cancel() finds the message; 0 when nobody can give it up.
  void submit(const std::shared_ptr<PeerCore>& peer, EncodedMessage message, const SendOptions& options,
              std::uint64_t ticket, CompletionPtr completion);
  void ask(const std::shared_ptr<PeerCore>& peer, EncodedMessage message, const RequestOptions& options,
           std::uint64_t ticket, CompletionPtr completion);
  // For what ask() has tied to the work it is made for, or what is made for nobody.
  void ask_once(const std::shared_ptr<PeerCore>& peer, EncodedMessage message, const RequestOptions& options,
                std::uint64_t ticket, CompletionPtr completion);
  std::uint64_t next_ticket() noexcept { return tickets_.fetch_add(1, std::memory_order_relaxed) + 1; }
  void cancel(std::weak_ptr<PeerCore> peer, TypeId type, std::uint64_t ticket, bool only_unsent);
  void report_pressure(std::int64_t memory_permille, std::int64_t downstream_permille) noexcept;
  NodeSnapshot snapshot(std::uint64_t events_after, std::size_t events_max) const;
  PeerHealth health(const NodeId& id, const std::shared_ptr<PeerCore>& peer) const;
  void run_on_loop(UniqueFunction<void()> what);
  Permission may_serve() const noexcept { return gate_.ask(runtime_.scheduler().now()); }
  Stance stance() const noexcept { return stance_shown_.load(std::memory_order_relaxed); }
  std::vector<NodeId> members() const;

  // ---- the loop: for Node
  bool add_peer(const PeerConfig& peer);
  bool remove_peer(const NodeId& id);
  bool set_endpoint(const NodeId& id, const Endpoint& endpoint);
  void set_policy(TypeInfo type, const TypePolicy& policy);
  void set_type_overrides(std::map<std::string, TypeOverrides> overrides);
  void observe_peers(std::function<void(const PeerHealth&)> observer) {
    peer_observers_.push_back(std::move(observer));
  }
  void observe_events(std::function<void(const Event&)> observer) { event_observers_.push_back(std::move(observer)); }
  void observe_stances(std::function<void(const StanceChange&)> observer) {
    stance_observers_.push_back(std::move(observer));
  }
  void observe_views(std::function<void(const ViewChange&)> observer) {
    view_observers_.push_back(std::move(observer));
  }
  // What an operator asks (node_operator.cpp): as Node says.
  bool isolate();
  std::optional<std::size_t> reset_breakers(const NodeId& id, const std::string& type);
  void note(std::string_view cause, const NodeId& peer, std::string text);
  void broadcast(EncodedMessage message, const SendOptions& options, std::uint64_t ticket,
                 UniqueFunction<void(std::vector<PeerOutcome>)> done);
  void ready(Duration within, std::uint64_t ticket, UniqueFunction<void(bool)> done);
  void cancel_ready(std::uint64_t ticket);
  TimerQueue::Key sleep(Duration duration, UniqueFunction<void()> done);
  // Forgets a timer.
  void cancel_sleep(TimerQueue::Key key);
  void every(Duration interval, std::function<bool()> what);
  void stop(Duration drain, UniqueFunction<void()> done);
  void task_failed(std::exception_ptr error);
  void task_failed_anywhere(std::exception_ptr error);
  bool stopped() const noexcept { return phase_ == Phase::stopped; }

  // ---- the loop: for PeerCore
  const Config& config() const noexcept { return config_; }
  Runtime& runtime() noexcept { return runtime_; }
  const Scheduler& clock() const noexcept { return clock_; }
  Registry& registry() noexcept { return registry_; }
  Random& random() noexcept { return random_; }
  Incarnation incarnation() const noexcept { return incarnation_; }
  // The number of a session that begins now: above that of every earlier one of this incarnation, with whomever.
  std::uint64_t session_number(std::uint32_t chance) noexcept { return ++sessions_begun_ << 32 | chance; }
  Endpoint endpoint() const { return endpoint_; }
  const std::shared_ptr<NodePools>& pools() const noexcept { return pools_; }
  Endings& endings() noexcept { return endings_; }
  const BreakerConfig& channel_breaker() const noexcept { return channel_breaker_; }
  const BreakerConfig& peer_breaker() const noexcept { return peer_breaker_; }
  const PeerConfig& self_config() const noexcept { return self_config_; }
  Duration absent_cap() const noexcept;
  // What heartbeats say of all peers but ourselves, by id; good until anything else happens. Its version grows with
  // every change, so that only news has to be said.
  const std::vector<Hears>& hears();
  std::uint64_t hears_version();
  LinkId dial(PeerCore& peer, LaneClass lane, const Endpoint& to);
  void hang_up(LinkId link);
  SendResult send(PeerCore& peer, LaneClass lane, LinkId link, BufferRef frame);
  void drop(ConnectionId connection, const std::optional<Refusal>& reason);
  void event(std::string_view kind, const NodeId& peer, std::string_view cause, std::string text);
  void peer_changed(PeerCore& peer);
  // What another node says of who hears whom: names one-way cuts.
  void vouch(const std::vector<Hears>& hears);
  // One-way cuts (peer_hears.cpp): asks a few others about a peer that is silent; what one of them says; what we say.
  void ask_others(PeerCore& silent);
  void heard_of(const HeardAgo& said, Instant then);
  std::optional<Instant> last_heard(const HeardAgo& question) const;
  void mark_dirty(PeerCore& peer);
  // It has something to say at the end of the turn, and nothing to flush.
  void mark_touched(PeerCore& peer);
  // Only in a simulation, and where it wants so: the point fires.
  bool fires(FaultPoint point, std::string_view subject = {}) {
    return fault_points_ != nullptr && fault_points_->fires(point, subject);
  }
  // The same, and then the peer is looked at again in a turn a millisecond later.
  bool puts_off(FaultPoint point, PeerCore& peer, std::string_view subject = {}) {
    return fires(point, subject) && look_again(peer);
  }
  bool may_put_off() const noexcept { return fault_points_ != nullptr; }
  // There is more to send than one turn may take.
  void mark_again(PeerCore& peer);
  // There will be more to send at `at`.
  void look_at(PeerCore& peer, Instant at);
  // What this node thinks of itself. REQUIRES: started.
  const LocalHealth& local_health() const noexcept { return *health_; }
  // Of isolation (node_isolation.cpp). Whether this node may act for the cluster at this instant.
  bool may_act() const noexcept { return isolation_ == nullptr || gate_.serving(read_clock()); }
  // Whether a message of that priority may come in.
  bool admits(std::uint8_t priority) { return !intake_ || intake_->admits(priority); }
  Duration intake_retry_after() const noexcept { return intake_ ? intake_->retry_after() : Duration::zero(); }
  IntakeLine* intake_line() noexcept { return intake_ ? intake_->line() : nullptr; }
  // The request waits for its next attempt. Loop only.
  void back_off(std::uint64_t ticket, std::shared_ptr<RetriedRequest> request, Duration delay);
  // What messages carry.
  Epoch epoch() const noexcept { return isolation_ == nullptr ? Epoch{} : isolation_->epoch(); }
  // What that peer sent in that epoch is the word of one who was removed since.
  bool fenced(const PeerCore& peer, const Epoch& epoch) const;
  // False when the pulse breaks the protocol.
  bool heard_pulse(PeerCore& peer, std::span<const std::byte> payload, std::string& problem);
  Turn open_turn() { return Turn{*this}; }

  // ---- TransportEvents
  void link_up(LinkId link) override;
  void link_down(LinkId link, LinkFailure why, std::string_view detail) override;
  void link_writable(LinkId link) override;
  void frame_received(ConnectionId from, const PeerIdentity& identity, BufferRef frame) override;
  void answer_received(LinkId link, BufferRef frame) override;
  void connection_closed(ConnectionId connection) override;
  void turn_ended() override;

 private:
  enum class Phase : std::uint8_t { fresh, running, draining, resigning, leaving, stopped };
  struct Link {
    PeerCore* peer = nullptr;
    LaneClass lane = LaneClass::control;
  };
  struct SelfFrame {
    LaneClass lane = LaneClass::control;
    BufferRef frame;
  };

  void ask_again(const std::shared_ptr<PeerCore>& peer, EncodedMessage message, const RequestOptions& options,
                 std::uint64_t ticket, CompletionPtr completion);
  void look_at_intake();
  void serve_intake_line();
  void show_intake(NodeSnapshot& shown) const;
  void enter_turn();
  bool in_turn_here() const noexcept;
  void enter_transport_turn();
  void leave_turn();
  void end_turn();
  bool run_round();
  void finish_touched();
  bool look_again(PeerCore& peer);
  void bring_hears_up_to_date();
  void list_hears();
  void refresh_hears(std::uint32_t index);
  void notice_stall();
  void stalled(Instant due, Instant ran);
  void notice_silence();
  void request_turn();
  void arm();
  void timer_fired();
  void carry_out(Endings& endings);
  void tell_observers();
  void take_ready();
  void take_self_frames();

  // inbound (node_inbound.cpp)
  void first_frame(ConnectionId from, const PeerIdentity& identity, const FrameInfo& info, const BufferRef& frame);
  RefusalReason judge_hello(const Hello& hello, const PeerIdentity& identity, PeerCore*& peer, std::string& text);
  void reject(ConnectionId from, RefusalReason reason, std::string text);

  // isolation (node_isolation.cpp)
  Instant read_clock() const noexcept { return runtime_.scheduler().now(); }
  Place isolation_self() const noexcept { return *isolation_->coterie().place_of(config_.id); }
  std::optional<Place> place_of(const PeerCore& peer) const;
  void start_isolation();
  void tick_isolation();
  void resign();
  void note_link(const PeerCore& peer, bool there);
  void take_isolation();
  bool store_vote(const StoredVote& vote);
  // Its arbiter (node_arbiter.cpp).
  void require_arbiter() const;
  void start_arbiter();
  void ask_arbiter(const Pulse& pulse);
  void call_arbiter();
  void arbiter_answered(std::optional<std::uint64_t> renewal, const ArbiterAnswer& answer);
  void note_arbiter();
  void send_pulse(const PulseSending& sending);
  bool tell_isolation();
  void tell(const StanceChange& change);
  void tell(const ViewChange& change);
  void follow_gate();
  void show_isolation(NodeSnapshot& shown) const;
  template <typename Observers, typename Value>
  void call_observers(const Observers& observers, const Value& value) {
    for (std::size_t i = 0; i < observers.size(); ++i) {
      try {
        const auto observer = observers[i];  // it may add others, which moves them
        observer(value);
      } catch (...) {
        task_failed(std::current_exception());
      }
    }
  }

  void check_ready();
  PeerCore& enroll(const PeerConfig& config);
  bool at_rest() const;
  void advance_stop();
  void begin_resigning();
  void begin_leaving();
  void become_stopped();
  Incarnation choose_incarnation();
  Outgoing outgoing(EncodedMessage message, RecordKind kind, CompletionPtr completion) const;
  Outcome admit(const std::shared_ptr<PeerCore>& peer, TypeInfo type, Outgoing& message, Duration ttl,
                Instant deadline);
  Outcome refuse_unknown(std::size_t bytes);
  void refuse_later(CompletionPtr completion, const Outcome& outcome);

  Runtime& runtime_;
  const Scheduler& clock_;  // the runtime's; asked for every message
  FaultPoints* const fault_points_;
  const Config config_;
  Registry registry_;
  Random random_;
  const std::shared_ptr<NodePools> pools_;
  BreakerConfig channel_breaker_;
  BreakerConfig peer_breaker_;
  PeerConfig self_config_;
  Incarnation incarnation_ = Incarnation::unknown;
  Endpoint endpoint_;
  std::unique_ptr<StableStorage> storage_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<Transport> retired_transport_;  // stopped, and about to be destroyed
  Instant started_at_{};
  Reason stance_reason_;  // without a strategy

  mutable std::mutex mutex_;
  mutable std::shared_mutex peers_mutex_;
  std::map<NodeId, std::shared_ptr<PeerCore>> peers_;  // with ourselves
  std::vector<std::shared_ptr<PeerCore>> by_index_;    // null where one was removed
  std::vector<Instant> wake_;                          // by index
  Instant soonest_ = never;                            // of those touched in this turn
  std::vector<std::shared_ptr<PeerCore>> removed_;     // until the turn is over
  LedgerRow unknown_ledger_;                           // sends to ids that are not configured
  mutable std::mutex unknown_mutex_;

  std::uint64_t sessions_begun_ = 0;
  IdTable<LinkId, Link> links_;
  IdTable<ConnectionId, Link> connections_;
  std::vector<SelfFrame> self_frames_;

  // The turn.
  unsigned depth_ = 0;
  std::atomic<const void*> turn_thread_{nullptr};  // who is inside a turn now
  bool transport_turn_ = false;
  std::shared_ptr<NodeCore> keep_;
  Instant now_{};
  std::vector<std::uint32_t> dirty_;
  std::vector<bool> is_dirty_;
  std::vector<std::uint32_t> touched_;  // flushed in this turn
  std::vector<bool> is_touched_;
  // hears() as of the turn before; what a turn marks is looked at afresh.
  std::vector<Hears> hears_;
  std::vector<std::size_t> hears_place_;      // by index; past the end: not in the list
  std::vector<std::uint32_t> hears_doubted_;  // indices
  bool hears_known_ = false;
  std::uint64_t hears_version_ = 0;
  std::uint32_t witness_next_ = 0;      // the index whose turn to be asked it is
  std::vector<std::uint32_t> doubted_;  // peers that are silent, or were when they changed last
  Endings endings_;
  // What a round walks while the lists above fill again; kept so that steady turns allocate nothing.
  std::vector<std::uint32_t> walked_;
  Endings told_;
  std::vector<PeerHealth> changed_;
  std::vector<Event> untold_;
  std::mutex ready_mutex_;
  std::vector<std::shared_ptr<PeerCore>> ready_;
  std::vector<std::shared_ptr<PeerCore>> taken_ready_;
  std::atomic<bool> turn_requested_{false};
  std::atomic<std::uint64_t> tickets_{0};
  TimerId timer_ = TimerId::none;
  Instant armed_at_ = never;
  TimeBuckets loop_lags_;
  TimerQueue timers_;
  std::map<std::uint64_t, std::shared_ptr<RetriedRequest>> backing_off_;  // by ticket
  std::optional<IntakeGuard> intake_;                                     // where the configuration wants one
  std::optional<LocalHealth> health_;                                     // from start() on

  // Who may act. Without a strategy there is no isolation, and the gate stays open until the node stops.
  struct LinkTold {
    Incarnation incarnation = Incarnation::unknown;
    bool up = false;
  };
  ServingGate gate_;
  std::unique_ptr<Isolation> isolation_;
  std::unique_ptr<ArbiterVoter> arbiter_;  // with the strategy of that name
  bool arbiter_linked_ = false;
  std::string arbiter_problem_;
  std::atomic<Stance> stance_shown_{Stance::joining};
  std::uint64_t coterie_digest_ = 0;
  std::vector<Epoch> fences_;         // by place: older epochs of it are of before it was removed
  std::vector<LinkTold> links_told_;  // by place
  bool acts_ = false;                 // the gate, as sends and handlers follow it
  std::vector<StanceChange> stances_untold_;
  std::vector<ViewChange> views_untold_;
  std::string storage_problem_;
  std::vector<std::function<void(const StanceChange&)>> stance_observers_;
  std::vector<std::function<void(const ViewChange&)>> view_observers_;

  EventLog log_;
  std::vector<std::function<void(const PeerHealth&)>> peer_observers_;
  std::vector<std::function<void(const Event&)>> event_observers_;
  struct Waiter {
    Instant until = never;
    std::uint64_t ticket = 0;
    UniqueFunction<void(bool)> done;
  };
  std::vector<Waiter> waiters_;
  std::vector<UniqueFunction<void()>> stop_done_;
  Phase phase_ = Phase::fresh;
  Instant phase_ends_ = never;
  TransportStats transport_stats_;  // after the transport is gone
  std::uint64_t frames_rejected_ = 0;
  std::uint64_t sessions_refused_ = 0;
};

}  // namespace hawser
