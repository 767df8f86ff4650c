#include "resolve_run.hpp"

#include <hawser/base/quantity.hpp>
#include <hawser/interconnect/isolation/derive.hpp>
#include <hawser/interconnect/isolation/isolation.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <utility>

namespace hawser::tools {
namespace {

// What may be played within seconds.
constexpr std::int64_t heartbeats_max = 20'000;

class Run {
 public:
  Run(const CoterieConfig& config, const ResolveTimes& times, const Damage& damage)
      : coterie_(config), times_(times), damage_(damage), whole_(config.members.size()) {
    const std::size_t n = coterie_.members();
    for (std::size_t i = 0; i < n; ++i) nodes_.push_back(std::make_unique<Node>(n));
    for (std::size_t i = 0; i < n; ++i) {
      IsolationConfig own{coterie_, times_.settings, static_cast<Place>(i), Incarnation{1}, false};
      nodes_[i]->isolation = std::make_unique<Isolation>(std::move(own), nodes_[i]->gate, Random{i + 1});
      // One after the other within a heartbeat, as processes start: not all beat at one instant.
      push({times_.settings.heartbeat * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(n), 0, What::start,
            static_cast<Place>(i), static_cast<Place>(i), nullptr});
    }
  }

  ResolveOutcome play() {
    ResolveOutcome outcome;
    const Duration quiet = quiet_time();
    const Duration patience = quiet * 6;
    while (!whole() && now_ < patience && step()) {
    }
    outcome.began = whole();
    if (!outcome.began) return finish(std::move(outcome));
    // Let the first view settle, so that what follows is the damage's doing.
    run_until(now_ + times_.settings.lease);
    broken_ = true;
    broken_at_ = changed_at_ = now_;
    steps_.clear();
    while (now_ < changed_at_ + quiet && now_ < broken_at_ + patience && step()) {
    }
    outcome.stable = queue_.empty() || now_ >= changed_at_ + quiet;
    outcome.watched = now_ - broken_at_;
    return finish(std::move(outcome));
  }

 private:
  enum class What : std::uint8_t { start, pulse, wake };
  struct Event {
    Duration at;
    std::uint64_t order;
    What what;
    Place from;
    Place to;
    std::shared_ptr<const Pulse> pulse;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const { return a.at != b.at ? a.at > b.at : a.order > b.order; }
  };
  struct Node {
    explicit Node(std::size_t n) : answered(n), linked(n, false) {}
    ServingGate gate;
    std::unique_ptr<Isolation> isolation;
    bool started = false;
    std::map<std::uint64_t, Instant> asked;        // by sequence: when its pulse was sent
    std::vector<std::optional<Instant>> answered;  // by peer: the youngest pulse that it answered
    std::vector<bool> linked;
    Duration wake_at = Duration::max();
    bool serving = false;  // as of the last event
  };

  // Longer than any step waits for the one before it: promises, detection, stability, every member's turn to propose.
  Duration quiet_time() const { return quiet_time_of(times_, coterie_.members()); }

 public:
  static Duration quiet_time_of(const ResolveTimes& times, std::size_t members) {
    return times.settings.promise() + times.detection + times.settings.stable_after +
           times.settings.rank_delay() * static_cast<std::int64_t>(members) + times.settings.heartbeat * 10;
  }

 private:
  static Instant instant(Duration at) { return Instant{at}; }
  const Damage& present() const { return broken_ ? damage_ : whole_; }
  bool runs(Place place) const { return nodes_[place]->started && present().lives(place); }

  void push(Event event) {
    event.order = ++order_;
    queue_.push(std::move(event));
  }
  void run_until(Duration at) {
    while (!queue_.empty() && queue_.top().at <= at) step();
    now_ = std::max(now_, at);
  }
  bool step() {
    if (queue_.empty()) return false;
    const Event event = queue_.top();
    queue_.pop();
    now_ = std::max(now_, event.at);
    Node& node = *nodes_[event.to];
    if (event.what == What::start) {
      node.started = true;
      node.isolation->start(std::nullopt, "never written", instant(now_));
    } else if (!runs(event.to)) {
      return true;
    } else if (event.what == What::pulse) {
      if (!present().passes(event.from, event.to)) return true;  // what was on its way when the damage began, too
      deliver(event);
    } else if (event.at >= node.wake_at) {
      wake(event.to);
    } else {
      return true;
    }
    carry_out(event.to);
    watch();
    return true;
  }

  void deliver(const Event& event) {
    Node& node = *nodes_[event.to];
    const Instant now = instant(now_);
    if (event.pulse->answer) {
      const auto asked = node.asked.find(event.pulse->answer->sequence);
      if (asked != node.asked.end() && now < later(asked->second, times_.detection)) {
        auto& youngest = node.answered[event.from];
        youngest = youngest ? std::max(*youngest, asked->second) : asked->second;
        if (!node.linked[event.from]) node.isolation->link(event.from, event.pulse->incarnation, true, now);
        node.linked[event.from] = true;
      }
    }
    node.isolation->hear(event.from, *event.pulse, now);
  }

  void wake(Place place) {
    Node& node = *nodes_[place];
    const Instant now = instant(now_);
    node.wake_at = Duration::max();
    MemberSet lost;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!node.linked[i] || now < later(*node.answered[i], times_.detection)) continue;
      node.linked[i] = false;
      lost.add(static_cast<Place>(i));
      node.isolation->link(static_cast<Place>(i), Incarnation{1}, false, now);
    }
    if (!lost.empty()) say(place, ResolveEvent::detected, lost, {});
    node.isolation->tick(now);
  }

  void carry_out(Place place) {
    Node& node = *nodes_[place];
    for (;;) {
      const IsolationOutput output = node.isolation->take();
      if (output.empty()) break;
      for (const PulseSending& sending : output.sendings) {
        if (sending.pulse.sequence != 0) node.asked[sending.pulse.sequence] = instant(now_);
        const auto pulse = std::make_shared<const Pulse>(sending.pulse);
        for (const Place to : sending.to) {
          if (to < nodes_.size() && present().passes(place, to)) {
            push({now_ + times_.delay, 0, What::pulse, place, to, pulse});
          }
        }
      }
      for (const StanceChange& change : output.stances) told(place, change);
      for (const ViewChange& change : output.views) told(place, change);
      if (!output.views.empty() || !output.stances.empty()) node.isolation->told(instant(now_));
    }
    while (!node.asked.empty() && instant(now_) >= later(node.asked.begin()->second, times_.detection)) {
      node.asked.erase(node.asked.begin());
    }
    plan_wake(place);
  }

  void plan_wake(Place place) {
    Node& node = *nodes_[place];
    Instant next = node.isolation->next_wake();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (node.linked[i]) next = std::min(next, later(*node.answered[i], times_.detection));
    }
    if (next == never) return;
    const Duration at = std::max(now_ + Duration{1}, Duration{to_us(next)});
    if (at >= node.wake_at) return;
    node.wake_at = at;
    push({at, 0, What::wake, place, place, nullptr});
  }

  void told(Place place, const StanceChange& change) {
    if (change.to == Stance::isolated) say(place, ResolveEvent::isolated, {}, change.epoch);
    if (change.to == Stance::serving && change.reason.cause == stance_cause::resumed) {
      say(place, ResolveEvent::resumed, {}, change.epoch);
    }
  }
  void told(Place place, const ViewChange& change) {
    MemberSet removed;
    for (const ViewMember& member : change.removed) removed.add(member.place);
    const ResolveEvent event = change.event == ViewEvent::settled ? ResolveEvent::settled
                               : change.rejoined                  ? ResolveEvent::rejoined
                                                                  : ResolveEvent::entered;
    say(place, event, removed, change.view.epoch);
  }
  void say(Place place, ResolveEvent event, const MemberSet& who, const Epoch& epoch) {
    steps_.push_back({now_ - broken_at_, place, event, who, epoch});
    changed_at_ = now_;
  }

  // Proposals that come and go are no change: what counts is who serves where.
  void watch() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      Node& node = *nodes_[i];
      const bool serving = node.started && present().lives(static_cast<Place>(i)) && node.gate.serving(instant(now_));
      if (std::exchange(node.serving, serving) != serving) changed_at_ = now_;
    }
  }

  bool whole() const {
    const Epoch& epoch = nodes_.front()->isolation->epoch();
    return std::all_of(nodes_.begin(), nodes_.end(), [&](const std::unique_ptr<Node>& node) {
      if (!node->started || !node->gate.serving(instant(now_))) return false;
      if (coterie_.strategy() == Strategy::none) return true;
      return node->isolation->epoch() == epoch && node->isolation->view().members.size() == nodes_.size();
    });
  }

  ResolveOutcome finish(ResolveOutcome outcome) const {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto place = static_cast<Place>(i);
      const Isolation& isolation = *nodes_[i]->isolation;
      ResolveMember member;
      member.down = !present().lives(place);
      member.serving = !member.down && nodes_[i]->gate.serving(instant(now_));
      member.stance = isolation.stance();
      member.view = isolation.view();
      member.cause = isolation.reason().cause;
      member.detail = isolation.reason().detail;
      member.links = present().links_of(place);
      if (!member.down) member.votes = member.links.with(place) & coterie_.voters();
      member.quorum = !member.down && coterie_.quorum(member.votes);
      outcome.members.push_back(std::move(member));
    }
    outcome.steps = steps_;
    return outcome;
  }

  Coterie coterie_;
  ResolveTimes times_;
  Damage damage_;
  Damage whole_;
  bool broken_ = false;
  Duration now_{0};
  Duration broken_at_{0};
  Duration changed_at_{0};
  std::uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, Later> queue_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<ResolveStep> steps_;
};

}  // namespace

std::string_view to_string(ResolveEvent event) noexcept {
  switch (event) {
    case ResolveEvent::detected:
      return "detected";
    case ResolveEvent::isolated:
      return "isolated";
    case ResolveEvent::resumed:
      return "resumed";
    case ResolveEvent::entered:
      return "entered";
    case ResolveEvent::rejoined:
      return "rejoined";
    case ResolveEvent::settled:
      return "settled";
  }
  return "?";
}

std::vector<std::string> problems(const ResolveTimes& times) {
  std::vector<std::string> found = hawser::problems(times.settings);
  if (!found.empty()) return found;
  if (times.detection <= times.settings.heartbeat + times.delay * 2) {
    found.push_back("detection " + format_duration(times.detection) +
                    " is no longer than a heartbeat and its answer (" +
                    format_duration(times.settings.heartbeat + times.delay * 2) + "): every link would be lost");
  } else if (Run::quiet_time_of(times, 1) / times.settings.heartbeat > heartbeats_max) {
    found.push_back("detection, lease and stable_after together are more than " + std::to_string(heartbeats_max) +
                    " heartbeats of " + format_duration(times.settings.heartbeat) + ": that takes too long to play");
  }
  return found;
}

MemberSet ResolveOutcome::serving() const {
  MemberSet set;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].serving) set.add(static_cast<Place>(i));
  }
  return set;
}

ResolveOutcome resolve(const CoterieConfig& config, const ResolveTimes& times, const Damage& damage) {
  return Run{config, times, damage}.play();
}

MemberSet resolve_at_once(const CoterieConfig& config, const Damage& damage) {
  const Coterie coterie{config};
  MemberTable table{coterie.places()};
  MemberSet living;
  for (std::size_t i = 0; i < damage.members(); ++i) {
    const auto place = static_cast<Place>(i);
    if (!damage.lives(place)) continue;
    living.add(place);
    MemberRow row;
    row.place = place;
    row.incarnation = Incarnation{1};
    row.version = 1;
    row.hears = damage.links_of(place);
    row.votes = coterie.voters().has(place);
    table.merge(row);
  }
  return coterie.strategy() == Strategy::none ? living : derive(table, coterie);
}

}  // namespace hawser::tools
