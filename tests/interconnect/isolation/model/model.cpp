#include "interconnect/isolation/model/model.hpp"

#include <hawser/interconnect/isolation/decision.hpp>

#include <algorithm>
#include <sstream>

namespace hawser::model {
namespace {

constexpr std::uint64_t cluster_digest = 42;
constexpr int detection_heartbeats = 4;

}  // namespace

Model::Model(const ModelConfig& config) : config_(config), coterie_(config.coterie), random_(config.seed) {
  const std::size_t n = coterie_.members();
  nodes_.resize(n);
  cut_.assign(n, std::vector<char>(n, 0));
  loss_ppm_ = static_cast<std::uint32_t>(random_.below(config_.hardship.loss_ppm_max + 1));
  late_ppm_ = static_cast<std::uint32_t>(random_.below(config_.hardship.late_ppm_max + 1));
  double_ppm_ = static_cast<std::uint32_t>(random_.below(config_.hardship.double_ppm_max + 1));
  for (Node& node : nodes_) {
    const auto drift = static_cast<std::int64_t>(config_.settings.drift_ppm);
    // The extremes more often than not: that is where factors are found out.
    const std::uint64_t kind = random_.below(3);
    node.rate_ppm = 1'000'000 + (kind == 0 ? -drift : kind == 1 ? drift : random_.between(-drift, drift));
    node.offset_us = random_.between(std::int64_t{0}, std::int64_t{1'000'000'000});
    node.gate = std::make_unique<ServingGate>();
  }
  for (std::size_t i = 0; i < n; ++i) restart(static_cast<Place>(i));
}

Instant Model::local(const Node& node, Duration at) const {
  return instant_from_us(node.offset_us + to_us(at) * node.rate_ppm / 1'000'000);
}

Duration Model::true_time(const Node& node, Instant at) const {
  if (at == never) return Duration::max();
  const std::int64_t us = (to_us(at) - node.offset_us) * 1'000'000 / node.rate_ppm;
  return std::max(now_ + Duration{1}, Duration{us + 1});
}

void Model::push(Event event) {
  event.order = ++order_;
  queue_.push(std::move(event));
}

bool Model::serving(Place place) const {
  return alive(place) && nodes_[place].gate->serving(local(nodes_[place], now_));
}

bool Model::all_serve_in_one() const {
  std::vector<ViewMember> living;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (alive(static_cast<Place>(i)))
      living.push_back({static_cast<Place>(i), Incarnation{nodes_[i].life.incarnation}});
  }
  return std::all_of(living.begin(), living.end(), [&](const ViewMember& member) {
    const View& view = nodes_[member.place].isolation->view();
    return serving(member.place) && view.members == living &&
           view.epoch == nodes_[living.front().place].isolation->view().epoch;
  });
}

void Model::crash(Place place, bool wipe) {
  Node& node = nodes_[place];
  node.isolation.reset();
  node.gate->close();
  // What was on its way to the disk arrived or not; never half, since the disk's record is whole or old.
  if (node.writing && random_.chance(500'000)) node.disk = node.writing;
  node.writing.reset();
  if (wipe || !config_.durable) node.disk.reset();
}

void Model::restart(Place place) {
  Node& node = nodes_[place];
  const std::size_t n = nodes_.size();
  const std::uint64_t incarnation = node.life.incarnation + 1;
  node.life = Life{};
  node.life.incarnation = incarnation;
  node.life.answered.assign(n, Instant::min());
  node.life.heard.assign(n, std::nullopt);
  node.life.heard_incarnation.assign(n, 0);
  node.life.linked.assign(n, false);
  node.paused_until = Duration::zero();
  IsolationConfig config{coterie_, config_.settings, place, Incarnation{incarnation}, config_.durable};
  node.isolation = std::make_unique<Isolation>(std::move(config), *node.gate, random_.fork());
  std::optional<StoredVote> memory;
  std::string problem = "never written";
  if (node.disk) memory = decode_vote(*node.disk, cluster_digest, coterie_.places(), problem);
  if (node.disk && !memory) violate("a whole record was not read back: " + problem);
  node.isolation->start(memory, problem, local(node, now_));
  if (memory) node.life.granted = memory->grant.epoch;
  node.wake_at = Duration::max();
  carry_out(place);
}

void Model::leave(Place place) {
  if (!alive(place)) return;
  nodes_[place].isolation->leave(local(nodes_[place], now_));
  carry_out(place);
}

void Model::run_until(Duration at) {
  while (!queue_.empty() && queue_.top().at <= at && result_.violation.empty()) {
    const Event event = queue_.top();
    queue_.pop();
    now_ = std::max(now_, event.at);
    ++result_.events;
    handle(event);
    check();
  }
  if (result_.violation.empty()) now_ = std::max(now_, at);
}

void Model::handle(const Event& event) {
  if (event.what == What::fault) {
    fault(faults_[event.fault]);
    return;
  }
  Node& node = nodes_[event.to];
  if (!alive(event.to)) return;
  if (node.paused_until > now_) {  // it waits in the kernel, or in the timer that is late
    Event late = event;
    late.at = node.paused_until;
    push(std::move(late));
    return;
  }
  switch (event.what) {
    case What::pulse:
      deliver(event);
      break;
    case What::wake:
      if (event.life != node.life.incarnation || event.at < node.wake_at) return;
      wake(event.to);
      break;
    case What::written:
      if (event.life != node.life.incarnation || !node.writing) return;
      if (random_.chance(980'000)) {
        node.disk = node.writing;
        node.writing.reset();
        node.isolation->stored(true, local(node, now_));
      } else {
        node.writing.reset();
        node.isolation->stored(false, local(node, now_));
      }
      break;
    case What::fault:
      break;
  }
  carry_out(event.to);
}

void Model::deliver(const Event& event) {
  Node& node = nodes_[event.to];
  const Instant now = local(node, now_);
  Pulse pulse;
  std::string problem;
  if (!decode(*event.bytes, coterie_.places(), pulse, problem)) {
    violate("a pulse did not survive its encoding: " + problem);
    return;
  }
  const bool ours = pulse.answer && pulse.answer->incarnation == Incarnation{node.life.incarnation};
  const std::uint64_t theirs = to_number(pulse.incarnation);
  if (ours && theirs >= node.life.heard_incarnation[event.from]) {
    const auto asked = node.life.asked.find(pulse.answer->sequence);
    const Duration silence = config_.settings.heartbeat * detection_heartbeats;
    if (asked != node.life.asked.end() && now < later(asked->second, silence)) {
      node.life.heard[event.from] = asked->second;
      node.life.heard_incarnation[event.from] = theirs;
      if (!node.life.linked[event.from]) node.isolation->link(event.from, pulse.incarnation, true, now);
      node.life.linked[event.from] = true;
    }
    if (asked != node.life.asked.end() && pulse.answer->supports) {
      Instant& youngest = node.life.answered[event.from];
      youngest = std::max(youngest, asked->second);
    }
  }
  node.isolation->hear(event.from, pulse, now);
}

void Model::wake(Place place) {
  Node& node = nodes_[place];
  const Instant now = local(node, now_);
  node.wake_at = Duration::max();
  const Duration silence = config_.settings.heartbeat * detection_heartbeats;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!node.life.linked[i] || now < later(*node.life.heard[i], silence)) continue;
    node.life.linked[i] = false;
    node.isolation->link(static_cast<Place>(i), Incarnation{node.life.heard_incarnation[i]}, false, now);
  }
  node.isolation->tick(now);
}

void Model::carry_out(Place place) {
  Node& node = nodes_[place];
  for (;;) {
    IsolationOutput output = node.isolation->take();
    if (output.empty()) break;
    if (output.store) {
      node.writing = encode(*output.store, cluster_digest);
      const Duration takes{random_.chance(500'000) ? 0 : random_.between(std::int64_t{0}, std::int64_t{20'000})};
      push({now_ + takes, 0, What::written, place, place, node.life.incarnation, nullptr, 0});
    }
    for (const PulseSending& sending : output.sendings) {
      if (sending.pulse.sequence != 0) node.life.asked[sending.pulse.sequence] = local(node, now_);
      const auto bytes = std::make_shared<const std::vector<std::byte>>(encode(sending.pulse, coterie_.places()));
      for (const Place to : sending.to) transmit(place, to, bytes);
    }
    result_.stance_changes += static_cast<std::uint32_t>(output.stances.size());
    for (const StanceChange& change : output.stances) decide_again(place, change);
    for (const ViewChange& change : output.views) {
      decide_again(place, change);
      tell(place, change);
    }
    if (!output.views.empty() || !output.stances.empty()) node.isolation->told(local(node, now_));
  }
  const Duration wake_at = true_time(node, node.isolation->next_wake());
  if (wake_at < node.wake_at) {
    node.wake_at = wake_at;
    push({wake_at, 0, What::wake, place, place, node.life.incarnation, nullptr, 0});
  }
  check_grant(place);
}

// What was told follows from its evidence alone.
void Model::decide_again(Place place, const StanceChange& change) {
  ++result_.decided;
  const Decision decision = decide(coterie_, config_.settings, change.evidence);
  if (decision.stance == change.to || !result_.undecided.empty()) return;
  std::ostringstream text;
  text << name(place) << ": " << change << ", and its evidence decides " << decision.stance << ": " << change.evidence;
  result_.undecided = text.str();
}

void Model::decide_again(Place place, const ViewChange& change) {
  ++result_.decided;
  const Decision decision = decide(coterie_, config_.settings, change.evidence);
  const bool serves = decision.stance == Stance::serving && change.evidence.entered == change.view.epoch;
  const bool same = change.event == ViewEvent::settled ? has_settled(change.evidence, change.view)
                                                       : decision.continues != change.rejoined;
  if ((serves && same) || !result_.undecided.empty()) return;
  std::ostringstream text;
  text << name(place) << ": " << change << ", and its evidence decides otherwise: " << change.evidence;
  result_.undecided = text.str();
}

void Model::tell(Place place, const ViewChange& change) {
  Life& life = nodes_[place].life;
  const Told told{change.view.epoch, place, life.incarnation};
  if (change.event == ViewEvent::settled) {
    settled_.push_back(told);
    return;
  }
  ++result_.views_entered;
  if (change.rejoined) {
    ++result_.rejoins;
    life.joined = change.view.epoch;
    forget(nodes_[place].removals, change.view.epoch);
    forget(settled_, change.view.epoch);
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (change.view.has(static_cast<Place>(i))) continue;
    nodes_[i].removals.push_back(told);
  }
}

// Who is told that it rejoined has heard of everything before that epoch; and of what only the dead were told, since
// where memory was lost with them counting begins anew, above what the living had seen when they were asked.
void Model::forget(std::vector<Told>& told, const Epoch& entered) const {
  std::erase_if(told, [&](const Told& each) {
    const bool lives = alive(each.teller) && nodes_[each.teller].life.incarnation == each.life;
    return each.epoch > entered && !lives;
  });
}

void Model::transmit(Place from, Place to, std::shared_ptr<const std::vector<std::byte>> bytes) {
  if (cut_[from][to] || random_.chance(loss_ppm_)) return;
  const int copies = random_.chance(double_ppm_) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    Duration delay = random_.between(Duration{100}, Duration{3'000});
    if (random_.chance(late_ppm_)) delay = random_.between(Duration::zero(), config_.hardship.late_max);
    push({now_ + delay, 0, What::pulse, from, to, 0, bytes, 0});
  }
}

void Model::check() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto place = static_cast<Place>(i);
    if (!alive(place)) continue;
    const Permission permission = nodes_[i].gate->ask(local(nodes_[i], now_));
    if (permission) check_serving(place, permission);
  }
}

void Model::check_grant(Place place) {
  Node& node = nodes_[place];
  const View& grant = node.isolation->grant();
  if (grant.epoch < node.life.granted) violate("(g) the grant of " + name(place) + " has fallen");
  if (grant.any() && grant.epoch != node.life.granted) {
    const auto known = views_.try_emplace(grant.epoch, grant.members).first;
    if (known->second != grant.members) violate("(g) two views bear one epoch, seen at " + name(place));
  }
  node.life.granted = grant.epoch;
}

void Model::check_serving(Place place, const Permission& permission) {
  const Node& node = nodes_[place];
  for (const Told& told : node.removals) {
    if (told.epoch > node.life.joined) violate("(a) " + name(place) + " serves and has been told removed");
  }
  for (const Told& told : settled_) {
    if (told.epoch > permission.epoch) violate("(c) " + name(place) + " serves below a settled epoch");
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto other = static_cast<Place>(i);
    if (other == place || !serving(other)) continue;
    const View& view = nodes_[i].isolation->view();
    if (permission.epoch < view.epoch && !view.has(place, Incarnation{node.life.incarnation})) {
      violate("(b) " + name(place) + " serves in a lower epoch than " + name(other) + ", outside of its view");
    }
  }
  MemberSet live;
  const Instant now = local(node, now_);
  for (const Place voter : coterie_.voters()) {
    const bool self = voter == place && !node.life.asked.empty();
    const Instant youngest = self ? node.life.asked.rbegin()->second : node.life.answered[voter];
    if (youngest != Instant::min() && now < later(youngest, config_.settings.lease)) live.add(voter);
  }
  if (!coterie_.quorum(live)) violate("(d) " + name(place) + " serves without a quorum of live answers");
}

void Model::violate(const std::string& what) {
  if (!result_.violation.empty()) return;
  result_.violation = what + " at " + std::to_string(to_us(now_)) + " us, seed " + std::to_string(config_.seed);
}

std::string Model::name(Place place) const {
  std::ostringstream out;
  out << coterie_.id(place) << '@' << nodes_[place].life.incarnation << " (view " << nodes_[place].isolation->view()
      << ')';
  return out.str();
}

}  // namespace hawser::model
