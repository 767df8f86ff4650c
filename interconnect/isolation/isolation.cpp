#include <hawser/interconnect/isolation/isolation.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/interconnect/isolation/derive.hpp>
#include <hawser/interconnect/isolation/flaw.hpp>

#include <algorithm>
#include <utility>

namespace hawser {

Isolation::Isolation(IsolationConfig config, ServingGate& gate, Random random)
    : config_(std::move(config)),
      gate_(gate),
      table_(config_.coterie.places()),
      voter_(config_.settings, config_.coterie.places(), config_.self, config_.coterie.voters().has(config_.self),
             config_.durable),
      member_(config_.settings.lease, config_.coterie.places()),
      proposer_(config_.settings, config_.self, config_.incarnation, config_.coterie.places(), random) {
  HAWSER_ASSERT(problems(config_.settings).empty(), "the settings of isolation fit together");
  HAWSER_ASSERT(config_.self < config_.coterie.members(), "this node is a configured member");
  HAWSER_ASSERT(config_.incarnation != Incarnation::unknown, "this node knows its incarnation");
  own_.place = config_.self;
  own_.incarnation = config_.incarnation;
}

void Isolation::start(const std::optional<StoredVote>& memory, std::string why, Instant now) {
  HAWSER_ASSERT(!started_, "isolation starts once");
  started_ = true;
  now_ = now;
  memory_story_ = std::move(why);
  reason_ = {now, stance_cause::starting, {}, {}};
  if (inert()) {
    gate_.set(never, Epoch{});
    judge(now);
    return;
  }
  voter_.start(memory, now);
  next_beat_ = now;
  moved_ = true;
  after(now);
}

void Isolation::link(Place peer, Incarnation incarnation, bool up, Instant now) {
  HAWSER_ASSERT(peer < table_.places() && peer != config_.self, "a link leads to another member, or to the arbiter");
  if (!started_ || inert()) return;
  before(now);
  if (incarnation >= table_.row(peer).incarnation) {
    // A new life: what the old one heard is nothing now, though its row will be missed until the new one has come.
    MemberRow fresh;
    fresh.place = peer;
    fresh.incarnation = incarnation;
    moved_ = table_.merge(fresh) || moved_;
    if (up) {
      own_.hears.add(peer);
    } else {
      own_.hears.remove(peer);
    }
  }
  after(now);
}

void Isolation::hear(Place from, const Pulse& pulse, Instant now) {
  HAWSER_ASSERT(from < table_.places() && from != config_.self, "a pulse is another member's, or the arbiter's");
  if (!started_ || inert()) return;
  before(now);
  if (!take_rows(from, pulse)) return;
  voter_.saw(pulse.max_seen);
  voter_.resigned(from, pulse.incarnation, pulse.below);
  if (pulse.refused) proposer_.refused(*pulse.refused, now);
  // A grant in anybody's pulse is a proposal: views that were left half-finished complete, or are overtaken.
  if (!flawed(Flaw::no_relay_no_repair)) consider(pulse.grant, now);
  const bool refuses = pulse.proposal && !consider(*pulse.proposal, now);
  take_answer(from, pulse, now);
#ifdef HAWSER_ISOLATION_FLAWS
  count_grant(from, pulse, now);
#endif
  after(now);
  if (pulse.sequence != 0) answer(from, pulse, refuses, now);
}

// False when the pulse is not true to its sender, or of a life that is over.
bool Isolation::take_rows(Place from, const Pulse& pulse) {
  if (pulse.rows.empty() || pulse.rows.front().place != from) return false;
  if (pulse.rows.front().incarnation != pulse.incarnation) return false;
  if (pulse.incarnation < table_.row(from).incarnation) return false;
  for (const MemberRow& row : pulse.rows) {
    if (row.place >= table_.places() || row.place == config_.self) continue;
    moved_ = table_.merge(row) || moved_;
  }
  return true;
}

// False when this node refuses the view.
bool Isolation::consider(const View& view, Instant now) {
  if (!view.any()) return true;
  voter_.saw(view.epoch);
  if (!voter_.remembers() || view.epoch == voter_.grant().epoch) return true;
  if (view.epoch > voter_.grant().epoch) {
    if (lists_the_dead(view) || drops_the_healthy(table_, config_.coterie, voter_.grant(), view)) return false;
  }
  const Voter::Considered considered = voter_.consider(view, now);
  if (considered == Voter::Considered::pledged && !view.has(config_.self, config_.incarnation)) {
    urgent_ = urgent_ || member_.below() < view.epoch;
    member_.resign(view.epoch);
    voter_.resigned(config_.self, config_.incarnation, member_.below());
    set_gate(now);
  }
  return considered != Voter::Considered::stale;
}

bool Isolation::lists_the_dead(const View& view) const {
  return std::any_of(view.members.begin(), view.members.end(), [this](const ViewMember& member) {
    if (member.place >= config_.coterie.members()) return true;
    if (member.place == config_.self) return member.incarnation != config_.incarnation;
    return member.incarnation < table_.row(member.place).incarnation;
  });
}

void Isolation::take_answer(Place from, const Pulse& pulse, Instant now) {
  if (!pulse.answer || pulse.answer->incarnation != config_.incarnation) return;
  std::optional<Instant> sent = sent_at(pulse.answer->sequence, now);
  if (!sent) return;
  if (flawed(Flaw::lease_from_reply)) sent = now;
  voter_.answered(from, pulse.rows.front().votes, pulse.grant.epoch, pulse.max_seen, *sent);
  if (!pulse.answer->supports || !config_.coterie.voters().has(from)) return;
  const Epoch& epoch = flawed(Flaw::support_of_any_epoch) ? voter_.grant().epoch : pulse.grant.epoch;
  member_.supported(from, epoch, *sent, pulse.answer->before);
}

void Isolation::answer(Place from, const Pulse& pulse, bool refuses, Instant now) {
  Pulse reply = make_pulse();
  PulseAnswer& answer = reply.answer.emplace();
  answer.sequence = pulse.sequence;
  answer.incarnation = pulse.incarnation;
  answer.supports = voter_.support(from, pulse.incarnation, now);
  answer.before = voter_.before();
  if (refuses) reply.refused = pulse.proposal->epoch;
  output_.sendings.push_back({MemberSet::only(from), std::move(reply)});
}

// Nothing when that beat is older than a lease: its answer is worth nothing.
std::optional<Instant> Isolation::sent_at(std::uint64_t sequence, Instant now) const {
  const auto found = std::lower_bound(beats_.begin(), beats_.end(), sequence,
                                      [](const Beat& beat, std::uint64_t wanted) { return beat.sequence < wanted; });
  if (found == beats_.end() || found->sequence != sequence) return std::nullopt;
  if (now >= later(found->sent, config_.settings.lease)) return std::nullopt;
  return found->sent;
}

void Isolation::tick(Instant now) {
  if (!started_ || inert()) return;
  before(now);
  after(now);
}

void Isolation::stored(bool durable, Instant now) {
  if (!started_ || inert()) return;
  before(now);
  if (voter_.stored(durable, now)) {
    moved_ = true;
    urgent_ = true;
  }
  after(now);
}

void Isolation::leave(Instant now) {
  if (!started_ || leaving_) return;
  leaving_ = true;
  if (inert()) {
    gate_.close();
    judge(now);
    return;
  }
  before(now);
  own_.leaving = true;
  member_.resign(last_epoch);
  voter_.resigned(config_.self, config_.incarnation, last_epoch);
  set_gate(now);
  urgent_ = true;
  after(now);
}

bool Isolation::left() const noexcept {
  return leaving_ && (inert() || !voter_.grant().has(config_.self, config_.incarnation));
}

IsolationOutput Isolation::take() { return std::exchange(output_, {}); }

void Isolation::told(Instant now) {
  if (!started_ || inert() || !output_.views.empty()) return;
  untold_ = false;
  before(now);
  set_gate(now);
}

Instant Isolation::next_wake() const noexcept {
  if (!started_ || inert()) return never;
  Instant soonest = next_beat_;
  for (const Instant at : {voter_.next_wake(), proposer_.next_wake(), member_.lease_ends(config_.coterie)}) {
    if (at > now_) soonest = std::min(soonest, at);
  }
  return soonest;
}

// Asks everybody for support, itself included.
void Isolation::beat(Instant now) {
  urgent_ = false;
  last_beat_ = now;
  next_beat_ = later(now, config_.settings.heartbeat);
  while (!beats_.empty() && now >= later(beats_.front().sent, config_.settings.lease)) beats_.pop_front();
  beats_.push_back({++sequence_, now});
  // A repetition, for this node's own vote as well: its pledge must not run out while it asks others for theirs.
  if (proposer_.proposal() && !consider(*proposer_.proposal(), now))
    proposer_.refused(proposer_.proposal()->epoch, now);
  Pulse pulse = make_pulse();
  pulse.sequence = sequence_;
  pulse.proposal = proposer_.proposal();
  const MemberSet to = everybody_else();
  if (!to.empty()) output_.sendings.push_back({to, std::move(pulse)});
  if (voter_.support(config_.self, config_.incarnation, now)) {
    member_.supported(config_.self, voter_.grant().epoch, now, voter_.before());
  }
}

// Others' rows take turns where there are many: who hears whom is told by the members themselves first of all.
Pulse Isolation::make_pulse() {
  Pulse pulse;
  pulse.incarnation = config_.incarnation;
  pulse.grant = voter_.grant();
  pulse.max_seen = voter_.max_seen();
  pulse.below = member_.below();
  pulse.rows.push_back(table_.row(config_.self));
  for (std::size_t i = 0; i < table_.places() && pulse.rows.size() < pulse_rows_max; ++i) {
    next_row_ = (next_row_ + 1) % table_.places();
    const MemberRow& row = table_.row(static_cast<Place>(next_row_));
    if (row.place != config_.self && row.known()) pulse.rows.push_back(row);
  }
  return pulse;
}

MemberSet Isolation::everybody_else() const noexcept {
  return MemberSet::first(config_.coterie.places()).without(config_.self);
}

}  // namespace hawser
