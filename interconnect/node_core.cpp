#include <hawser/interconnect/node_core.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/base/version.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace hawser {
namespace {

// The address of a thread's own variable is a name for the thread that costs no call.
const void* this_thread_mark() noexcept {
  static thread_local const char mark = 0;
  return &mark;
}

constexpr std::string_view incarnation_record = "incarnation";

BreakerConfig breaker_config(const BreakerPolicy& policy) {
  BreakerConfig result;
  result.consecutive_failures = policy.consecutive_failures;
  result.failure_percent = policy.failure_percent;
  result.calls_min = policy.calls_min;
  result.window = policy.window;
  result.open_for = policy.open_for;
  result.open_max = policy.open_max;
  result.successes_to_close = policy.successes_to_close;
  result.slow_limit = policy.slow_limit;
  result.slow_percent = policy.slow_percent;
  return result;
}

Config checked(Config config) {
  auto problems = config.problems();
  if (!problems.empty()) throw ConfigError{std::move(problems)};
  return config;
}

// A timer is late by more than half a heartbeat: that is no jitter, we did not run.
LocalHealthConfig health_config(const DetectorConfig& detector) {
  LocalHealthConfig health;
  health.late = Duration{20'000};
  health.stall = std::max(detector.heartbeat / 2, Duration{50'000});
  health.grace = detector.heartbeat;
  health.silence_hold = detector.heartbeat;
  return health;
}

}  // namespace

NodeCore::NodeCore(Runtime& runtime, Config config)
    : runtime_(runtime),
      clock_(runtime.scheduler()),
      fault_points_(runtime.fault_points()),
      config_(checked(std::move(config))),
      registry_(config_),
      random_(runtime.make_random()),
      pools_(std::make_shared<NodePools>(config_.bounds.node_bytes)),
      channel_breaker_(breaker_config(config_.breaker)),
      peer_breaker_(breaker_config(config_.peer_breaker)),
      self_config_{config_.id, config_.listen} {}

NodeCore::~NodeCore() = default;

void NodeCore::start() {
  require_arbiter();
  storage_ = runtime_.open_storage(config_.state_dir);
  incarnation_ = choose_incarnation();
  TransportConfig transport;
  transport.self = config_.id;
  transport.incarnation = incarnation_;
  transport.frame_bytes_max = frame_bytes_max;
  transport.connections_max = config_.bounds.connections_max;
  transport.connect_timeout = config_.reconnect.connect_timeout;
  transport.handshake_timeout = config_.reconnect.handshake_timeout;
  transport_ = runtime_.make_transport(transport, *this);
  endpoint_ = transport_->listen(config_.listen);
  started_at_ = runtime_.scheduler().now();
  health_.emplace(health_config(config_.detector), started_at_);
  if (config_.intake.guard || config_.intake.shed) intake_.emplace(config_.intake, started_at_);

  const Turn turn{*this};
  phase_ = Phase::running;
  enroll(self_config_).open_to_self(now_);
  for (const PeerConfig& peer : config_.peers) enroll(peer);
  for (const auto& peer : by_index_) mark_dirty(*peer);
  event("node", {}, "started", config_.id.text() + " listens on " + endpoint_.text());
  if (config_.strategy != Strategy::none) {
    start_isolation();
    return;
  }
  gate_.set(never, Epoch{});
  stance_shown_ = Stance::serving;
  stance_reason_ = Reason{now_, "no_strategy", "no isolation strategy is configured: every node always serves", {}};
  event("stance", {}, stance_reason_.cause, stance_reason_.detail);
}

// From disk when there is one, so that it grows even if the clock of the machine was set back.
Incarnation NodeCore::choose_incarnation() {
  std::uint64_t chosen = static_cast<std::uint64_t>(std::max<std::int64_t>(runtime_.wall_clock_us(), 1));
  if (storage_ == nullptr) return Incarnation{chosen};
  std::string problem;
  const auto stored = storage_->read(incarnation_record, problem);
  if (stored && stored->size() == sizeof(std::uint64_t)) {
    std::uint64_t last = 0;
    std::memcpy(&last, stored->data(), sizeof last);
    chosen = std::max(chosen, last + 1);
  } else if (stored || !problem.empty()) {
    if (stored) problem = "it has " + std::to_string(stored->size()) + " bytes";
    event("node", {}, "memory_lost", "the incarnation in " + config_.state_dir + " is lost: " + problem);
  }
  const auto* bytes = reinterpret_cast<const std::byte*>(&chosen);
  if (!storage_->write(incarnation_record, {bytes, sizeof chosen}, problem)) {
    throw StartError{"cannot write to state_dir " + config_.state_dir + ": " + problem};
  }
  return Incarnation{chosen};
}

void NodeCore::abandon() {
  if (phase_ == Phase::fresh) return;
  phase_ = Phase::stopped;
  gate_.close();
  if (timer_ != TimerId::none) runtime_.scheduler().cancel(std::exchange(timer_, TimerId::none));
  transport_.reset();
  retired_transport_.reset();
  timers_.clear();
  waiters_.clear();
  stop_done_.clear();
  peer_observers_.clear();
  event_observers_.clear();
  stance_observers_.clear();
  view_observers_.clear();
}

// ---- any thread

std::shared_ptr<PeerCore> NodeCore::find(const NodeId& id) const {
  const std::shared_lock lock{peers_mutex_};
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<PeerCore>> NodeCore::peers() const {
  std::vector<std::shared_ptr<PeerCore>> result;
  const std::shared_lock lock{peers_mutex_};
  for (const auto& [id, peer] : peers_) {
    if (id != config_.id) result.push_back(peer);
  }
  return result;
}

Outgoing NodeCore::outgoing(EncodedMessage message, RecordKind kind, CompletionPtr completion) const {
  Outgoing result;
  result.payload = std::move(message.bytes);
  result.kind = kind;
  result.completion = std::move(completion);
  return result;
}

Outcome NodeCore::refuse_unknown(std::size_t bytes) {
  const Outcome outcome{OutcomeKind::unreachable, Cause::unknown_peer, std::nullopt};
  const std::lock_guard lock{unknown_mutex_};
  unknown_ledger_.refuse(outcome, bytes);
  return outcome;
}

Outcome NodeCore::admit(const std::shared_ptr<PeerCore>& peer, TypeInfo type, Outgoing& message, Duration ttl,
                        Instant deadline) {
  if (peer == nullptr) return refuse_unknown(message.payload.size());
  bool wake = false;
  const Outcome outcome = peer->admit(type, message, ttl, deadline, wake);
  if (wake) {
    if (!runtime_.on_loop()) peer->note_outside();
    {
      const std::lock_guard lock{ready_mutex_};
      ready_.push_back(peer);
    }
    if (!in_turn_here()) request_turn();  // the turn that is under way looks once more before it ends
  }
  return outcome;
}

Outcome NodeCore::post(const std::shared_ptr<PeerCore>& peer, EncodedMessage&& message, const SendOptions& options) {
  const TypeInfo type = message.type;
  Outgoing out;
  out.payload = std::move(message.bytes);
  out.key = options.key;
  out.group = options.group;
  return admit(peer, type, out, options.ttl, options.deadline);
}

void NodeCore::submit(const std::shared_ptr<PeerCore>& peer, EncodedMessage message, const SendOptions& options,
                      std::uint64_t ticket, CompletionPtr completion) {
  const TypeInfo type = message.type;
  Outgoing out = outgoing(std::move(message), RecordKind::message, std::move(completion));
  out.key = options.key;
  out.group = options.group;
  out.ticket = ticket;
  const Outcome outcome = admit(peer, type, out, options.ttl, options.deadline);
  if (outcome.delivered()) return;
  refuse_later(std::move(out.completion), outcome);
}

namespace {

// A request that ends with the one it was made for.
class LinkedCompletion final : public Completion {
 public:
  LinkedCompletion(CompletionPtr completion, const std::stop_token& given_up, CancelSend cancel)
      : completion_(std::move(completion)), link_(std::in_place, given_up, Give{std::move(cancel)}) {}
  void finish(const Outcome& outcome, InboundBytes reply) override {
    link_.reset();
    completion_->finish(outcome, std::move(reply));
  }

 private:
  struct Give {
    CancelSend cancel;
    void operator()() const { cancel(boost::asio::cancellation_type::terminal); }
  };
  CompletionPtr completion_;
  std::optional<std::stop_callback<Give>> link_;
};

}  // namespace

void NodeCore::ask(const std::shared_ptr<PeerCore>& peer, EncodedMessage message, const RequestOptions& options,
                   std::uint64_t ticket, CompletionPtr completion) {
  RequestOptions asked = options;
  const Delivery* work = working_for();
  if (work != nullptr && work->clock == &runtime_.scheduler()) {
    if (!mutant(Mutant::deadline_not_passed_on)) asked.deadline = std::min(asked.deadline, work->deadline);
    if (ticket == 0) ticket = next_ticket();
    completion = std::make_unique<LinkedCompletion>(std::move(completion), work->cancellation.token(),
                                                    CancelSend{weak_from_this(), peer, message.type.id, ticket});
  }
  if (asked.retries != nullptr) {
    ask_again(peer, std::move(message), asked, ticket, std::move(completion));
  } else {
    ask_once(peer, std::move(message), asked, ticket, std::move(completion));
  }
}

void NodeCore::ask_once(const std::shared_ptr<PeerCore>& peer, EncodedMessage message, const RequestOptions& options,
                        std::uint64_t ticket, CompletionPtr completion) {
  const TypeInfo type = message.type;
  Outgoing out = outgoing(std::move(message), RecordKind::request, std::move(completion));
  out.group = options.group;
  out.ticket = ticket;
  const Outcome outcome = admit(peer, type, out, options.timeout, options.deadline);
  if (outcome.delivered()) return;
  refuse_later(std::move(out.completion), outcome);
}

void NodeCore::cancel(std::weak_ptr<PeerCore> peer, TypeId type, std::uint64_t ticket, bool only_unsent) {
  run_on_loop([weak = weak_from_this(), peer = std::move(peer), type, ticket, only_unsent] {
    const auto node = weak.lock();
    const auto to = peer.lock();
    if (!node || !to) return;
    const Turn turn{*node};
    // It may be waiting to be made again.
    auto waits = node->backing_off_.extract(ticket);
    if (!waits.empty()) waits.mapped()->end({OutcomeKind::expired, Cause::cancelled, {}});
    to->cancel(type, ticket, only_unsent, turn.now());
    node->mark_dirty(*to);
  });
}

// Never from inside the call: the refusal is told from the loop, like every other end. And like them it is dropped with
// a node that is gone by then.
void NodeCore::refuse_later(CompletionPtr completion, const Outcome& outcome) {
  run_on_loop([weak = weak_from_this(), completion = std::move(completion), outcome] {
    if (!weak.expired()) completion->finish(outcome, {});
  });
}

void NodeCore::run_on_loop(UniqueFunction<void()> what) { boost::asio::post(runtime_.loop(), std::move(what)); }

// ---- turns

void NodeCore::enter_turn() {
  if (depth_++ > 0) return;
  mutex_.lock();
  turn_thread_.store(this_thread_mark(), std::memory_order_relaxed);
  now_ = runtime_.scheduler().now();
  if (phase_ == Phase::fresh) return;
  if (intake_) look_at_intake();
  notice_stall();
}

void NodeCore::leave_turn() {
  if (depth_ == 1 && phase_ != Phase::fresh) end_turn();
  if (--depth_ > 0) return;
  turn_thread_.store(nullptr, std::memory_order_relaxed);
  mutex_.unlock();
}

// Only the thread itself can have written its own mark, so nothing has to be ordered.
bool NodeCore::in_turn_here() const noexcept {
  return turn_thread_.load(std::memory_order_relaxed) == this_thread_mark() && phase_ != Phase::fresh;
}

// We were due and did not run: garbage, a stopped process, a starved machine. Silence of others in that time is our own
// fault, and nobody is accused for it.
void NodeCore::notice_stall() {
  if (armed_at_ == never || now_ < armed_at_) return;
  loop_lags_.record(now_ - armed_at_);
  stalled(armed_at_, now_);
}

// What was due at `due` ran at `ran`. For a moment after a stall nobody is accused: what they said meanwhile waits.
void NodeCore::stalled(Instant due, Instant ran) {
  if (mutant(Mutant::stall_not_excused)) return;
  const Duration late = health_->tick(due, ran);
  if (late == Duration::zero()) return;
  armed_at_ = now_;
  event("stall", {}, "loop_late", "this node did not run for " + std::to_string(to_us(late) / 1000) + " ms");
  for (const auto& peer : by_index_) {
    if (peer != nullptr) peer->excuse(late);
  }
}

void NodeCore::end_turn() {
  const WorkingFor nobody;  // what a turn tells is no part of the work in which it happened to run
  constexpr int rounds_max = 16;
  for (int round = 0; round < rounds_max; ++round) {
    if (!run_round()) break;
    // A process can be stopped in the middle of a turn too, and then no timer is late when the turn ends.
    const Instant before = std::exchange(now_, runtime_.scheduler().now());
    if (now_ > before) stalled(before, now_);
  }
  finish_touched();
  const bool drained = phase_ == Phase::draining && at_rest();
  const bool untold = !stances_untold_.empty() || !views_untold_.empty();
  if (!dirty_.empty() || !self_frames_.empty() || !endings_.empty() || drained || untold) request_turn();
  removed_.clear();
  arm();
}

// One round: send what is due, then tell user code what has ended. True when that may have caused more.
bool NodeCore::run_round() {
  take_ready();
  take_self_frames();
  if (intake_) serve_intake_line();
  walked_.clear();
  std::swap(walked_, dirty_);
  std::sort(walked_.begin(), walked_.end());
  if (fires(FaultPoint::flush_reordered)) std::reverse(walked_.begin(), walked_.end());
  for (const std::uint32_t index : walked_) {
    is_dirty_[index] = false;
    PeerCore* peer = by_index_[index].get();
    if (peer == nullptr) continue;
    peer->flush(now_);
    if (isolation_ != nullptr) note_link(*peer, true);
    mark_touched(*peer);
  }
  if (intake_) serve_intake_line();  // what has ended has made room
  check_ready();
  advance_stop();
  bool told = tell_isolation();
  told = told || !endings_.empty() || !changed_.empty() || !untold_.empty();
  if (endings_.empty() || !fires(FaultPoint::completion_delayed)) {
    std::swap(told_, endings_);
    carry_out(told_);
    told_.clear();
  }
  tell_observers();
  take_ready();
  return told || !dirty_.empty() || !self_frames_.empty();
}

void NodeCore::finish_touched() {
  walked_.clear();
  std::swap(walked_, touched_);
  std::sort(walked_.begin(), walked_.end());
  for (const std::uint32_t index : walked_) {
    is_touched_[index] = false;
    PeerCore* peer = by_index_[index].get();
    if (peer == nullptr) continue;
    const bool quiet = peer->still();
    peer->finish_turn(now_);
    wake_[index] = phase_ == Phase::stopped ? never : peer->next_wake();
    soonest_ = std::min(soonest_, wake_[index]);
    if (!quiet) refresh_hears(index);
  }
  hears_doubted_ = dirty_;  // those that the next turn begins with
}

void NodeCore::take_ready() {
  {
    const std::lock_guard lock{ready_mutex_};
    std::swap(taken_ready_, ready_);
  }
  for (const auto& peer : taken_ready_) mark_dirty(*peer);
  taken_ready_.clear();
}

void NodeCore::mark_dirty(PeerCore& peer) {
  const std::uint32_t index = peer.index();
  if (by_index_[index].get() != &peer || is_dirty_[index]) return;
  is_dirty_[index] = true;
  dirty_.push_back(index);
  hears_doubted_.push_back(index);
}

void NodeCore::mark_touched(PeerCore& peer) {
  const std::uint32_t index = peer.index();
  if (by_index_[index].get() != &peer || is_touched_[index]) return;
  is_touched_[index] = true;
  touched_.push_back(index);
}

void NodeCore::mark_again(PeerCore& peer) { mark_dirty(peer); }

void NodeCore::look_at(PeerCore& peer, Instant at) {
  timers_.add(at, [this, weak = peer.weak_from_this()] {
    if (const auto still_there = weak.lock()) mark_dirty(*still_there);
  });
}

bool NodeCore::look_again(PeerCore& peer) {
  look_at(peer, later(now_, Duration{1'000}));
  return true;
}

void NodeCore::take_self_frames() {
  for (SelfFrame& own : std::exchange(self_frames_, {})) {
    const auto self = find(config_.id);
    std::string problem;
    const auto info = inspect_frame(own.frame.bytes(), problem);
    bool quiet = false;
    const bool fine = info && self->frame(own.lane, *info, own.frame, now_, problem, quiet);
    HAWSER_ASSERT(fine, "a node understands itself");
    mark_dirty(*self);
  }
}

void NodeCore::carry_out(Endings& endings) {
  for (Ending& ending : endings) {
    try {
      ending.completion->finish(ending.outcome, std::move(ending.reply));
    } catch (...) {
      task_failed(std::current_exception());
    }
  }
}

void NodeCore::tell_observers() {
  for (const PeerHealth& health : std::exchange(changed_, {})) call_observers(peer_observers_, health);
  for (const Event& happened : std::exchange(untold_, {})) call_observers(event_observers_, happened);
}

void NodeCore::request_turn() {
  if (turn_requested_.exchange(true, std::memory_order_acq_rel)) return;
  boost::asio::post(runtime_.loop(), [weak = weak_from_this()] {
    const auto node = weak.lock();
    if (!node) return;
    node->turn_requested_.store(false, std::memory_order_release);
    const Turn turn{*node};
  });
}

void NodeCore::arm() {
  Instant earliest = timers_.next();
  // While a timer runs, only those whom this turn has touched can want an earlier one.
  const bool runs = timer_ != TimerId::none && armed_at_ > now_;
  if (!runs) soonest_ = wake_.empty() ? never : *std::min_element(wake_.begin(), wake_.end());
  earliest = std::min(earliest, std::exchange(soonest_, never));
  for (const Waiter& waiter : waiters_) earliest = std::min(earliest, waiter.until);
  earliest = std::min(earliest, phase_ends_);
  if (isolation_ != nullptr) earliest = std::min(earliest, isolation_->next_wake());
  if (intake_ && intake_->line() != nullptr) earliest = std::min(earliest, intake_->line()->next_wake());
  if (phase_ == Phase::stopped) earliest = never;
  // What was due has been done; if something still claims to be, it gets a quantum, not the whole processor.
  constexpr Duration timer_quantum{1'000};
  if (earliest <= now_) earliest = later(now_, timer_quantum);
  if (earliest >= armed_at_ && armed_at_ > now_ && phase_ != Phase::stopped) return;  // it will come round in time
  if (timer_ != TimerId::none) runtime_.scheduler().cancel(std::exchange(timer_, TimerId::none));
  armed_at_ = earliest;
  if (earliest == never) return;
  timer_ = runtime_.scheduler().at(earliest, [weak = weak_from_this()] {
    if (const auto node = weak.lock()) node->timer_fired();
  });
}

void NodeCore::timer_fired() {
  timer_ = TimerId::none;
  const Turn turn{*this};
  const WorkingFor nobody;
  armed_at_ = never;
  tick_isolation();
  for (std::size_t i = 0; i < wake_.size(); ++i) {
    if (wake_[i] > now_ || by_index_[i] == nullptr) continue;
    if (by_index_[i]->only_beats(now_)) {
      mark_touched(*by_index_[i]);
      continue;
    }
    by_index_[i]->tick(now_);
    mark_dirty(*by_index_[i]);
  }
  while (auto due = timers_.pop_due(now_)) {
    try {
      due();
    } catch (...) {
      task_failed(std::current_exception());
    }
  }
}

// ---- links

LinkId NodeCore::dial(PeerCore& peer, LaneClass lane, const Endpoint& to) {
  const LinkId link = transport_->dial({to, peer.id(), lane});
  links_.put(link, Link{&peer, lane});
  return link;
}

void NodeCore::hang_up(LinkId link) {
  if (links_.erase(link) && transport_ != nullptr) transport_->hang_up(link);
}

SendResult NodeCore::send(PeerCore& peer, LaneClass lane, LinkId link, BufferRef frame) {
  if (peer.is_self()) {
    self_frames_.push_back({lane, std::move(frame)});
    return SendResult::accepted;
  }
  return transport_ == nullptr ? SendResult::down : transport_->send(link, std::move(frame));
}

void NodeCore::event(std::string_view kind, const NodeId& peer, std::string_view cause, std::string text) {
  untold_.push_back(log_.add(now_, kind, peer, cause, std::move(text)));
}

void NodeCore::peer_changed(PeerCore& peer) {
  PeerHealth health = peer.health(now_);
  event("peer_state", peer.id(), health.reason.cause,
        peer.id().text() + " is " + std::string{to_string(health.state)} + (health.degraded ? ", degraded" : ""));
  changed_.push_back(std::move(health));
  mark_dirty(peer);
  const bool doubts = peer.state() == PeerState::suspect || peer.state() == PeerState::unreachable;
  if (doubts && std::find(doubted_.begin(), doubted_.end(), peer.index()) == doubted_.end()) {
    doubted_.push_back(peer.index());
  }
  if (peer.state() == PeerState::suspect && peer.silent_since(now_)) notice_silence();
}

// Many that fall silent at one instant: rather ourselves, or our own line, than all of them. No conviction for a
// moment.
void NodeCore::notice_silence() {
  const Instant since = now_ - config_.detector.heartbeat;
  std::uint32_t watched = 0;
  std::uint32_t silent = 0;
  for (const auto& peer : by_index_) {
    if (peer == nullptr || peer->id() == config_.id) continue;
    const bool fallen = peer->silent_since(since);
    silent += fallen ? 1 : 0;
    watched += fallen || peer->linked() ? 1 : 0;
  }
  const std::string_view before = health_->reason().cause;
  if (!health_->silence(now_, silent, watched) || before == "peers_silent") return;
  event("stall", {}, "peers_silent",
        std::to_string(silent) + " of " + std::to_string(watched) +
            " peers have fallen silent within one heartbeat: this node doubts itself first");
}

void NodeCore::task_failed(std::exception_ptr error) {
  std::string what = "an unknown exception";
  try {
    std::rethrow_exception(std::move(error));
  } catch (const std::exception& thrown) {
    what = thrown.what();
  } catch (...) {
  }
  event("task", {}, "exception", "user code threw: " + what);
}

void NodeCore::task_failed_anywhere(std::exception_ptr error) {
  const Turn turn{*this};
  task_failed(std::move(error));
}

// A silent peer is looked for about 40 times a second by the whole node at most.
Duration NodeCore::absent_cap() const noexcept {
  constexpr Duration shortest{1'000'000};
  constexpr Duration longest{60'000'000};
  return std::min(longest, std::max(shortest, static_cast<std::int64_t>(config_.peers.size()) * Duration{50'000}));
}

}  // namespace hawser
