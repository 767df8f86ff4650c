#include <hawser/interconnect/peer_core.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/interconnect/node_core.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace hawser {
namespace {

constexpr std::size_t channels_per_peer_max = resume_entries_max;
constexpr std::size_t groups_max = 256;
constexpr Duration ttl_min{5'000};
constexpr Duration ttl_max{86'400'000'000};

JudgeConfig judge_config(const DetectorConfig& config) {
  JudgeConfig result;
  result.phi.interval = config.heartbeat;
  result.phi.acceptable_pause = config.acceptable_pause;
  result.phi.window = config.window;
  result.suspect = config.suspect;
  result.unreachable = config.unreachable;
  result.never_heard_hold = config.never_heard_hold;
  return result;
}

std::uint32_t drift_ppm(const Config& config) {
  return static_cast<std::uint32_t>(std::clamp(config.clock_drift, 0.0, 0.5) * 1'000'000.0);
}

}  // namespace

PeerCore::PeerCore(NodeCore& node, const PeerConfig& config, std::uint32_t index, Instant now)
    : node_(node),
      index_(index),
      self_(config.id == node.config().id),
      id_(config.id),
      endpoint_(config.endpoint),
      random_(node.random().fork()),
      pools_(node.pools()),
      out_(node.config().bounds.peer_bytes, node.config().bounds.peer_bytes),
      in_(node.config().bounds.peer_bytes, node.config().bounds.peer_bytes),
      breaker_(node.peer_breaker(), random_.next()),
      session_(next_session()),
      session_began_(now),
      clock_(drift_ppm(node.config()), confirmed_for()),
      lanes_{Lane{LaneClass::control, node.config().reconnect, SIZE_MAX, node.absent_cap(), now},
             Lane{LaneClass::ordinary, node.config().reconnect, node.config().bounds.lane_window_bytes,
                  node.absent_cap(), now},
             Lane{LaneClass::bulk, node.config().reconnect, node.config().bounds.lane_window_bulk_bytes,
                  node.absent_cap(), now}},
      judge_(judge_config(node.config().detector), now),
      inbox_(node.registry(),
             Inbox::Limits{node.config().bounds.channel_messages, node.config().bounds.channel_bytes,
                           node.config().bounds.message_bytes_max, node.config().bounds.reply_bytes},
             *this, Room{in_, pools_->in}, pools_->line) {
  TypePolicy policy;
  policy.lane = LaneClass::ordinary;
  policy.priority = priority_max;
  policy.hold = Hold::until_ttl;
  const ChannelLimits limits{
      SIZE_MAX, SIZE_MAX, node.config().bounds.message_bytes_max, node.config().bounds.chunk_bytes, 0, 1};
  channels_.push_back(std::make_unique<Channel>(TypeInfo{TypeId::none, "replies"}, true, policy, limits,
                                                node.channel_breaker(), breaker_, random_.next(),
                                                ChannelRooms{{out_, pools_->out}, {in_, pools_->in}}));
  reply_channel_ = channels_.front().get();
  channel_count_.store(1, std::memory_order_release);
  isolated_ = node.config().strategy != Strategy::none;  // until the node has a view
  lane(LaneClass::control).want(now);
}

PeerCore::~PeerCore() = default;

// ---- any thread

Channel& PeerCore::find_or_make_channel(TypeInfo type) {
  const std::lock_guard lock{channels_mutex_};
  for (const auto& channel : channels_) {
    if (channel->type() != type.id) continue;
    quick_place(type.id).store(channel.get(), std::memory_order_release);
    return *channel;
  }
  HAWSER_ASSERT(channels_.size() < channels_per_peer_max, "a node sends fewer than 16384 types");
  const TypePolicy policy = node_.registry().policy(type);
  channels_.push_back(std::make_unique<Channel>(type, false, policy, limits_of(policy), node_.channel_breaker(),
                                                breaker_, to_number(type.id) ^ session_,
                                                ChannelRooms{{out_, pools_->out}, {in_, pools_->in}}));
  Channel& made = *channels_.back();
  made.set_gate(gate_of(policy), gate_may_borrow_);
  channel_count_.store(channels_.size(), std::memory_order_release);
  quick_place(type.id).store(&made, std::memory_order_release);
  return made;
}

ChannelLimits PeerCore::limits_of(const TypePolicy& policy) const {
  const BoundsConfig& bounds = node_.config().bounds;
  return {policy.channel_messages != 0 ? policy.channel_messages : bounds.channel_messages,
          policy.channel_bytes != 0 ? policy.channel_bytes : bounds.channel_bytes,
          bounds.message_bytes_max,
          bounds.chunk_bytes,
          policy.reply_bytes != 0 ? policy.reply_bytes : bounds.reply_bytes,
          std::clamp<std::size_t>(policy.groups, 1, groups_max)};
}

void PeerCore::follow_policy(TypeInfo type) {
  refresh_channels();
  for (Channel* channel : known_channels_) {
    if (channel->type() == type.id) channel->set_limits(limits_of(node_.registry().policy(type)));
  }
  inbox_.follow_policy(type.id);
}

Outcome PeerCore::admit(TypeInfo type, Outgoing& message, Duration ttl, Instant deadline, bool& wake) {
  Channel& channel = channel_for(type);
  const Duration chosen = ttl > Duration::zero() ? std::clamp(ttl, ttl_min, ttl_max) : channel.policy().ttl;
  // What a tick is to a second, nobody who waits for seconds minds.
  constexpr Duration minds_no_tick{1'000'000};
  const Scheduler& clock = node_.clock();
  const Instant now = deadline == never && chosen >= minds_no_tick ? clock.about_now() : clock.now();
  message.type = type.id;
  message.submitted = now;
  message.expires = std::min(later(now, chosen), deadline);
  if (message.kind == RecordKind::request) {
    message.request_id = (requests_.fetch_add(1, std::memory_order_relaxed) + 1) << 16;
  }
  bool tell = false;
  const Outcome outcome = channel.admit(message, now, tell);
  wake = tell && note_ready();
  return outcome;
}

// ---- time and turns

void PeerCore::tick(Instant now) {
  if (self_) return;
  for (Lane& each : lanes_) {
    if (each.greeting_overdue(now)) {
      node_.hang_up(each.link());
      fail_lane(each, Lane::Severity::absent, "no_welcome", "connected, but our hello was not answered", now);
    }
    const bool stuck = each.open() && each.lane_class() != LaneClass::control && up() &&
                       later(each.waiting_since(), silence_limit()) <= now;
    if (stuck && !mutant(Mutant::silent_lane_kept)) {
      node_.hang_up(each.link());
      fail_lane(each, Lane::Severity::absent, "no_progress", "nothing on this lane was acknowledged in time", now);
      breaker_.trip(now, "no_progress", "a lane without progress", true);
    }
    look_at_lane(each, now);
    // A control lane may die again before its peer counts as up: then nobody else notices.
    const bool deaf = each.open() && each.lane_class() == LaneClass::control && !up() && unanswered_too_long(now);
    if (deaf) {
      node_.hang_up(each.link());
      fail_lane(each, Lane::Severity::absent, "silent", "open, and nothing is answered on it", now);
    }
    const bool unused = each.open() && each.lane_class() != LaneClass::control &&
                        later(each.last_traffic(), node_.config().reconnect.lane_idle) <= now;
    if (unused) {
      node_.hang_up(each.link());
      each.rest(now, "idle");
    }
  }
  lanes_looked_at_ = now;
  breaker_.tick(now);
  look_at_judge(now);
}

bool PeerCore::unanswered_too_long(Instant now) const {
  if (unanswered_.empty()) return false;
  return later(std::max(unanswered_.front().sent, established_at_), silence_limit()) <= now;
}

// Until the next look is due callers need not tell us of anything.
void PeerCore::moderate_wakes(Instant now) {
  const bool woken = outside_.load(std::memory_order_relaxed) && outside_.exchange(false, std::memory_order_relaxed);
  const bool before = moderation_.active();
  if (!woken && !before) return;
  std::size_t found = 0;
  for (const Channel* channel : known_channels_) found += channel->queued();
  if (moderation_.look(now, woken, found)) node_.look_at(*this, moderation_.next_look());
  if (moderation_.active() == before) return;
  for (Channel* channel : known_channels_) channel->withhold_wakes(!before);
}

void PeerCore::flush(Instant now) {
  still_ = false;
  clear_ready();
  refresh_channels();
  moderate_wakes(now);
  for (Channel* channel : known_channels_) {
    channel->expire(now, verdict_window(), node_.endings(), cancelled_);
  }
  inbox_.run(now);
  inbox_.look_for_room();
  take_answers(now);
  send_replies(now);
  for (Lane& each : lanes_) {
    const bool wanted = each.lane_class() != LaneClass::control && each.state() == LaneState::idle && up();
    if (!wanted) continue;
    for (const Slot& slot : slots(each.lane_class())) {
      if (slot.channel->sendable()) {
        each.want(now);
        break;
      }
    }
  }
  dial_due_lanes(now);
  send_welcomes(now);
  if (!node_.puts_off(FaultPoint::flush_delayed, *this)) {
    flush_data(lane(LaneClass::ordinary), now);
    flush_data(lane(LaneClass::bulk), now);
  }
  bool moved = false;
  for (Channel* channel : known_channels_) moved |= channel->settle(now, node_.endings());
  if (moved) node_.mark_again(*this);  // messages that waited for room have it now
  update_gates(now);
}

void PeerCore::cancel(TypeId type, std::uint64_t ticket, bool only_unsent, Instant now) {
  refresh_channels();
  for (Channel* channel : known_channels_) {
    if (channel->type() == type) channel->cancel(ticket, only_unsent, now, node_.endings(), cancelled_);
  }
}

void PeerCore::finish_turn(Instant now) {
  flush_control(now);
  if (goodbye_due_) say_goodbye(now);
  if (still_) return;
  wake_channels_ = inbox_.next_expiry();
  for (const Channel* channel : known_channels_) {
    wake_channels_ = std::min({wake_channels_, channel->next_expiry(), channel->guard().breaker().next_wake()});
  }
  still_ = is_still(now);
  data_idle_ =
      std::all_of(lanes_.begin() + 1, lanes_.end(), [](const Lane& each) { return each.state() == LaneState::idle; });
}

bool PeerCore::is_still(Instant now) const {
  if (self_ || !lane(LaneClass::control).open() || goodbye_due_ || wake_channels_ != never) return false;
  if (breaker_.next_wake() != never || moderation_.active()) return false;
  if (!inbox_.still() || !cancelled_.empty() || !pulses_.empty() || acknowledge_lanes_) return false;
  for (const Inbound& each : inbound_) {
    if (each.welcome_due) return false;
  }
  return std::all_of(known_channels_.begin(), known_channels_.end(),
                     [&](const Channel* channel) { return channel->still(now); });
}

Instant PeerCore::next_wake() {
  if (self_) return wake_channels_;
  const Lane& control = lane(LaneClass::control);
  // Nobody is accused before we have heard what came while we ourselves did not run.
  const LocalHealth& health = node_.local_health();
  wake_others_ = std::max(std::min(judge_.next_wake(), judge_.next_doubt()),
                          up() ? health.excused_until() : health.convictions_from());
  if (!still_) wake_others_ = std::min({wake_others_, wake_channels_, control.next_wake(), breaker_.next_wake()});
  if (!still_ || !data_idle_) wake_others_ = std::min(wake_others_, wake_data_lanes());
  return control.open() && !control.blocked() ? std::min(wake_others_, next_beat_) : wake_others_;
}

Instant PeerCore::wake_data_lanes() const {
  Instant earliest = never;
  const bool has_session = lane(LaneClass::control).open();
  for (const Lane& each : lanes_) {
    if (each.lane_class() == LaneClass::control) continue;
    // A data lane waits for its session, not for a time.
    if (each.state() != LaneState::waiting || has_session) earliest = std::min(earliest, each.next_wake());
    if (!each.open()) continue;
    if (up()) earliest = std::min(earliest, later(each.waiting_since(), silence_limit()));
    if (up() && !each.silent()) {
      const Instant again = later(lanes_looked_at_, node_.config().detector.heartbeat / 4);
      earliest = std::min(earliest, std::max(lane_silent_at(each), again));
    }
    earliest = std::min(earliest, later(each.last_traffic(), node_.config().reconnect.lane_idle));
  }
  return earliest;
}

void PeerCore::refresh_channels() {
  const std::size_t count = channel_count_.load(std::memory_order_acquire);
  if (known_channels_.size() == count) return;
  const std::lock_guard lock{channels_mutex_};
  for (std::size_t i = known_channels_.size(); i < channels_.size(); ++i) {
    Channel* channel = channels_[i].get();
    known_channels_.push_back(channel);
    slots(channel->policy().lane).push_back({channel, 0});
  }
}

std::optional<Outcome> PeerCore::gate() const {
  if (refuse_new_) return refuse_new_;
  if (judge_.state() == PeerState::unreachable) {
    std::optional<Instant> next_at;
    const Lane& control = lane(LaneClass::control);
    if (control.state() == LaneState::waiting) next_at = control.next_wake();
    return Outcome{OutcomeKind::unreachable, unreachable_cause(), next_at};
  }
  return std::nullopt;
}

void PeerCore::update_gates(Instant now) {
  {
    const std::lock_guard lock{channels_mutex_};
    gate_ = gate();
    isolated_ = !node_.may_act();
    gate_may_borrow_ = self_ || peer_session_ != 0;
  }
  refresh_channels();
  breaker_.tick(now);  // so that what it says of itself is of the state that it is in now
  std::size_t active = 0;
  std::size_t open = 0;
  std::size_t failing = 0;  // open, or not yet known to work again
  Reason why;               // the last of them
  for (Channel* channel : known_channels_) {
    if (channel->replies()) continue;
    if (channel->guard().tick(now)) {
      const CircuitBreaker& breaker = channel->guard().breaker();
      node_.event("breaker", id_, breaker.reason().cause,
                  channel->name() + ": " + std::string{to_string(breaker.state(now))});
    }
    std::optional<Outcome> refusal = gate_of(channel->policy());
    const std::optional<Outcome> open_circuit = channel->guard().refusal(now);
    const bool waits = channel->policy().hold == Hold::until_ttl;
    if (!refusal && !waits) refusal = open_circuit;
    channel->set_gate(refusal, gate_may_borrow_);
    // What has not left fails fast as well: it does not wait for its turn to hear so.
    const bool opened =
        channel->guard().breaker().state(now) == BreakerState::open || breaker_.state(now) == BreakerState::open;
    if (opened && open_circuit && !waits && channel->unsent()) {
      channel->end_unsent(*open_circuit, false, now, node_.endings());
      node_.mark_again(*this);
    }
    active += channel->active() ? 1 : 0;
    const BreakerState state = channel->guard().breaker().state(now);
    open += state == BreakerState::open ? 1 : 0;
    if (state != BreakerState::open && state != BreakerState::half_open) continue;
    ++failing;
    why = channel->guard().breaker().reason();
    why.detail = channel->name();
  }
  // One bad type says nothing about the peer; most of them do.
  if (open >= 2 && 2 * open > active && breaker_.state(now) == BreakerState::closed) {
    breaker_.trip(now, "channels_open", "most channels to this peer are open", false);
  }
  const BreakerState state = breaker_.state(now);
  if (std::exchange(breaker_seen_, state) != state) {
    node_.event("breaker", id_, breaker_.reason().cause, "the peer's: " + std::string{to_string(state)});
  }
  // Gray: it answers heartbeats, and most of what it is asked to do fails or crawls. Over when all of it works again.
  const bool gray = up() && 2 * failing > active;
  const bool changes = judge_.degraded() ? !up() || failing == 0 : gray;
  if (!changes) return;
  judge_.set_degraded(gray, now, gray ? why.cause : peer_cause::recovered, why.detail);
  node_.event(
      "gray", id_, judge_.degraded_reason().cause,
      id_.text() + (gray ? " answers heartbeats and fails on real work: " + why.detail : " is no longer degraded"));
  if (up()) node_.peer_changed(*this);  // what else it is now is told anyway
}

// What holds for the whole peer holds for a type, but that some wait for a peer that is not reached: not for one that
// was removed.
std::optional<Outcome> PeerCore::gate_of(const TypePolicy& policy) const {
  const bool waits = policy.hold == Hold::until_ttl && gate_ && gate_->kind == OutcomeKind::unreachable && !refuse_new_;
  // That this node may not act is about itself, and holds for every peer, reached or not.
  const bool may_not = isolated_ && !policy.ungated && !refuse_new_;
  if (may_not) return Outcome{OutcomeKind::isolated, Cause::self_isolated, {}};
  return waits ? std::nullopt : gate_;
}

Duration PeerCore::verdict_window() const noexcept {
  constexpr Duration longest{500'000};
  const Duration window = 4 * clock_.round_trip();
  return window <= Duration::zero() ? longest : std::min(window + Duration{10'000}, longest);
}

// A lane on which nothing was acknowledged for this long is dead while the peer is not.
Duration PeerCore::silence_limit() const noexcept {
  return 4 * node_.config().detector.heartbeat + node_.config().detector.acceptable_pause;
}

// How long a confirmed trip speaks for the session clock. Every answered heartbeat confirms another.
Duration PeerCore::confirmed_for() const noexcept { return 4 * node_.config().detector.heartbeat; }

Cause PeerCore::unreachable_cause() const noexcept {
  // A peer that was never heard is no silent one, whatever kept us from hearing it.
  const std::string_view cause = judge_.reason().cause;
  for (const Cause known : {Cause::silent, Cause::never_heard, Cause::connect_refused, Cause::refused_by_peer,
                            Cause::peer_stopped, Cause::peer_restarted, Cause::peer_removed}) {
    if (cause == to_string(known)) return known;
  }
  return peer_incarnation_ == Incarnation::unknown ? Cause::never_heard : Cause::silent;
}

// Ages are told by steady clocks alone.
Instant PeerCore::arrival_time(Instant now) const {
  return mutant(Mutant::wall_clock_for_ttl) ? instant_from_us(node_.runtime().wall_clock_us()) : now;
}

// ---- what the node decides

void PeerCore::open_to_self(Instant now) {
  HAWSER_ASSERT(self_, "only a node itself is reached without a socket");
  new_session(node_.incarnation(), session_, true, now, Cause::none);
  for (Lane& each : lanes_) {
    each.want(now);
    each.dialled(LinkId::none, now);
    each.greeted(1, now);
    each.opened(now);
  }
  established_at_ = now;
  judge_.session_open(now);
  judge_.tick(now);
}

void PeerCore::set_endpoint(const Endpoint& endpoint, Instant now) {
  endpoint_ = endpoint;
  for (Lane& each : lanes_) {
    if (each.state() == LaneState::idle) continue;
    if (each.state() != LaneState::waiting) {
      node_.hang_up(each.link());
      fail_lane(each, Lane::Severity::absent, "new_endpoint", "its address was changed to " + endpoint.text(), now);
    }
    each.hurry(now);
  }
}

void PeerCore::refuse_new(const Outcome& outcome, Instant now) {
  {
    const std::lock_guard lock{channels_mutex_};
    refuse_new_ = outcome;
  }
  update_gates(now);
}

void PeerCore::finish(const Outcome& unsent, const Outcome& sent, Instant now) {
  refresh_channels();
  for (Channel* channel : known_channels_) {
    channel->end_unsent(unsent, true, now, node_.endings());
    channel->end_sent(sent, now, node_.endings());
    channel->settle(now, node_.endings());
  }
  for (Lane& each : lanes_) {
    if (each.link() != LinkId::none) node_.hang_up(each.link());
    each.rest(now, to_string(unsent.cause));
  }
  for (Inbound& each : inbound_) {
    if (each.connection != ConnectionId::none) node_.drop(each.connection, std::nullopt);
    each = {};
  }
  received_ = {};
  inbox_.reset({});
  next_beat_ = never;
}

bool PeerCore::at_rest() const {
  if (inbox_.running() > 0 || inbox_.ack_due() || inbox_.queued() > 0) return false;
  const std::lock_guard lock{channels_mutex_};
  return std::all_of(channels_.begin(), channels_.end(), [](const auto& channel) { return channel->held() == 0; });
}

void PeerCore::stance_changed(Instant now) {
  update_gates(now);  // first, so that no other thread puts in what nobody would end
  if (!isolated_) return;
  const Outcome outcome{OutcomeKind::isolated, Cause::self_isolated, {}};
  end_gated(outcome, now);
}

void PeerCore::removed_from_view(Instant now) { end_gated({OutcomeKind::isolated, Cause::peer_isolated, {}}, now); }

// A message belongs to the epoch in which it was submitted: what has left is not sent again in a later one.
void PeerCore::end_gated(const Outcome& unsent, Instant now) {
  for (Channel* channel : known_channels_) {
    if (channel->replies() || channel->policy().ungated) continue;
    channel->end_unsent(unsent, true, now, node_.endings());
    channel->disown_sent({OutcomeKind::unknown, unsent.cause, {}}, now, node_.endings());
  }
}

bool PeerCore::may_act() { return node_.may_act(); }
bool PeerCore::admits(std::uint8_t priority) { return node_.admits(priority); }
Duration PeerCore::retry_after() { return node_.intake_retry_after(); }
IntakeLine* PeerCore::line() { return node_.intake_line(); }

// ---- InboxHost

HandlerDone PeerCore::handler_done(TypeId type, std::uint64_t sequence) {
  // The handler may end on another thread, and after the node: it finds its way back only while there is one.
  return [weak = std::weak_ptr<PeerCore>{shared_from_this()}, node = node_.weak_from_this(), loop = loop(), type,
          sequence, agreement = agreements_](HandlerEnd end) {
    boost::asio::post(loop, [weak, node, type, sequence, agreement, end = std::move(end)]() mutable {
      const auto peer = weak.lock();
      const auto alive = node.lock();
      if (peer && alive) peer->handler_ended(type, sequence, agreement, std::move(end), {});
    });
  };
}

void PeerCore::handler_ended(TypeId type, std::uint64_t sequence, std::uint64_t agreement, HandlerEnd end, Instant) {
  const auto turn = node_.open_turn();
  if (agreement != agreements_) return;  // for a session that is over
  inbox_.handler_ended(type, sequence, std::move(end), turn.now());
  node_.mark_dirty(*this);
}

boost::asio::any_io_executor PeerCore::loop() { return node_.runtime().loop(); }
boost::asio::any_io_executor PeerCore::pool() { return node_.runtime().pool(); }
void PeerCore::look_again() { node_.mark_again(*this); }

bool PeerCore::may_put_off() const { return node_.may_put_off(); }
bool PeerCore::puts_off(FaultPoint point, std::string_view subject) {
  if (point != FaultPoint::credit_withheld) return node_.puts_off(point, *this, subject);
  if (!node_.fires(point, subject)) return false;
  node_.sleep(Duration{1'000}, [weak = weak_from_this()] {
    const auto peer = weak.lock();
    if (!peer) return;
    peer->inbox_.repeat_all();
    peer->node_.mark_dirty(*peer);
  });
  return true;
}

// ---- what it looks like

PeerHealth PeerCore::health(Instant now) const {
  PeerHealth result;
  result.id = id_;
  result.state = judge_.state();
  result.degraded = up() && judge_.degraded();
  result.reason = result.degraded ? judge_.degraded_reason() : judge_.reason();
  if (result.state != PeerState::up && lane(LaneClass::control).state() == LaneState::waiting) {
    result.reason.next_at = lane(LaneClass::control).next_wake();
  }
  if (result.reason.detail.empty()) result.reason.detail = refusal_text_;
  result.phi = self_ ? 0.0 : judge_.phi(now);
  result.round_trip = clock_.round_trip();
  result.incarnation = peer_incarnation_;
  result.flaps = judge_.flaps();
  result.breaker = {std::string{to_string(breaker_.state(now))}, breaker_.reason(), breaker_.opened()};
  return result;
}

LedgerRow PeerCore::ledger() const {
  LedgerRow sum;
  const std::lock_guard lock{channels_mutex_};
  for (const auto& channel : channels_) sum += channel->ledger();
  return sum;
}

PeerSnapshot PeerCore::snapshot(Instant now) const {
  PeerSnapshot result;
  result.health = health(now);
  result.endpoint = endpoint_;
  for (const Lane& each : lanes_) result.lanes.push_back(each.snapshot());
  {
    // All of them: what a caller has just begun to use is submitted and held, though the loop has not looked yet.
    const std::lock_guard lock{channels_mutex_};
    for (const auto& channel : channels_) {
      result.channels.push_back(channel->snapshot(now));
      result.ledger += result.channels.back().ledger;
    }
  }
  result.inbound = inbox_.snapshot();
  result.outbound_room = out_.used();
  result.inbound_room = in_.used();
  result.heartbeats_sent = beats_;
  result.heartbeats_answered = beats_answered_;
  result.detector = judge_.record(now);
  result.round_trips = round_trips_;
  result.sessions = sessions_;
  result.heard_at = heard_at_;
  result.hears = hears_said_;
  result.session_age = established_at_ == never ? Duration::zero() : now - established_at_;
  return result;
}

}  // namespace hawser
