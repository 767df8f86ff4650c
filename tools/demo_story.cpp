#include "demo_story.hpp"

#include <hawser/base/assert.hpp>
#include <hawser/base/quantity.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

namespace hawser::tools {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t few = 5;
constexpr double phi_rising = 1.0;  // one silence in ten lasts so long; healthy peers hover below

std::string count_text(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string{noun} + (count == 1 ? "" : "s");
}

std::string phi_text(double phi) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", phi);
  return text.data();
}

// True when `holds` is for every node that can tell about `id`; false while there is none.
bool everywhere(const Stage& stage, const std::string& id, const std::function<bool(const std::string&)>& holds) {
  const std::vector<std::string> observers = stage.observers_of(id);
  return !observers.empty() && std::all_of(observers.begin(), observers.end(), holds);
}

std::uint64_t total(const Stage& stage, const std::string& id, const std::string& outcome) {
  std::uint64_t sum = 0;
  for (const std::string& observer : stage.observers_of(id)) sum += stage.since_mark(observer, id, outcome);
  return sum;
}

bool is_state(const Stage& stage, const std::string& observer, const std::string& id, std::string_view state) {
  const PeerSight* const view = stage.view(observer, id);
  return view != nullptr && view->state == state;
}

bool both_up(const Stage& stage, const std::string& one, const std::string& other) {
  return is_state(stage, one, other, "up") && is_state(stage, other, one, "up");
}

std::string cause_at_first(const Stage& stage, const std::string& id) {
  for (const std::string& observer : stage.observers_of(id)) {
    if (const PeerSight* const view = stage.view(observer, id)) return view->cause;
  }
  return "?";
}

std::string all_observers(const Stage& stage, const std::string& id) {
  std::string text;
  for (const std::string& observer : stage.observers_of(id)) text += (text.empty() ? "" : ", ") + observer;
  return text;
}

// The refusals that end a send at once, with their numbers.
std::string failing_fast(const Stage& stage, const std::string& id) {
  const bool all = everywhere(stage, id, [&](const std::string& observer) {
    return stage.since_mark(observer, id, "unreachable") + stage.since_mark(observer, id, "circuit_open") +
               stage.since_mark(observer, id, "isolated") >=
           few;
  });
  if (!all) return {};
  std::string text = "sends to " + id + " fail at once and say why:";
  for (const std::string outcome : {"unreachable", "circuit_open", "isolated"}) {
    const std::uint64_t count = total(stage, id, outcome);
    if (count > 0) text += " " + std::to_string(count) + " " + outcome + ",";
  }
  text.pop_back();
  return text + " (" + cause_at_first(stage, id) + ")";
}

std::string dialling(const Stage& stage, const std::string& id, std::uint64_t dials, std::int64_t growth) {
  const bool all = everywhere(stage, id, [&](const std::string& observer) {
    return stage.dials(observer, id) >= dials && stage.delay_growth(observer, id) >= growth;
  });
  if (!all) return {};
  const std::string observer = stage.observers_of(id).front();
  return observer + " has dialled " + id + " " + count_text(stage.dials(observer, id), "time") +
         "; each delay is drawn below a ceiling that grows, now " +
         format_duration(Duration{stage.view(observer, id)->next_delay_max_us});
}

std::string delivering(const Stage& stage, const std::string& id) {
  const bool all = everywhere(
      stage, id, [&](const std::string& observer) { return stage.since_mark(observer, id, "delivered") >= few; });
  if (!all) return {};
  return count_text(total(stage, id, "delivered"), "message") + " delivered to " + id + " since it is back";
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string are(const std::vector<std::string>& names) { return listed(names) + (names.size() == 1 ? " is" : " are"); }

// All of them act, in one view of just these.
bool serve_together(const Stage& stage, const std::vector<std::string>& nodes) {
  return std::all_of(nodes.begin(), nodes.end(), [&](const std::string& node) {
    const NodeSight* const sight = stage.sight(node);
    return sight != nullptr && sight->stance == "serving" && sight->may_serve && sight->view == nodes &&
           sight->epoch == stage.sight(nodes.front())->epoch;
  });
}

// What they sent to each other and was delivered since the mark; nothing while a pair has too little of it.
std::string exchanging(const Stage& stage, const std::vector<std::string>& nodes) {
  std::uint64_t delivered = 0;
  for (const std::string& from : nodes) {
    for (const std::string& to : nodes) {
      const std::uint64_t own = from == to ? few : stage.since_mark(from, to, "delivered");
      if (own < few) return {};
      delivered += from == to ? 0 : own;
    }
  }
  return count_text(delivered, "message") + " between " + listed(nodes) + (delivered == 1 ? " was" : " were") +
         " delivered";
}

// Every other one that runs was told that it is removed.
std::string taken_over(const Stage& stage, const std::string& node) {
  const bool all =
      everywhere(stage, node, [&](const std::string& observer) { return stage.told_removed(observer, node); });
  return all ? all_observers(stage, node) + " are told that " + node + " is removed: what it owned may be taken over"
             : std::string{};
}

std::string rejoining(const Stage& stage, const std::vector<std::string>& back) {
  const bool told = std::all_of(back.begin(), back.end(),
                                [&](const std::string& node) { return stage.logged(node, "view", "rejoined"); });
  if (!told || !serve_together(stage, stage.nodes())) return {};
  return listed(back) + (back.size() == 1 ? " was" : " were") +
         " told to have been out, and all serve in one view, epoch " + stage.sight(back.front())->epoch;
}

}  // namespace

Story::Story(const StoryPlan& plan) : plan_(plan) {
  HAWSER_ASSERT(plan_.nodes.size() >= 3, "the story needs a node to pause, one to kill, and one to tell about it");
  opening();
  if (plan_.partition) {
    const auto middle = plan_.nodes.begin() + static_cast<std::ptrdiff_t>(plan_.nodes.size() / 2 + 1);
    const std::vector<std::string> minority{middle, plan_.nodes.end()};
    cut_minority({plan_.nodes.begin(), middle}, minority);
    healed(minority);
  } else {
    const std::string paused = plan_.nodes[plan_.nodes.size() - 2];
    const std::string killed = plan_.nodes.back();
    paused_node(paused);
    recovery(paused);
    killed_node(killed);
    restarted_node(killed);
  }
  ending();
  for (Step& step : steps_) {
    step.linger = Duration{std::llround(static_cast<double>(step.linger.count()) * plan_.pace)};
  }
}

void Story::opening() {
  steps_.push_back({"all nodes find each other",
                    {},
                    count_text(plan_.nodes.size(), "node") + " start; each dials all others",
                    15s,
                    500ms,
                    [](const Stage& stage) -> std::string {
                      const auto& nodes = stage.nodes();
                      for (const std::string& one : nodes) {
                        for (const std::string& other : nodes) {
                          if (one < other && !both_up(stage, one, other)) return {};
                        }
                      }
                      return "every node is up at every other";
                    }});
  steps_.push_back({"all serve in one view", {}, {}, 20s, 0s, [](const Stage& stage) -> std::string {
                      return serve_together(stage, stage.nodes())
                                 ? "all may act, in one view: epoch " + stage.sight(stage.nodes().front())->epoch
                                 : std::string{};
                    }});
  steps_.push_back({"typed traffic flows between all",
                    {},
                    "greetings, orders (requests) and blobs (bulk) go from each to all others",
                    15s,
                    1500ms,
                    [](const Stage& stage) -> std::string {
                      std::uint64_t delivered = 0;
                      for (const std::string& to : stage.nodes()) {
                        const bool all = everywhere(stage, to, [&](const std::string& from) {
                          return stage.since_mark(from, to, "delivered") >= few;
                        });
                        if (!all) return {};
                        delivered += total(stage, to, "delivered");
                      }
                      return count_text(delivered, "message") + " delivered so far, some between every two nodes";
                    }});
}

void Story::cut_minority(const std::vector<std::string>& majority, const std::vector<std::string>& minority) {
  steps_.push_back({"the minority isolates itself",
                    {ActKind::cut, {}, minority},
                    "the network is cut: nothing passes between " + listed(majority) + " and " + listed(minority),
                    15s,
                    0s,
                    [minority](const Stage& stage) -> std::string {
                      const bool all = std::all_of(minority.begin(), minority.end(), [&](const std::string& node) {
                        return stage.sight(node)->stance == "isolated" && !stage.sight(node)->may_serve;
                      });
                      return all ? are(minority) + " isolated (" + stage.sight(minority.front())->stance_cause +
                                       "): still running, and may act no more"
                                 : std::string{};
                    }});
  steps_.push_back(
      {"the majority takes over", {}, {}, 15s, 500ms, [majority, minority](const Stage& stage) -> std::string {
         for (const std::string& node : majority) {
           for (const std::string& gone : minority) {
             if (!stage.told_removed(node, gone)) return {};
           }
         }
         return serve_together(stage, majority)
                    ? listed(majority) + " are told that " + are(minority) + " removed, and serve in epoch " +
                          stage.sight(majority.front())->epoch + ": what the others owned may be taken over"
                    : std::string{};
       }});
  steps_.push_back({"what the isolated send ends at once",
                    {},
                    {},
                    10s,
                    2000ms,
                    [majority, minority](const Stage& stage) -> std::string {
                      std::uint64_t ended = 0;
                      for (const std::string& from : minority) {
                        std::uint64_t own = 0;
                        for (const std::string& to : stage.nodes()) own += stage.since_mark(from, to, "isolated");
                        if (own < few) return {};
                        ended += own;
                      }
                      const std::string others = exchanging(stage, majority);
                      return others.empty() ? others
                                            : count_text(ended, "message") + " of " + listed(minority) +
                                                  " ended as isolated, unsent; since the cut " + others;
                    }});
}

void Story::healed(const std::vector<std::string>& minority) {
  steps_.push_back({"the minority rejoins",
                    {ActKind::heal, {}, minority},
                    "the cut is mended",
                    20s,
                    0s,
                    [minority](const Stage& stage) { return rejoining(stage, minority); }});
  steps_.push_back({"nobody is left behind", {}, {}, 10s, 500ms, [](const Stage& stage) -> std::string {
                      for (const std::string& node : stage.nodes()) {
                        if (!stage.sight(node)->settled) return {};
                      }
                      return "the view has settled everywhere: nobody serves in an older one";
                    }});
  steps_.push_back(
      {"traffic is back on both sides", {}, {}, 20s, 1500ms, [minority](const Stage& stage) -> std::string {
         std::string text;
         for (const std::string& node : minority) {
           const std::string line = delivering(stage, node);
           if (line.empty()) return {};
           text += (text.empty() ? "" : "; ") + line;
         }
         return text;
       }});
}

void Story::paused_node(const std::string& node) {
  steps_.push_back({"phi rises",
                    {ActKind::pause, node},
                    node + " is frozen: its port stays open, and it answers nothing",
                    5s,
                    0s,
                    [node](const Stage& stage) -> std::string {
                      std::string text = "phi of " + node + " rises:";
                      const bool all = everywhere(stage, node, [&](const std::string& observer) {
                        const PeerSight* const view = stage.view(observer, node);
                        if (view == nullptr || view->phi < phi_rising) return false;
                        text += " " + phi_text(view->phi) + " at " + observer + ",";
                        return true;
                      });
                      text.pop_back();
                      return all ? text : std::string{};
                    }});
  steps_.push_back({"suspect", {}, {}, 5s, 0s, [node](const Stage& stage) -> std::string {
                      const bool all = everywhere(stage, node, [&](const std::string& observer) {
                        return stage.was_state(observer, node, "suspect");
                      });
                      return all ? node + " is suspect at " + all_observers(stage, node) : std::string{};
                    }});
  steps_.push_back({"unreachable", {}, {}, 10s, 0s, [node](const Stage& stage) -> std::string {
                      const bool all = everywhere(stage, node, [&](const std::string& observer) {
                        return is_state(stage, observer, node, "unreachable");
                      });
                      return all ? node + " is unreachable at " + all_observers(stage, node) + " (" +
                                       cause_at_first(stage, node) + ")"
                                 : std::string{};
                    }});
  steps_.push_back(
      {"the frozen is replaced", {}, {}, 10s, 0s, [node](const Stage& stage) { return taken_over(stage, node); }});
  steps_.push_back({"the breaker opens", {}, {}, 5s, 500ms, [node](const Stage& stage) -> std::string {
                      const bool all = everywhere(stage, node, [&](const std::string& observer) {
                        return stage.view(observer, node)->breaker == "open";
                      });
                      return all ? "the breaker of " + node + " is open at " + all_observers(stage, node)
                                 : std::string{};
                    }});
  steps_.push_back(
      {"sends fail fast", {}, {}, 5s, 500ms, [node](const Stage& stage) { return failing_fast(stage, node); }});
  steps_.push_back({"TTLs expire", {}, {}, 10s, 500ms, [node](const Stage& stage) -> std::string {
                      const bool all = everywhere(stage, node, [&](const std::string& observer) {
                        return stage.since_mark(observer, node, "expired") > 0;
                      });
                      return all ? count_text(total(stage, node, "expired"), "blob") + " that waited for " + node +
                                       " expired; " + std::to_string(total(stage, node, "unknown")) +
                                       " messages that had left are unknown"
                                 : std::string{};
                    }});
  steps_.push_back({"dials with growing delays", {}, {}, 15s, 1500ms, [node](const Stage& stage) {
                      return dialling(stage, node, 3, 4);
                    }});
}

void Story::recovery(const std::string& node) {
  steps_.push_back({"the frozen node notices that it stood still",
                    {ActKind::resume, node},
                    node + " goes on as if nothing had been",
                    5s,
                    0s,
                    [node](const Stage& stage) -> std::string {
                      return stage.logged(node, "stall") ? node + " knows that it stood still" : std::string{};
                    }});
  steps_.push_back({"recovery without a restart", {}, {}, 15s, 0s, [node](const Stage& stage) -> std::string {
                      const bool all = everywhere(
                          stage, node, [&](const std::string& observer) { return both_up(stage, observer, node); });
                      return all ? node + " is up again at " + all_observers(stage, node) + ", and they are at it"
                                 : std::string{};
                    }});
  steps_.push_back({"it acts only after it was told", {}, {}, 15s, 0s, [node](const Stage& stage) {
                      return rejoining(stage, {node});
                    }});
  steps_.push_back({"the breaker probes and closes", {}, {}, 15s, 500ms, [node](const Stage& stage) -> std::string {
                      const bool all = everywhere(stage, node, [&](const std::string& observer) {
                        const bool probed = stage.was_breaker(observer, node, "half_open") ||
                                            stage.was_breaker(observer, node, "ramping");
                        return probed && stage.view(observer, node)->breaker == "closed";
                      });
                      return all ? "the breaker of " + node + " was half open, let probes through, and is closed at " +
                                       all_observers(stage, node)
                                 : std::string{};
                    }});
  steps_.push_back(
      {"traffic is back", {}, {}, 10s, 1500ms, [node](const Stage& stage) { return delivering(stage, node); }});
}

void Story::killed_node(const std::string& node) {
  steps_.push_back({"a death is noticed",
                    {ActKind::kill, node},
                    node + " is killed: its connections end and its port refuses",
                    10s,
                    500ms,
                    [node](const Stage& stage) -> std::string {
                      const bool all = everywhere(stage, node, [&](const std::string& observer) {
                        return is_state(stage, observer, node, "unreachable");
                      });
                      return all ? node + " is unreachable at " + all_observers(stage, node) + " (" +
                                       cause_at_first(stage, node) + ")"
                                 : std::string{};
                    }});
  steps_.push_back(
      {"the dead is replaced", {}, {}, 10s, 0s, [node](const Stage& stage) { return taken_over(stage, node); }});
  steps_.push_back({"sends to the dead fail fast", {}, {}, 5s, 0s, [node](const Stage& stage) {
                      return failing_fast(stage, node);
                    }});
  steps_.push_back({"the dead is dialled with growing delays", {}, {}, 15s, 1500ms, [node](const Stage& stage) {
                      return dialling(stage, node, 3, 4);
                    }});
}

void Story::restarted_node(const std::string& node) {
  steps_.push_back({"a new incarnation is welcomed",
                    {ActKind::restart, node},
                    node + " starts again: a higher incarnation, which remembers nothing but its vote",
                    15s,
                    500ms,
                    [node](const Stage& stage) -> std::string {
                      const bool all = everywhere(stage, node, [&](const std::string& observer) {
                        const PeerSight* const view = stage.view(observer, node);
                        return view != nullptr && view->incarnation != stage.incarnation_at_mark(observer, node) &&
                               view->breaker == "closed" && both_up(stage, observer, node);
                      });
                      return all ? node + " is up at " + all_observers(stage, node) + " as a new incarnation"
                                 : std::string{};
                    }});
  steps_.push_back(
      {"it may act again", {}, {}, 15s, 0s, [node](const Stage& stage) { return rejoining(stage, {node}); }});
  steps_.push_back({"traffic reaches the new incarnation", {}, {}, 10s, 1500ms, [node](const Stage& stage) {
                      return delivering(stage, node);
                    }});
}

void Story::ending() {
  steps_.push_back({"all nodes stop in order",
                    {ActKind::stop_all, {}},
                    "all nodes are asked to stop: they say goodbye and end what they hold",
                    20s,
                    0s,
                    [](const Stage& stage) -> std::string {
                      for (const std::string& node : stage.nodes()) {
                        if (stage.life(node) != Life::stopped) return {};
                      }
                      return "all nodes have stopped in order";
                    }});
  steps_.push_back({"the books balance", {}, {}, 0s, 0s, [](const Stage& stage) -> std::string {
                      LedgerSight whole;
                      for (const std::string& node : stage.nodes()) whole += stage.sight(node)->ledger;
                      const bool closed = whole.balanced && whole.held == 0 && whole.submitted == whole.ended();
                      return closed ? "every book balances: " + std::to_string(whole.submitted) +
                                          " messages submitted, as many ended, none held"
                                    : std::string{};
                    }});
}

Story::Turn Story::advance(Duration now, Stage& stage) {
  Turn turn;
  while (!over()) {
    const Step& step = steps_[current_];
    if (!begun_) {
      begun_ = true;
      observed_ = false;
      deadline_ = now + step.within;
      if (!step.announcement.empty()) turn.notes.push_back({now, Note::Tone::act, step.announcement});
      if (step.act.kind != ActKind::none) {
        about_ = step.act.node.empty() ? step.act.side : std::vector<std::string>{step.act.node};
        stage.mark();
        turn.act = step.act;
        return turn;
      }
    }
    if (!observed_) {
      std::string text = step.seen(stage);
      if (text.empty() && now < deadline_) return turn;
      observed_ = !text.empty();
      failed_ = text.empty();
      if (failed_) text = "not seen within " + format_duration(step.within) + ": " + step.title + seen_instead(stage);
      turn.notes.push_back({now, failed_ ? Note::Tone::missed : Note::Tone::seen, text});
      results_.push_back({step.title, observed_, now, text});
      linger_until_ = now + step.linger;
    }
    if (failed_ || now < linger_until_) return turn;
    ++current_;
    begun_ = false;
  }
  return turn;
}

std::string Story::seen_instead(const Stage& stage) const {
  std::string text;
  for (const std::string& node : about_.empty() ? stage.nodes() : about_) {
    if (const NodeSight* const self = stage.sight(node); self != nullptr && stage.life(node) == Life::running) {
      text += "; " + node + " is " + self->stance + " (" + self->stance_cause + ") in epoch " + self->epoch + " of {" +
              listed(self->view) + "}";
    } else {
      text += "; " + node + (self == nullptr ? " was not heard of" : " is " + std::string{to_string(stage.life(node))});
    }
    for (const std::string& observer : stage.observers_of(node)) {
      const PeerSight* const view = stage.view(observer, node);
      if (view == nullptr) continue;
      text += "; " + observer + " has " + node + " as " + view->state + " (" + view->cause + "), breaker " +
              view->breaker + " (" + view->breaker_cause + ")";
      for (const std::string& channel : view->channel_breakers) text += ", " + channel;
    }
  }
  return text;
}

std::string Story::waiting_for() const {
  if (over()) return {};
  return observed_ ? std::string{"..."} : steps_[current_].title;
}

}  // namespace hawser::tools
