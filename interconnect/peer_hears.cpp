// One-way cuts: what a pair of nodes finds out about the two directions of its link, and what third nodes tell of them.
//
// Whoever beats on and says that it has not heard us is cut off from us one way. Whoever has fallen silent may be dead:
// a few others are asked when they heard it last, and one that spoke to them when it should have spoken to us is cut
// off from us as well. A lane on which nothing arrives while the control lane works is told to its other end.
#include <hawser/interconnect/node_core.hpp>
#include <hawser/interconnect/peer_core.hpp>

#include <algorithm>
#include <utility>

namespace hawser {
namespace {

constexpr std::uint64_t ago_us_max = 3'600'000'000;

std::uint8_t bit_of(LaneClass lane) noexcept { return static_cast<std::uint8_t>(1u << static_cast<unsigned>(lane)); }

}  // namespace

void PeerCore::look_at_judge(Instant now) {
  const LocalHealth& health = node_.local_health();
  if (judge_.tick(now, health.may_accuse(now), health.may_convict(now))) after_judgement(now);
  const bool asks = judge_.doubts(now) && health.may_accuse(now);
  if (!asks || later(others_asked_at_, node_.config().detector.heartbeat / 4) > now) return;
  others_asked_at_ = now;
  node_.ask_others(*this);
}

void PeerCore::seen_alive(Incarnation incarnation, Instant then, Instant now) {
  if (incarnation != peer_incarnation_) return;
  if (judge_.seen_alive(then, now)) node_.peer_changed(*this);
  look_at_judge(now);
}

// A beat that was sent long after one of ours should have been there, by a peer that has been beating all the time: one
// that was asleep says what it knew before.
bool PeerCore::beats_on_unheard(const Heartbeat& heartbeat, const BatchHeader& header, Instant now) const {
  const Duration interval = node_.config().detector.heartbeat;
  // Both are the peer's word, which may be anything.
  const std::uint64_t gap = static_cast<std::uint64_t>(header.sent_at) - static_cast<std::uint64_t>(beat_sent_at_);
  const bool steady = last_heard_ != 0 && gap <= static_cast<std::uint64_t>(to_us(interval * 3 / 2));
  if (!steady || !lane(LaneClass::control).open()) return false;
  const Duration under_way = clock_.charge(header.sent_at, arrival_time(now));
  if (under_way > interval) return false;
  for (std::size_t i = 0; i < unanswered_.size(); ++i) {
    if (unanswered_[i].sequence <= heartbeat.last_heard || unanswered_[i].sent < established_at_) continue;
    return later(unanswered_[i].sent, interval / 2 + clock_.round_trip() + under_way) <= now;
  }
  return false;
}

void PeerCore::hear_questions(const Heartbeat& heartbeat, Instant now) {
  if (!heartbeat.asks.empty()) asked_ = heartbeat.asks;
  for (const HeardAgo& said : heartbeat.answers) {
    if (said.ago_us > ago_us_max) continue;
    // The answer was under way for a round trip at most; what is not known of that makes the other no younger.
    node_.heard_of(said, now - Duration{static_cast<std::int64_t>(said.ago_us)} - clock_.round_trip());
  }
  // What it goes on saying is heard the next time: nobody fills the event log by changing his mind.
  if (heartbeat.lanes_silent == lanes_unheard_) return;
  if (later(lanes_noted_at_, node_.config().detector.heartbeat / 4) > now) return;
  lanes_noted_at_ = now;
  const std::uint8_t before = std::exchange(lanes_unheard_, heartbeat.lanes_silent);
  note_lanes(before, lanes_unheard_, peer_cause::cut_inbound, id_.text() + " says that what it sends on its ");
}

void PeerCore::note_lanes(std::uint8_t before, std::uint8_t after, std::string_view cut, const std::string& what) {
  for (const LaneClass lane : {LaneClass::ordinary, LaneClass::bulk}) {
    const bool silent = (after & bit_of(lane)) != 0;
    if (silent == ((before & bit_of(lane)) != 0)) continue;
    node_.event("lane", id_, silent ? cut : peer_cause::recovered,
                what + std::string{to_string(lane)} + (silent ? " lane does not arrive" : " lane arrives again"));
  }
}

void PeerCore::say_questions(Heartbeat& heartbeat, Instant now) {
  heartbeat.asks = std::exchange(asks_, {});
  heartbeat.lanes_silent = lanes_silent();
  const std::uint8_t told = std::exchange(lanes_told_, heartbeat.lanes_silent);
  if (told != lanes_told_) note_lanes(told, lanes_told_, peer_cause::cut_outbound, "what we send on the ");
  for (const HeardAgo& question : std::exchange(asked_, {})) {
    const auto heard = node_.last_heard(question);
    if (heard && *heard <= now) {
      heartbeat.answers.push_back(
          {question.node, question.incarnation, static_cast<std::uint64_t>(to_us(now) - to_us(*heard))});
    }
  }
}

void PeerCore::ask_about(const PeerCore& silent) {
  const bool known =
      std::any_of(asks_.begin(), asks_.end(), [&](const HeardAgo& each) { return each.node == silent.id(); });
  if (!known && asks_.size() < asks_max) asks_.push_back({silent.id(), silent.incarnation(), 0});
}

// Named when the peer has answered on the control lane since, and what this lane holds had the time to get through a
// slow line; redialled only much later, see tick().
void PeerCore::look_at_lane(Lane& each, Instant now) {
  if (each.lane_class() == LaneClass::control || each.silent() || lane_silent_at(each) > now) return;
  const Instant answered = judge_.detector().last_heard();
  if (answered < later(each.quiet_since(), node_.config().detector.heartbeat / 2)) return;
  if (!node_.local_health().may_accuse(now)) return;
  each.fell_silent(now, peer_cause::cut_outbound, "nothing on it is acknowledged, while the peer answers");
}

Instant PeerCore::lane_silent_at(const Lane& each) const {
  if (!each.open() || !up() || each.all_acknowledged()) return never;
  const Duration through{static_cast<std::int64_t>(each.flight_bytes())};  // at a megabyte per second
  return later(each.quiet_since(), node_.config().detector.heartbeat * 3 / 2 + through);
}

std::uint8_t PeerCore::lanes_silent() const noexcept {
  std::uint8_t silent = 0;
  for (const Lane& each : lanes_) {
    if (each.lane_class() != LaneClass::control && each.silent()) silent |= bit_of(each.lane_class());
  }
  return silent;
}

// ---- the node's part

// A few of those who answer, anybody: whoever is cut off from us may be cut off from some of them too, and it is asked
// again soon.
void NodeCore::ask_others(PeerCore& silent) {
  constexpr std::size_t witnesses = 3;
  constexpr std::size_t tried_max = 12;
  const auto peers = static_cast<std::uint32_t>(by_index_.size());
  std::size_t asked = 0;
  for (std::size_t tried = 0; tried < std::min<std::size_t>(peers, tried_max) && asked < witnesses; ++tried) {
    const std::uint32_t index = (witness_next_ + static_cast<std::uint32_t>(tried)) % peers;
    PeerCore* const other = by_index_[index].get();
    if (other == nullptr || other == &silent || other->is_self() || !other->up() || other->doubts(now_)) continue;
    other->ask_about(silent);
    mark_touched(*other);
    ++asked;
    witness_next_ = index + 1;
  }
}

void NodeCore::heard_of(const HeardAgo& said, Instant then) {
  const auto peer = find(said.node);
  if (peer != nullptr) peer->seen_alive(said.incarnation, then, now_);
}

std::optional<Instant> NodeCore::last_heard(const HeardAgo& question) const {
  const auto peer = find(question.node);
  if (peer == nullptr || peer->incarnation() != question.incarnation) return std::nullopt;
  return peer->heard_at();
}

}  // namespace hawser
