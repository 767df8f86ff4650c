// How a session with a peer begins, goes on and ends: hello, welcome, goodbye, heartbeats.
#include <hawser/base/mutant.hpp>
#include <hawser/interconnect/node_core.hpp>
#include <hawser/interconnect/peer_core.hpp>

#include <algorithm>
#include <utility>

namespace hawser {
namespace {

std::string_view cause_of(LinkFailure failure) noexcept { return to_string(failure); }

}  // namespace

// ---- our links

void PeerCore::link_up(LaneClass which, Instant now) {
  if (node_.fires(FaultPoint::hello_delayed)) {
    say_hello_later(which);
  } else {
    say_hello(which, now);
  }
}

void PeerCore::say_hello_later(LaneClass which) {
  node_.sleep(Duration{1'000}, [weak = weak_from_this(), which, link = lane(which).link()] {
    const auto peer = weak.lock();
    if (!peer) return;
    const auto turn = peer->node_.open_turn();
    const bool still = peer->lane(which).link() == link && peer->lane(which).state() == LaneState::dialling;
    if (still) peer->say_hello(which, turn.now());
    peer->node_.mark_dirty(*peer);
  });
}

void PeerCore::say_hello(LaneClass which, Instant now) {
  Lane& to = lane(which);
  to.greeted(random_.next() | 1, now);
  const Config& config = node_.config();
  Hello hello;
  hello.cluster = config.cluster;
  hello.from = config.id;
  hello.to = id_;
  hello.from_incarnation = node_.incarnation();
  hello.to_incarnation = peer_incarnation_;
  hello.session = session_;
  hello.nonce = to.nonce();
  hello.lane = which;
  hello.generation_digest = config.generation_digest();
  hello.sent_at = session_now(now);
  hello.batches_before = to.batch_number();
  hand_over(to, 0, encode(hello), now);
}

void PeerCore::link_down(LaneClass which, LinkFailure why, std::string_view detail, Instant now) {
  Lane& lost = lane(which);
  // One that accepts and then says nothing is as silent as one that does not accept.
  const bool hard = why == LinkFailure::handshake_failed || why == LinkFailure::authentication_failed;
  fail_lane(lost, hard ? Lane::Severity::refused : Lane::Severity::absent, cause_of(why), std::string{detail}, now);
  if (which == LaneClass::control) {
    judge_.connection_lost(now, cause_of(why));
    if (judge_.tick(now)) after_judgement(now);
  }
}

void PeerCore::link_writable(LaneClass which, Instant now) {
  Lane& free = lane(which);
  free.set_blocked(false);
  retry_pending(free);
  (void)now;
}

void PeerCore::refused(LaneClass which, const Refusal& refusal, Instant now) {
  Lane& turned_away = lane(which);
  if (turned_away.link() == LinkId::none) return;
  refusal_text_ = std::string{to_string(refusal.reason)} + ": " + refusal.text;
  node_.event("refused", id_, to_string(refusal.reason), id_.text() + " turned us away: " + refusal.text);
  node_.hang_up(turned_away.link());
  // A node that stops has not judged us: it is looked for as one that is absent, and the word for it stays its own. Nor
  // has one that got a hello of ours from an earlier time.
  const bool stopping = refusal.reason == RefusalReason::stopping;
  const bool judged = !stopping && refusal.reason != RefusalReason::stale_session;
  fail_lane(turned_away, judged ? Lane::Severity::refused : Lane::Severity::absent, to_string(refusal.reason),
            refusal.text, now);
  if (which != LaneClass::control) return;
  judge_.connection_lost(now, judged     ? to_string(Cause::refused_by_peer)
                              : stopping ? to_string(Cause::peer_stopped)
                                         : peer_cause::connection_lost);
  if (judge_.tick(now)) after_judgement(now);
}

void PeerCore::fail_lane(Lane& failed, Lane::Severity severity, std::string_view cause, std::string detail,
                         Instant now) {
  const bool was_open = failed.open();
  const auto which = static_cast<std::size_t>(failed.lane_class());
  // The control lane shows that the peer is there and takes us: nothing speaks for a long wait.
  if (failed.lane_class() != LaneClass::control && lane(LaneClass::control).open()) severity = Lane::Severity::absent;
  pending_[which] = nullptr;
  const bool hung = cause == peer_cause::connect_timeout || cause == peer_cause::handshake_timeout ||
                    cause == "no_welcome" || cause == "no_progress";
  if (hung && failed.lane_class() != LaneClass::control && lane(LaneClass::control).open()) failed.met_silence();
  failed.failed(now, severity, cause, std::move(detail), random_);
  if (was_open) {
    node_.event("lane", id_, cause,
                std::string{to_string(failed.lane_class())} + " lane lost: " + failed.reason().detail);
  }
  if (failed.lane_class() != LaneClass::control) {
    inbox_.repeat_all();  // acknowledgements may have travelled on it
    return;
  }
  established_at_ = never;
  next_beat_ = never;
}

// ---- their connections

RefusalReason PeerCore::hello(ConnectionId connection, const Hello& hello, Instant now) {
  const bool stale = hello.from_incarnation < peer_incarnation_;
  if (stale && !mutant(Mutant::stale_incarnation_accepted)) return RefusalReason::stale_incarnation;
  const bool overtaken = hello.from_incarnation == peer_incarnation_ && hello.session < peer_session_;
  if (overtaken) return RefusalReason::stale_session;
  const bool known = hello.from_incarnation == peer_incarnation_ &&
                     (hello.session == peer_session_ || mutant(Mutant::stale_session_accepted));
  if (!known) {
    if (hello.lane != LaneClass::control) return RefusalReason::malformed;  // the control lane comes first
    const bool newer = hello.from_incarnation > peer_incarnation_ && peer_incarnation_ != Incarnation::unknown;
    end_connections(newer);
    const bool knows_us = hello.to_incarnation == node_.incarnation();
    new_session(hello.from_incarnation, hello.session, knows_us, now, newer ? Cause::peer_restarted : Cause::none);
  }
  Inbound& from = inbound(hello.lane);
  if (from.connection != ConnectionId::none && from.connection != connection) node_.drop(from.connection, std::nullopt);
  from.connection = connection;
  from.nonce = hello.nonce;
  from.hello_sent_at = hello.sent_at;
  from.batches_before = hello.batches_before;
  from.welcome_due = true;
  inbox_.lane_reopened(hello.lane);
  version_ = choose_version({hello.version_min, hello.version_max}, {}).value_or(wire_version_min);
  if (hello.lane == LaneClass::control) lane(LaneClass::control).hurry(now);
  return RefusalReason::none;
}

// What is still under way on them has its numbers and its clock from the session that ends: as messages of the next one
// it would be taken anew, and at any age. `newer`: they belong to a process before.
void PeerCore::end_connections(bool newer) {
  for (const Inbound& old : inbound_) {
    if (old.connection == ConnectionId::none || (!newer && mutant(Mutant::old_lanes_heard))) continue;
    std::optional<Refusal> refusal;
    if (newer) {
      refusal.emplace();
      refusal->reason = RefusalReason::superseded;
      refusal->text = "another process with the id " + id_.text() + " has taken over";
    }
    node_.drop(old.connection, refusal);
  }
}

void PeerCore::connection_closed(LaneClass which, ConnectionId connection) {
  Inbound& from = inbound(which);
  if (from.connection != connection) return;
  from = {};
}

std::uint64_t PeerCore::next_session() { return node_.session_number(static_cast<std::uint32_t>(random_.next()) | 1); }

// Another incarnation, or another life of the same one: what was agreed with the old one is over.
void PeerCore::new_session(Incarnation incarnation, std::uint64_t session, bool knows_us, Instant now, Cause why) {
  refresh_channels();
  // Only a peer that does not know us in this life makes us begin anew: one that does has changed its session because
  // it has just met us, and if we changed ours for that, two such nodes would go on changing for ever.
  const bool had_one =
      peer_session_ != 0 && !(incarnation == peer_incarnation_ && knows_us) && !mutant(Mutant::restart_unnoticed);
  if (had_one) {
    // The same process has forgotten us (it removed us, or it has heard of our restart only now): what is unsent may go
    // to it, and our own number stays, or each side would answer the other's new number with another one.
    const bool restarted = incarnation != peer_incarnation_;
    const Cause cause = why == Cause::none ? Cause::peer_restarted : why;
    for (Channel* channel : known_channels_) {
      channel->end_sent({OutcomeKind::unknown, cause, {}}, now, node_.endings());
      // What came after its goodbye was never meant for the old one.
      if (restarted && !departed_)
        channel->end_unsent({OutcomeKind::unreachable, cause, {}}, true, now, node_.endings());
    }
    if (restarted) {
      session_ = next_session();
      session_began_ = now;
    }
    for (Lane& each : lanes_) {
      if (each.link() == LinkId::none) continue;
      node_.hang_up(each.link());
      fail_lane(each, Lane::Severity::absent, to_string(cause), "the peer has started again", now);
      each.hurry(now);
    }
    judge_.peer_restarted(now);
    node_.event("session", id_, restarted ? to_string(cause) : std::string_view{"new_session"},
                id_.text() + (restarted ? " has started again" : " has begun a new session"));
  }
  departed_ = false;
  cancelled_.clear();
  ++agreements_;
  peer_incarnation_ = incarnation;
  peer_session_ = session;
  clock_ = SessionClock{static_cast<std::uint32_t>(node_.config().clock_drift * 1'000'000.0), confirmed_for()};
  for (Inbound& each : inbound_) each = {};
  received_ = {};
  unanswered_.clear();
  reply_due_ = 0;
  last_heard_ = 0;
  asks_.clear();
  asked_.clear();
  lanes_unheard_ = 0;
  Delivery from;
  from.node = id_;
  from.incarnation = incarnation;
  from.clock = &node_.runtime().scheduler();
  inbox_.reset(from);
}

// Welcomes go out on our own control lane, after our own hello. A data lane is welcomed once we can tell how old its
// messages are: when a round trip has confirmed the session clock lately, not before the last silence.
void PeerCore::send_welcomes(Instant now) {
  Lane& control = lane(LaneClass::control);
  if (control.state() != LaneState::greeting && control.state() != LaneState::open) return;
  for (std::size_t i = 0; i < lane_count; ++i) {
    Inbound& from = inbound_[i];
    if (!from.welcome_due || control.blocked() || node_.puts_off(FaultPoint::welcome_delayed, *this)) continue;
    const auto which = static_cast<LaneClass>(i);
    if (which != LaneClass::control && !clock_.confirmed(arrival_time(now))) continue;
    Welcome welcome;
    welcome.from = node_.config().id;
    welcome.to = id_;
    welcome.from_incarnation = node_.incarnation();
    welcome.to_incarnation = peer_incarnation_;
    welcome.session = session_;
    welcome.peer_session = peer_session_;
    welcome.nonce = from.nonce;
    welcome.lane = which;
    welcome.version = version_;
    welcome.sent_at = session_now(now);
    welcome.hello_sent_at = from.hello_sent_at;
    welcome.resume = inbox_.resume(which);
    from.welcome_due = !hand_over(control, 0, encode(welcome), now);
  }
}

bool PeerCore::welcome(const Welcome& welcome, Instant now, std::string& problem) {
  if (welcome.from != id_ || welcome.from_incarnation != peer_incarnation_ || welcome.session != peer_session_) {
    problem = "a welcome from somebody else";
    return false;
  }
  // It answers what a process before us said, which its sender has read late: that one is gone, nobody has erred.
  if (welcome.to_incarnation != node_.incarnation()) return true;
  Lane& opened = lane(welcome.lane);
  const bool current =
      welcome.peer_session == session_ && opened.state() == LaneState::greeting && opened.nonce() == welcome.nonce;
  if (!current) return true;  // it answers a hello of a connection that is gone
  if (welcome.version < wire_version_min || welcome.version > wire_version_max) {
    problem = "a welcome in a version that was not offered";
    return false;
  }
  clock_.confirm(welcome.sent_at, arrival_time(now),
                 Duration{std::max<std::int64_t>(session_now(now) - welcome.hello_sent_at, 0)});
  opened.opened(now);
  node_.event("lane", id_, "welcomed", std::string{to_string(welcome.lane)} + " lane open");
  if (welcome.lane == LaneClass::control) {
    control_opened(now);
  } else {
    data_opened(welcome.lane, welcome, now);
  }
  return true;
}

void PeerCore::control_opened(Instant now) {
  ++sessions_;
  established_at_ = now;
  refusal_text_.clear();
  next_beat_ = now;
  hears_told_ = 0;
  lanes_told_ = 0;
  inbox_.repeat_all();
  for (Channel* channel : known_channels_) channel->control_opened();
  for (Lane& each : lanes_) each.hurry(now);
  judge_.session_open(now);
  breaker_.evidence(now);
  if (judge_.tick(now)) after_judgement(now);
}

void PeerCore::data_opened(LaneClass which, const Welcome& welcome, Instant now) {
  refresh_channels();
  for (const Slot& slot : slots(which)) {
    const auto known = std::find_if(welcome.resume.begin(), welcome.resume.end(),
                                    [&](const ChannelResume& entry) { return entry.type == slot.channel->type(); });
    if (known == welcome.resume.end()) {
      slot.channel->resume_fresh(now, node_.endings());
    } else {
      slot.channel->resume(*known, now, node_.endings());
    }
  }
}

// It has stopped for good: its word on what it took is the last. What it took and gave no verdict on may have been
// handled; what it did not take was not, and never will be.
void PeerCore::goodbye(const Goodbye& said, Instant now) {
  node_.event("session", id_, to_string(Cause::peer_stopped), id_.text() + " stops on purpose");
  inbox_.nobody_waits();
  departed_ = true;
  refresh_channels();
  for (Channel* channel : known_channels_) {
    std::uint64_t taken = said.settled ? 0 : UINT64_MAX;
    for (const ChannelResume& entry : said.taken) {
      if (entry.type == channel->type()) taken = entry.received;
    }
    channel->peer_left(taken, now, node_.endings());
    channel->end_unsent({OutcomeKind::unreachable, Cause::peer_stopped, {}}, true, now, node_.endings());
  }
  judge_.convict(now, to_string(Cause::peer_stopped));
  after_judgement(now);
}

// All verdicts go before it, on the same lane.
void PeerCore::say_goodbye(Instant now) {
  Lane& control = lane(LaneClass::control);
  if (!std::exchange(goodbye_due_, true)) {
    inbox_.close(now);
    inbox_.repeat_all();
  }
  if (self_ || !control.open()) {
    goodbye_due_ = false;
    return;
  }
  while (inbox_.ack_due() && !control.blocked()) flush_control(now);
  if (control.blocked()) return;  // link_writable brings us back
  goodbye_due_ = false;
  Goodbye goodbye;
  goodbye.settled = !mutant(Mutant::goodbye_without_taken);
  if (goodbye.settled) goodbye.taken = inbox_.taken();
  goodbye.from = node_.config().id;
  goodbye.from_incarnation = node_.incarnation();
  goodbye.version = version_;
  hand_over(control, 0, encode(goodbye), now);
}

// ---- is it alive?

void PeerCore::heard_heartbeat(const Heartbeat& heartbeat, const BatchHeader& header, Instant now) {
  if (heartbeat.sequence > last_heard_) {
    if (beats_on_unheard(heartbeat, header, now)) {
      if (judge_.unheard(now)) node_.peer_changed(*this);
      look_at_judge(now);
    }
    beat_sent_at_ = header.sent_at;
    last_heard_ = heartbeat.sequence;
    reply_due_ = heartbeat.sequence;
    reply_heard_at_ = now;
    judge_.heard(now);
    heard_at_ = now;
    // Else as before. Snapshots share it, so it is replaced and not changed.
    if (!heartbeat.hears.empty()) hears_said_ = std::make_shared<const std::vector<Hears>>(heartbeat.hears);
    static const std::vector<Hears> nobody;
    node_.vouch(hears_said_ == nullptr ? nobody : *hears_said_);
  }
  hear_questions(heartbeat, now);
  if (heartbeat.reply_to == 0) return;
  while (!unanswered_.empty() && unanswered_.front().sequence < heartbeat.reply_to) unanswered_.pop_front();
  if (unanswered_.empty() || unanswered_.front().sequence != heartbeat.reply_to) return;
  const Duration trip = now - unanswered_.front().sent;
  unanswered_.pop_front();
  const auto hold = static_cast<std::int64_t>(std::min<std::uint64_t>(heartbeat.reply_hold_us, 60'000'000));
  const Duration round_trip = std::max(Duration::zero(), trip - Duration{hold});
  // A reply that took as long as a conviction is no evidence of life: it may be one of a burst that was held up.
  if (round_trip > silence_limit()) return;
  ++beats_answered_;
  round_trips_.record(round_trip);
  clock_.confirm(header.sent_at, arrival_time(now), round_trip);
  judge_.reply(now);
  if (!still_) breaker_.evidence(now);
  if (judge_.tick(now)) after_judgement(now);
}

void PeerCore::vouched(Incarnation incarnation, Instant now) {
  if (incarnation == peer_incarnation_ && judge_.vouched(now)) node_.peer_changed(*this);
}

// The judge has changed its mind, or may have: carry out what follows.
void PeerCore::after_judgement(Instant now) {
  const PeerState state = judge_.state();
  if (state == PeerState::unreachable) {
    update_gates(now);  // first, so that no other thread puts in what nobody would end
    const Outcome outcome{OutcomeKind::unreachable, unreachable_cause(), std::nullopt};
    for (Channel* channel : known_channels_) channel->end_unsent(outcome, false, now, node_.endings());
    breaker_.trip(now, judge_.reason().cause, "the detector", true);
    for (Lane& each : lanes_) {
      if (each.state() != LaneState::open && each.state() != LaneState::greeting) continue;
      node_.hang_up(each.link());
      fail_lane(each, Lane::Severity::absent, judge_.reason().cause, "the peer is unreachable", now);
    }
  }
  node_.peer_changed(*this);
}

}  // namespace hawser
