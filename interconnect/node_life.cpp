// What a node does over its life beside traffic: peers come and go, user code waits, the node stops.
#include <hawser/base/mutant.hpp>
#include <hawser/base/version.hpp>
#include <hawser/interconnect/node_core.hpp>

#include <algorithm>
#include <utility>

namespace hawser {

// ---- peers

PeerCore& NodeCore::enroll(const PeerConfig& config) {
  const auto index = static_cast<std::uint32_t>(by_index_.size());
  auto peer = std::make_shared<PeerCore>(*this, config, index, now_);
  {
    const std::unique_lock lock{peers_mutex_};
    peers_.emplace(config.id, peer);
  }
  by_index_.push_back(peer);
  hears_known_ = false;
  wake_.push_back(never);
  is_dirty_.push_back(false);
  is_touched_.push_back(false);
  return *peer;
}

bool NodeCore::add_peer(const PeerConfig& config) {
  const Turn turn{*this};
  if (phase_ != Phase::running || config.id == config_.id || find(config.id) != nullptr) return false;
  PeerCore& peer = enroll(config);
  event("node", config.id, "peer_added", config.id.text() + " at " + config.endpoint.text());
  mark_dirty(peer);
  return true;
}

bool NodeCore::remove_peer(const NodeId& id) {
  const Turn turn{*this};
  const auto peer = find(id);
  if (peer == nullptr || id == config_.id) return false;
  const Outcome unsent{OutcomeKind::unreachable, Cause::peer_removed, {}};
  peer->refuse_new(unsent, now_);
  peer->finish(unsent, {OutcomeKind::unknown, Cause::peer_removed, {}}, now_);
  {
    const std::lock_guard lock{unknown_mutex_};
    unknown_ledger_ += peer->ledger();  // its books are closed, and stay in the node's
  }
  {
    const std::unique_lock lock{peers_mutex_};
    peers_.erase(id);
    hears_known_ = false;
  }
  note_link(*peer, false);
  wake_[peer->index()] = never;
  by_index_[peer->index()] = nullptr;
  removed_.push_back(peer);
  event("node", id, "peer_removed", id.text() + " is no longer a peer");
  return true;
}

bool NodeCore::set_endpoint(const NodeId& id, const Endpoint& endpoint) {
  const Turn turn{*this};
  const auto peer = find(id);
  if (peer == nullptr || id == config_.id) return false;
  peer->set_endpoint(endpoint, now_);
  mark_dirty(*peer);
  return true;
}

void NodeCore::set_policy(TypeInfo type, const TypePolicy& policy) {
  const Turn turn{*this};
  registry_.set_policy(type, policy);
  for (const auto& [id, peer] : peers_) {
    peer->follow_policy(type);
    mark_dirty(*peer);
  }
}

void NodeCore::set_type_overrides(std::map<std::string, TypeOverrides> overrides) {
  const Turn turn{*this};
  registry_.set_overrides(std::move(overrides));
  const std::vector<TypeInfo> types = registry_.types();
  for (const auto& [id, peer] : peers_) {
    for (const TypeInfo& type : types) peer->follow_policy(type);
    mark_dirty(*peer);
  }
}

// ---- user code that waits

namespace {

// Collects the outcomes of one broadcast.
class Gathering {
 public:
  Gathering(std::vector<PeerOutcome> rows, UniqueFunction<void(std::vector<PeerOutcome>)> done)
      : rows_(std::move(rows)), missing_(rows_.size()), done_(std::move(done)) {}

  void told(std::size_t row, const Outcome& outcome) {
    rows_[row].outcome = outcome;
    if (--missing_ == 0) done_(std::move(rows_));
  }

 private:
  std::vector<PeerOutcome> rows_;
  std::size_t missing_;
  UniqueFunction<void(std::vector<PeerOutcome>)> done_;
};

class GatheringCompletion final : public Completion {
 public:
  GatheringCompletion(std::shared_ptr<Gathering> gathering, std::size_t row)
      : gathering_(std::move(gathering)), row_(row) {}
  void finish(const Outcome& outcome, InboundBytes) override { gathering_->told(row_, outcome); }

 private:
  std::shared_ptr<Gathering> gathering_;
  std::size_t row_;
};

}  // namespace

void NodeCore::broadcast(EncodedMessage message, const SendOptions& options, std::uint64_t ticket,
                         UniqueFunction<void(std::vector<PeerOutcome>)> done) {
  const auto all = peers();
  std::vector<PeerOutcome> rows;
  for (const auto& peer : all) rows.push_back({peer->id(), {}});
  if (rows.empty()) {
    run_on_loop([done = std::move(done)]() mutable { done({}); });
    return;
  }
  const auto gathering = std::make_shared<Gathering>(std::move(rows), std::move(done));
  for (std::size_t i = 0; i < all.size(); ++i) {
    submit(all[i], message, options, ticket, std::make_unique<GatheringCompletion>(gathering, i));
  }
}

void NodeCore::ready(Duration within, std::uint64_t ticket, UniqueFunction<void(bool)> done) {
  const Turn turn{*this};
  waiters_.push_back({later(now_, within), ticket, std::move(done)});
}

// As if its time were over: the turn that ends here tells it.
void NodeCore::cancel_ready(std::uint64_t ticket) {
  const Turn turn{*this};
  for (Waiter& waiter : waiters_) {
    if (waiter.ticket == ticket) waiter.until = now_;
  }
}

void NodeCore::check_ready() {
  if (waiters_.empty()) return;
  bool all = phase_ == Phase::running;
  for (const auto& [id, peer] : peers_) all = all && peer->up();
  all = all && may_act();
  std::vector<std::pair<UniqueFunction<void(bool)>, bool>> due;
  std::erase_if(waiters_, [&](Waiter& waiter) {
    if (!all && waiter.until > now_ && phase_ != Phase::stopped) return false;
    due.emplace_back(std::move(waiter.done), all);
    return true;
  });
  for (auto& [done, result] : due) done(result);
}

TimerQueue::Key NodeCore::sleep(Duration duration, UniqueFunction<void()> done) {
  const Turn turn{*this};
  return timers_.add(later(now_, duration), std::move(done));
}

void NodeCore::cancel_sleep(TimerQueue::Key key) {
  const Turn turn{*this};
  timers_.cancel(key);
}

void NodeCore::every(Duration interval, std::function<bool()> what) {
  const Turn turn{*this};
  const Duration step = std::max(interval, Duration{1'000});
  // Each firing plans the next, so that a callback that stops the node ends the series.
  const auto again = [weak = weak_from_this(), step, what = std::move(what)]() {
    const auto node = weak.lock();
    if (!node || node->phase_ == Phase::stopped || !what()) return;
    node->every(step, what);
  };
  timers_.add(later(now_, step), again);
}

// ---- stopping

void NodeCore::stop(Duration drain, UniqueFunction<void()> done) {
  const Turn turn{*this};
  if (phase_ == Phase::stopped) {
    run_on_loop(std::move(done));
    return;
  }
  stop_done_.push_back(std::move(done));
  if (phase_ != Phase::running) return;
  phase_ = Phase::draining;
  phase_ends_ = later(now_, drain);
  event("node", {}, "stopping",
        config_.id.text() + " stops; what is held has " + std::to_string(to_us(drain) / 1000) + " ms to end");
  for (const auto& [id, peer] : peers_) {
    peer->refuse_new({OutcomeKind::closed, Cause::stopping, {}}, now_);
    mark_dirty(*peer);
  }
}

bool NodeCore::at_rest() const {
  if (mutant(Mutant::drained_too_early)) return true;
  return std::all_of(peers_.begin(), peers_.end(), [](const auto& entry) { return entry.second->at_rest(); });
}

void NodeCore::advance_stop() {
  if (phase_ == Phase::draining) {
    if (at_rest() || phase_ends_ <= now_) begin_resigning();
  } else if (phase_ == Phase::resigning) {
    if (isolation_->left() || phase_ends_ <= now_) begin_leaving();
  } else if (phase_ == Phase::leaving && phase_ends_ <= now_) {
    become_stopped();
  }
}

// First it is in no view any more: a quorum that is there grants one without it within a round trip. Where there is
// none nobody can take its place, and nothing is lost by going.
void NodeCore::begin_resigning() {
  if (isolation_ == nullptr) {
    gate_.close();
    begin_leaving();
    return;
  }
  phase_ = Phase::resigning;
  phase_ends_ = later(now_, config_.isolation.lease);
  resign();
}

// Goodbye is said, and the last frames get a moment to leave.
void NodeCore::begin_leaving() {
  constexpr Duration goodbye_grace{100'000};
  phase_ = Phase::leaving;
  phase_ends_ = later(now_, goodbye_grace);
  for (const auto& [id, peer] : peers_) peer->say_goodbye(now_);
}

void NodeCore::become_stopped() {
  phase_ = Phase::stopped;
  phase_ends_ = never;
  for (const auto& [id, peer] : peers_) {
    peer->finish({OutcomeKind::closed, Cause::stopping, {}}, {OutcomeKind::unknown, Cause::stopping, {}}, now_);
    wake_[peer->index()] = never;
  }
  for (auto& [ticket, request] : std::exchange(backing_off_, {}))
    request->end({OutcomeKind::closed, Cause::stopping, {}});
  connections_.clear();
  links_.clear();
  transport_stats_ = transport_->stats();
  // The transport may be the one that called us: it goes when this turn is over, or with us if the loop runs no more.
  retired_transport_ = std::move(transport_);
  run_on_loop([weak = weak_from_this()] {
    if (const auto node = weak.lock()) node->retired_transport_.reset();
  });
  timers_.clear();
  event("node", {}, "stopped", config_.id.text() + " has stopped");
  for (auto& done : std::exchange(stop_done_, {})) done();
  check_ready();
}

// ---- what it looks like

NodeSnapshot NodeCore::snapshot(std::uint64_t events_after, std::size_t events_max) const {
  std::unique_lock<std::mutex> lock{mutex_, std::defer_lock};
  if (!runtime_.on_loop()) lock.lock();
  NodeSnapshot result;
  result.id = config_.id;
  result.cluster = config_.cluster;
  result.incarnation = incarnation_;
  result.endpoint = endpoint_;
  result.version = std::string{library_version};
  result.taken_at = runtime_.scheduler().now();
  result.started_at = started_at_;
  result.stance = stance();
  result.stance_reason = stance_reason_;
  show_isolation(result);
  show_intake(result);
  result.strategy = std::string{to_string(config_.strategy)};
  {
    const std::lock_guard unknown{unknown_mutex_};
    result.ledger = unknown_ledger_;
  }
  for (const auto& [id, peer] : peers_) {
    PeerSnapshot row = peer->snapshot(result.taken_at);
    result.ledger += row.ledger;
    result.held_bytes += peer->held_bytes();
    result.peers.push_back(std::move(row));
  }
  result.outbound_room = pools_->out.used();
  result.inbound_room = pools_->in.used();
  result.transport = transport_ == nullptr ? transport_stats_ : transport_->stats();
  result.frames_rejected = frames_rejected_;
  result.sessions_refused = sessions_refused_;
  if (health_) {
    result.loop_lag = health_->lag();
    result.loop_lags = loop_lags_;
    result.local_health = health_->reason();
    result.stalls = health_->stalls();
  }
  result.events = log_.last(events_max, events_after);
  return result;
}

PeerHealth NodeCore::health(const NodeId& id, const std::shared_ptr<PeerCore>& peer) const {
  if (peer == nullptr) {
    PeerHealth unknown;
    unknown.id = id;
    unknown.state = PeerState::unreachable;
    unknown.reason.cause = to_string(Cause::unknown_peer);
    return unknown;
  }
  std::unique_lock<std::mutex> lock{mutex_, std::defer_lock};
  if (!runtime_.on_loop()) lock.lock();
  return peer->health(runtime_.scheduler().now());
}

}  // namespace hawser
