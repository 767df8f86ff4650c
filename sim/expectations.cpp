#include <hawser/sim/expectations.hpp>

#include <hawser/base/quantity.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/traffic.hpp>

#include <algorithm>
#include <utility>

namespace hawser::sim {
namespace {

constexpr Duration step{10'000};

bool of_state(ExpectKind kind) {
  return kind == ExpectKind::peer || kind == ExpectKind::stance || kind == ExpectKind::alive;
}
bool of_count(ExpectKind kind) {
  return kind == ExpectKind::outcome || kind == ExpectKind::event || kind == ExpectKind::handled;
}

bool is_meant(const Names& group, const std::string& name) {
  return group.empty() || std::find(group.begin(), group.end(), name) != group.end();
}

std::string list(const Names& names, const std::string& all) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? all : text;
}

std::string when(const Expectation& expected) {
  const bool point = expected.from == expected.to && expected.from != Duration::zero();
  if (point) return " at " + format_duration(expected.from);
  std::string text;
  if (expected.from != Duration::zero()) text += " from " + format_duration(expected.from);
  if (expected.to != Duration::zero()) text += " to " + format_duration(expected.to);
  return text;
}

std::string amount(const Expectation& expected) {
  std::string text;
  if (expected.min != 0) text += ", at least " + std::to_string(expected.min);
  if (expected.max != Expectation::unlimited) text += ", at most " + std::to_string(expected.max);
  return text;
}

std::string state_sentence(const Expectation& expected) {
  const std::string nodes = list(expected.nodes, "every node");
  switch (expected.kind) {
    case ExpectKind::peer:
      return nodes + " holds " + list(expected.peers, "every other") + " for " + expected.state;
    case ExpectKind::stance:
      return nodes + " is " + expected.stance;
    default:
      return nodes + (expected.alive ? " runs" : " does not run");
  }
}

}  // namespace

std::string sentence(const Expectation& expected) {
  const std::string from = " from " + list(expected.nodes, "every node") + " to " + list(expected.peers, "every other");
  const std::string what = expected.type.empty() ? "messages" : "messages " + expected.type;
  switch (expected.kind) {
    case ExpectKind::peer:
    case ExpectKind::stance:
    case ExpectKind::alive: {
      const bool point = expected.from == expected.to && expected.from != Duration::zero();
      const bool plain = point && expected.how == ExpectHow::throughout;
      return state_sentence(expected) + (plain ? "" : ", " + std::string{to_string(expected.how)}) + when(expected);
    }
    case ExpectKind::outcome:
      return what + from + " end as " + expected.outcome + amount(expected) + when(expected);
    case ExpectKind::handled:
      return what + from + " are handled" + amount(expected) + when(expected);
    case ExpectKind::event:
      return "events " + expected.event + (expected.cause.empty() ? "" : " (" + expected.cause + ")") + " of " +
             list(expected.nodes, "every node") + (expected.peers.empty() ? "" : " about " + list(expected.peers, "")) +
             amount(expected) + when(expected);
    case ExpectKind::recovery:
      return "everybody up and every breaker closed within " + format_duration(expected.within) + " of the end";
    case ExpectKind::rest:
      return "nothing held within " + format_duration(expected.within) + " of the end of traffic";
  }
  return {};
}

Expectations::Expectations(World& world, const Books& books, const Scenario& scenario)
    : world_(world), books_(books), scenario_(scenario) {
  for (const Expectation& expected : scenario.expectations) {
    Item item;
    item.expected = &expected;
    item.result.expected = sentence(expected);
    items_.push_back(std::move(item));
  }
}

void Expectations::plan() {
  for (Item& item : items_) {
    const Expectation& expected = *item.expected;
    if (of_state(expected.kind)) {
      world_.at(later(world_begin, expected.from), [this, &item] { begin(item); });
    } else if (of_count(expected.kind)) {
      if (expected.from == Duration::zero()) {
        item.begun = true;
      } else {
        world_.at(later(world_begin, expected.from), [this, &item] {
          const Count now = count(*item.expected);
          item.base = now.found;
          item.sent_base = now.sent;
          item.begun = true;
        });
      }
      if (expected.to != Duration::zero()) {
        world_.at(later(world_begin, expected.to), [this, &item] { close_count(item); });
      }
    }
  }
}

void Expectations::attach(Node& node, const std::string& name) {
  node.on_event([this, name](const Event& event) { ++events_[{name, event.kind, event.peer.text(), event.cause}]; });
  const bool peers = std::any_of(items_.begin(), items_.end(),
                                 [](const Item& item) { return item.expected->kind == ExpectKind::peer; });
  if (!peers) return;
  node.on_peer([this](const PeerHealth&) {
    if (active_peers_ == 0) return;
    for (Item& item : items_) {
      if (item.active && item.expected->kind == ExpectKind::peer) look(item);
    }
  });
}

Duration Expectations::end_of(const Expectation& expected) const {
  return expected.to == Duration::zero() ? scenario_.length : expected.to;
}

void Expectations::begin(Item& item) {
  item.active = true;
  if (item.expected->kind == ExpectKind::peer) ++active_peers_;
  tick(item, later(world_begin, end_of(*item.expected)));
}

void Expectations::tick(Item& item, WorldTime end) {
  if (!item.active) return;
  look(item);
  if (item.decided) return close(item);
  if (world_.now() >= end) return close(item);
  world_.at(std::min(end, later(world_.now(), step)), [this, &item, end] { tick(item, end); });
}

void Expectations::look(Item& item) {
  if (item.decided) return;
  const Look seen = see(*item.expected);
  (seen.unknown ? item.unknown_seen : item.known_seen) = true;
  if (!seen.other.empty()) item.last = seen.other + now_text();
  switch (item.expected->how) {
    case ExpectHow::throughout:
      if (!seen.all) decide(item, Verdict::fail, seen.other + now_text());
      break;
    case ExpectHow::eventually:
      if (seen.all && !seen.unknown) decide(item, Verdict::pass, "so it was" + now_text());
      break;
    case ExpectHow::never:
      if (seen.any) decide(item, Verdict::fail, "so it was" + now_text());
      break;
  }
}

// The time that counts is over.
void Expectations::close(Item& item) {
  if (!item.active) return;
  item.active = false;
  if (item.expected->kind == ExpectKind::peer) --active_peers_;
  if (item.decided) return;
  const bool eventually = item.expected->how == ExpectHow::eventually;
  if (eventually && item.known_seen) {
    decide(item, Verdict::fail, item.last.empty() ? "it was not" : "last seen: " + item.last);
  } else if (eventually || item.unknown_seen) {
    decide(item, Verdict::inconclusive, "some of these nodes did not run then, and could not be asked");
  } else {
    decide(item, Verdict::pass, {});
  }
}

void Expectations::decide(Item& item, Verdict verdict, std::string seen) {
  item.decided = true;
  item.result.verdict = verdict;
  item.result.seen = std::move(seen);
}

std::string Expectations::now_text() const { return " at " + format_duration(world_.now() - world_begin); }

Expectations::Look Expectations::see(const Expectation& expected) {
  Look look;
  const Names& nodes = expected.nodes.empty() ? scenario_.nodes : expected.nodes;
  for (const std::string& name : nodes) {
    if (expected.kind == ExpectKind::peer) {
      see_peers(expected, name, look);
      continue;
    }
    bool as_expected = false;
    std::string found;
    if (expected.kind == ExpectKind::alive) {
      as_expected = world_.alive(name) == expected.alive;
      found = name + (world_.alive(name) ? " runs" : " does not run");
    } else if (const Node* node = world_.node_if(name)) {
      const std::string_view stance = to_string(node->snapshot().stance);
      as_expected = stance == expected.stance;
      found = name + " is " + std::string{stance};
    } else {
      look.unknown = true;
      continue;
    }
    (as_expected ? look.any : look.all) = as_expected;
    if (!as_expected && look.other.empty()) look.other = found;
  }
  return look;
}

void Expectations::see_peers(const Expectation& expected, const std::string& name, Look& look) {
  Node* const node = world_.node_if(name);
  if (node == nullptr) {
    look.unknown = true;
    return;
  }
  const Names& peers = expected.peers.empty() ? scenario_.nodes : expected.peers;
  for (const std::string& peer : peers) {
    if (peer == name) continue;
    const std::string_view state = to_string(node->peer(NodeId{peer}).health().state);
    const bool as_expected = state == expected.state;
    (as_expected ? look.any : look.all) = as_expected;
    if (!as_expected && look.other.empty()) look.other = name + " held " + peer + " for " + std::string{state};
  }
}

Expectations::Count Expectations::count(const Expectation& expected) const {
  Count result;
  if (expected.kind == ExpectKind::event) {
    for (const auto& [key, times] : events_) {
      const auto& [node, kind, peer, cause] = key;
      const bool cause_fits = expected.cause.empty() || cause == expected.cause;
      if (kind == expected.event && cause_fits && is_meant(expected.nodes, node) && is_meant(expected.peers, peer)) {
        result.found += times;
      }
    }
    result.sent = 1;
    return result;
  }
  for (const auto& [key, row] : books_.rows()) {
    if (!is_meant(expected.nodes, key.from.node) || !is_meant(expected.peers, key.to)) continue;
    if (!expected.type.empty() && key.type != stream_type_id(expected.type)) continue;
    result.sent += row.submitted.messages;
    if (expected.kind == ExpectKind::handled) {
      result.found += row.handled;
      continue;
    }
    for (std::size_t kind = 0; kind < outcome_kind_count; ++kind) {
      if (to_string(static_cast<OutcomeKind>(kind)) == expected.outcome) result.found += row.told[kind].messages;
    }
  }
  return result;
}

void Expectations::close_count(Item& item) {
  if (item.decided || !item.begun) return;
  const Expectation& expected = *item.expected;
  const Count now = count(expected);
  const std::uint64_t found = now.found - item.base;
  const bool sent = expected.kind == ExpectKind::event || now.sent != item.sent_base;
  const std::string seen = std::to_string(found) + (found == 1 ? " was" : " were");
  if (found < expected.min || found > expected.max) {
    decide(item, sent ? Verdict::fail : Verdict::inconclusive, sent ? seen : "no such message was sent");
  } else {
    decide(item, sent ? Verdict::pass : Verdict::inconclusive, sent ? seen : "no such message was sent");
  }
}

void Expectations::timeline_over() {
  for (Item& item : items_) {
    if (of_state(item.expected->kind) && item.active) {
      look(item);
      close(item);
    }
  }
}

void Expectations::settled(ExpectKind kind, const std::string& violation, Duration took) {
  for (Item& item : items_) {
    if (item.expected->kind != kind || item.decided) continue;
    decide(item, violation.empty() ? Verdict::pass : Verdict::fail,
           violation.empty() ? "after " + format_duration(took) : violation);
  }
}

std::vector<ExpectationResult> Expectations::results(const std::string& why) {
  std::vector<ExpectationResult> all;
  for (Item& item : items_) {
    if (why.empty() && of_count(item.expected->kind)) close_count(item);
    if (!item.decided) decide(item, Verdict::inconclusive, why.empty() ? "its time never came" : why);
    all.push_back(item.result);
  }
  return all;
}

}  // namespace hawser::sim
