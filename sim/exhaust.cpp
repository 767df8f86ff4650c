#include <hawser/sim/exhaust.hpp>

#include <hawser/interconnect/config_isolation.hpp>
#include <hawser/interconnect/isolation/derive.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/probe.hpp>
#include <hawser/sim/watch.hpp>

#include <traffic.capnp.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace hawser::sim {
namespace {

constexpr Duration meeting{1'500'000};
constexpr Duration met_within{3'000'000};
constexpr Duration talk_interval{150'000};
constexpr Duration note_ttl{1'000'000};
constexpr Duration answer_within{800'000};
constexpr Duration rest{5'000'000};
constexpr Duration first_view_within{15'000'000};

std::string name_of(unsigned node) { return "n" + std::to_string(node + 1); }

Config config_of(const ExhaustOptions& options, unsigned nodes) {
  Config config;
  config.strategy = options.strategy;
  if (options.strategy == Strategy::none) return config;
  if (options.strategy == Strategy::static_quorum) config.isolation.quorum = nodes / 2 + 1;
  if (options.strategy == Strategy::referee) config.isolation.referee = name_of(1);
  config.state_dir = "state";
  return config;
}

// Notes to everybody, and a question with every third.
void talk(Node& node, Watch& watch, const bool& talking) {
  auto probe = std::make_shared<Probe>(node, watch.books(), watch.world().clock());
  probe->on<traffic::Note>([](traffic::Note::Reader, const Delivery&) {});
  probe->on<traffic::Query>([](traffic::Query::Reader question, const Delivery&) {
    Message<traffic::Answer> answer;
    answer->setNumber(question.getNumber());
    return answer;
  });
  node.every(talk_interval, [probe, &talking, count = 0]() mutable {
    if (!talking) return true;
    const bool asks = count++ % 3 == 0;
    SendOptions ttl;
    ttl.ttl = note_ttl;
    RequestOptions deadline;
    deadline.timeout = answer_within;
    for (Peer& peer : probe->node().peers()) {
      probe->send(peer.id().text(), Message<traffic::Note>{}, ttl);
      if (asks) probe->request<traffic::Answer>(peer.id().text(), Message<traffic::Query>{}, deadline);
    }
    return true;
  });
}

// What one node says of one peer, and how its messages to it have ended so far.
struct Sight {
  PeerState state = PeerState::connecting;
  Instant since{};
  std::array<std::uint64_t, outcome_kind_count> told{};
};
// And what it says of itself.
struct Act {
  bool serves = false;
  Epoch epoch;
  bool settled = false;
};
struct Sights {
  std::map<std::pair<unsigned, unsigned>, Sight> of;
  std::vector<Act> acts;
};

class Imposition {
 public:
  Imposition(const ReachabilityGraph& graph, const ExhaustOptions& options)
      : graph_(graph), options_(options), world_(world_options(graph, options)), watch_(world_) {
    for (unsigned i = 0; i < graph.nodes; ++i) {
      world_.host(name_of(i), config_of(options, graph.nodes), [this](Node& node) { talk(node, watch_, talking_); });
    }
  }

  GraphRun play() {
    GraphRun run;
    run.graph = graph_;
    try {
      if (!options_.cold) {
        world_.run_for(meeting);
        watch_.expect_recovery(met_within);
        expect_all_serve(first_view_within);
      }
      cut();
      world_.run_for(options_.settle);
      if (gated()) world_.run_for(options_.agreement);
      const Sights settled = look();
      judge(settled);
      world_.run_for(options_.hold);
      const Sights held = look();
      judge(held);
      compare(settled, held);
      world_.heal();
      const WorldTime healed = world_.now();
      watch_.expect_recovery(options_.recovery);
      expect_all_serve(options_.recovery);
      run.recovered_after = world_.now() - healed;
      talking_ = false;
      watch_.expect_rest(rest);
    } catch (const InvariantViolated& broken) {
      run.violations.push_back(broken.violation());
    }
    run.events = world_.events_run();
    run.messages = watch_.books().messages();
    run.handled = watch_.books().handled_messages();
    run.trace_hash = world_.trace_hash();
    run.simulated = world_.now() - world_begin;
    return run;
  }

 private:
  static WorldOptions world_options(const ReachabilityGraph& graph, const ExhaustOptions& options) {
    WorldOptions result;
    result.seed = options.seed + graph.edges;
    result.trace_rows = options.trace_rows;
    return result;
  }

  template <typename F>
  void each_pair(F visit) const {
    for (unsigned from = 0; from < graph_.nodes; ++from) {
      for (unsigned to = 0; to < graph_.nodes; ++to) {
        if (from != to) visit(from, to);
      }
    }
  }

  void cut() {
    each_pair([this](unsigned from, unsigned to) {
      if (!graph_.reaches(from, to)) world_.one_way(name_of(from), name_of(to));
    });
  }

  Sights look() {
    Sights sights;
    for (unsigned from = 0; from < graph_.nodes; ++from) {
      const NodeSnapshot shown = world_.node(name_of(from)).snapshot();
      sights.acts.push_back({shown.may_serve(), shown.epoch, shown.view_settled});
      for (unsigned to = 0; to < graph_.nodes; ++to) {
        for (const PeerSnapshot& peer : shown.peers) {
          if (peer.health.id.text() != name_of(to)) continue;
          sights.of[{from, to}] = {peer.health.state, peer.health.reason.since, told(shown, from, to)};
        }
      }
    }
    return sights;
  }

  // From the simulator's own books, not from the node's.
  std::array<std::uint64_t, outcome_kind_count> told(const NodeSnapshot& shown, unsigned from, unsigned to) const {
    std::array<std::uint64_t, outcome_kind_count> sum{};
    const RunId run{name_of(from), shown.incarnation};
    for (const auto& [key, row] : watch_.books().rows()) {
      if (key.from != run || key.to != name_of(to)) continue;
      for (std::size_t kind = 0; kind < sum.size(); ++kind) sum[kind] += row.told[kind].messages;
    }
    return sum;
  }

  void judge(const Sights& sights) {
    each_pair([&](unsigned from, unsigned to) {
      const bool linked = graph_.linked(from, to);
      const PeerState state = sights.of.at({from, to}).state;
      if (state == (linked ? PeerState::up : PeerState::unreachable)) return;
      accuse(linked ? Invariant::accuracy : Invariant::completeness, from, to,
             " takes " + name_of(to) + " for " + std::string{to_string(state)} +
                 (linked ? ", and they hear each other" : ", and they cannot answer each other"));
    });
    if (gated()) judge_acts(sights);
  }

  bool gated() const noexcept { return options_.strategy != Strategy::none; }

  // Who should serve while the graph holds: by the truth, not by what anybody has heard.
  MemberSet wanted() const {
    std::vector<std::string> unread;
    Config config = config_of(options_, graph_.nodes);
    config.id = name_of(0);
    for (unsigned i = 1; i < graph_.nodes; ++i) config.peers.push_back({name_of(i), Endpoint{}});
    const Coterie coterie{coterie_of(config, unread)};
    MemberTable table{coterie.places()};
    for (std::size_t i = 0; i < coterie.places(); ++i) {
      MemberRow row;
      row.place = static_cast<Place>(i);
      row.incarnation = Incarnation{1};
      row.version = 1;
      row.votes = coterie.voters().has(row.place);
      for (std::size_t j = 0; j < coterie.places(); ++j) {
        const bool member = i < graph_.nodes && j < graph_.nodes;
        if (i == j || (member && !graph_.linked(static_cast<unsigned>(i), static_cast<unsigned>(j)))) continue;
        row.hears.add(static_cast<Place>(j));
      }
      table.merge(row);
    }
    return derive(table, coterie);
  }

  // Before anybody has met, whoever forgot its vote has to ask all: then nobody may serve, and nobody else.
  void judge_acts(const Sights& sights) {
    const MemberSet should = wanted();
    Epoch epoch;
    for (unsigned i = 0; i < graph_.nodes; ++i) {
      const Act& act = sights.acts[i];
      const bool right = should.has(static_cast<Place>(i));
      if (act.serves != right && !(options_.cold && right)) {
        accuse(Invariant::isolation, i, i,
               act.serves ? " serves, and is not in the group that should"
                          : " is in the group that should serve, and does not");
      }
      if (!act.serves) continue;
      if (epoch == Epoch{}) epoch = act.epoch;
      if (act.epoch != epoch) accuse(Invariant::isolation, i, i, " serves in another view than the others");
      if (!act.settled) accuse(Invariant::isolation, i, i, " serves in a view that has not settled");
    }
  }

  bool all_serve() {
    for (unsigned i = 0; i < graph_.nodes; ++i) {
      const NodeSnapshot shown = world_.node(name_of(i)).snapshot();
      if (!shown.may_serve() || shown.view.size() != graph_.nodes) return false;
    }
    return true;
  }

  void expect_all_serve(Duration limit) {
    if (!gated() || world_.run_until([this] { return all_serve(); }, limit)) return;
    accuse(Invariant::isolation, 0, 0, " and the others do not serve in one view of all in time");
  }

  // How all that `from` sends to `to` ends while the graph holds.
  OutcomeKind ending(const Sights& sights, unsigned from, unsigned to) const {
    if (gated() && !sights.acts[from].serves) return OutcomeKind::isolated;
    if (!graph_.linked(from, to)) return OutcomeKind::unreachable;
    return gated() && !sights.acts[to].serves ? OutcomeKind::isolated : OutcomeKind::delivered;
  }

  // What changed between the two, while nothing changed in the world.
  void compare(const Sights& before, const Sights& after) {
    for (unsigned i = 0; i < graph_.nodes; ++i) {
      if (before.acts[i].epoch == after.acts[i].epoch) continue;
      accuse(Invariant::isolation, i, i, " has gone to another view, and nothing happened");
    }
    each_pair([&](unsigned from, unsigned to) {
      const Sight& was = before.of.at({from, to});
      const Sight& is = after.of.at({from, to});
      const bool linked = graph_.linked(from, to);
      if (was.since != is.since) {
        accuse(Invariant::accuracy, from, to, " has changed its mind about " + name_of(to) + ", and nothing happened");
      }
      const OutcomeKind expected = ending(after, from, to);
      for (std::size_t i = 0; i < outcome_kind_count; ++i) {
        const auto kind = static_cast<OutcomeKind>(i);
        const std::uint64_t count = is.told[i] - was.told[i];
        if (kind != expected && count != 0) {
          accuse(linked ? Invariant::accuracy : Invariant::completeness, from, to,
                 " was told " + std::string{to_string(kind)} + " of " + std::to_string(count) + " messages to " +
                     name_of(to) + "; all should be " + std::string{to_string(expected)});
        }
        const auto least = static_cast<std::uint64_t>(options_.hold / talk_interval) / 2;
        if (kind == expected && count < least) {
          accuse(Invariant::recovery, from, to,
                 " was told " + std::string{to_string(kind)} + " of only " + std::to_string(count) + " messages to " +
                     name_of(to));
        }
      }
    });
  }

  void accuse(Invariant invariant, unsigned from, unsigned to, const std::string& text) {
    std::vector<std::string> nodes{name_of(from)};
    if (from != to) nodes.push_back(name_of(to));
    watch_.accuse({invariant, std::move(nodes), name_of(from) + text});
  }

  ReachabilityGraph graph_;
  ExhaustOptions options_;
  bool talking_ = true;
  World world_;
  Watch watch_;
};

}  // namespace

GraphRun impose(const ReachabilityGraph& graph, const ExhaustOptions& options) {
  Imposition imposition{graph, options};
  return imposition.play();
}

}  // namespace hawser::sim
