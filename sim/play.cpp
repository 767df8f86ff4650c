#include <hawser/sim/play.hpp>

#include <hawser/interconnect/node.hpp>
#include <hawser/sim/expectations.hpp>
#include <hawser/sim/traffic.hpp>
#include <hawser/sim/watch.hpp>
#include <hawser/sim/world.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace hawser::sim {
namespace {

constexpr Duration slice{1'000'000};  // between two looks at the limit of events

WorldOptions world_options(const Scenario& scenario, const PlayOptions& options) {
  WorldOptions world;
  world.seed = scenario.seed;
  world.trace_rows = options.trace_rows;
  world.trace_to = options.trace_to;
  return world;
}

WatchOptions watch_options(const Scenario& scenario, const PlayOptions& options) {
  WatchOptions watch;
  watch.stride = options.watch_stride;
  watch.story_rows = options.story_rows;
  watch.breakers_closed = steady(scenario);
  return watch;
}

const Expectation* find(const Scenario& scenario, ExpectKind kind) {
  const auto found = std::find_if(scenario.expectations.begin(), scenario.expectations.end(),
                                  [&](const Expectation& each) { return each.kind == kind; });
  return found == scenario.expectations.end() ? nullptr : &*found;
}

// Ends the run early, without a violation.
struct Stopped {
  std::string why;
};

class Player {
 public:
  Player(const Scenario& scenario, const PlayOptions& options)
      : scenario_(scenario),
        options_(options),
        world_(world_options(scenario, options)),
        watch_(world_, watch_options(scenario, options)),
        traffic_(world_, watch_.books(), scenario),
        expectations_(world_, watch_.books(), scenario) {
    for (const std::string& name : scenario.nodes) {
      world_.host(name, config_of(scenario, name), [this, name](Node& node) {
        expectations_.attach(node, name);
        traffic_.attach(node, name);
      });
    }
    for (const Fault& fault : scenario.faults) {
      if (fault.verb != "join") continue;
      for (const std::string& name : fault.on) world_.hold_back(name);
    }
    links();
    expectations_.plan();
    timeline();
  }

  PlayReport play() {
    if (options_.on_start) options_.on_start(world_, watch_);
    try {
      run(scenario_.length);
      expectations_.timeline_over();
      settle(ExpectKind::recovery);
      traffic_.end();
      settle(ExpectKind::rest);
    } catch (const Stopped& stopped) {
      stopped_ = stopped.why;
    } catch (const InvariantViolated& broken) {
      report_.violations.push_back(broken.violation());
    } catch (const StartError& failed) {  // of a node that starts again on a full disk, say
      stopped_ = std::string{"a node could not start: "} + failed.what();
    }
    conclude();
    return std::move(report_);
  }

 private:
  void links() {
    if (scenario_.links.empty()) return;
    for (const std::string& from : scenario_.nodes) {
      for (const std::string& to : scenario_.nodes) {
        if (from == to) continue;
        const Rule profile = rule_of(link_of(scenario_, from, to));
        world_.edit(from, to, Direction::there, {}, [&profile](Rule& rule) { rule = profile; });
      }
    }
  }

  void timeline() {
    for (const Fault& fault : scenario_.faults) {
      const FaultVerb* const verb = find_fault_verb(fault.verb);
      const WorldTime at = later(world_begin, fault.at);
      world_.at(at, [this, verb, &fault] {
        ++report_.sometimes["fault/" + fault.verb];
        verb->begin(stage_, fault);
      });
      if (fault.lasts == Duration::zero() || verb->end == nullptr) continue;
      world_.at(later(at, fault.lasts), [this, verb, &fault] { verb->end(stage_, fault); });
    }
  }

  void run(Duration span) {
    const WorldTime end = later(world_.now(), span);
    while (world_.now() < end) {
      const Duration part = std::min(slice, end - world_.now());
      if (options_.until_event != 0) {
        const auto reached = [this] { return world_.events_run() >= options_.until_event; };
        if (world_.run_until(reached, part)) {
          throw Stopped{"stopped after event " + std::to_string(world_.events_run()) + ", as was asked"};
        }
      } else {
        world_.run_for(part);
      }
      if (world_.events_run() > options_.events_max) {
        throw Stopped{"more than " + std::to_string(options_.events_max) + " events"};
      }
    }
  }

  void settle(ExpectKind kind) {
    const Expectation* const expected = find(scenario_, kind);
    if (expected == nullptr) return;
    const WorldTime begin = world_.now();
    try {
      if (options_.until_event != 0) return run(expected->within);  // nothing is concluded on such a run
      kind == ExpectKind::recovery ? watch_.expect_recovery(expected->within) : watch_.expect_rest(expected->within);
      expectations_.settled(kind, {}, world_.now() - begin);
    } catch (const InvariantViolated& broken) {
      expectations_.settled(kind, broken.violation().finding.text, world_.now() - begin);
      throw;
    }
  }

  void conclude() {
    report_.seed = scenario_.seed;
    report_.trace_hash = world_.trace_hash();
    report_.events = world_.events_run();
    report_.looks = watch_.looks();
    report_.virtual_time = world_.now() - world_begin;
    report_.submitted = watch_.books().messages();
    report_.handled = watch_.books().handled_messages();
    coverage();
    const std::string cut_short = !report_.violations.empty() ? "the run ended before"
                                  : !stopped_.empty()         ? stopped_
                                                              : std::string{};
    report_.expectations = expectations_.results(cut_short);
    verdict();
  }

  void coverage() {
    const Strategy strategy = config_of(scenario_, scenario_.nodes.front()).strategy;
    ++report_.sometimes["strategy/" + std::string{to_string(strategy)}];
    const Traffic::Outcomes& outcomes = traffic_.outcomes();
    for (std::size_t kind = 0; kind < outcome_kind_count; ++kind) {
      for (std::size_t cause = 0; cause < cause_count; ++cause) {
        const std::uint64_t times = outcomes[kind][cause];
        report_.outcomes[kind] += times;
        if (times == 0) continue;
        report_.sometimes["outcome/" + std::string{to_string(static_cast<OutcomeKind>(kind))} + '/' +
                          std::string{to_string(static_cast<Cause>(cause))}] += times;
      }
    }
    for (const auto& [key, times] : expectations_.events()) {
      const auto& [node, kind, peer, cause] = key;
      report_.sometimes["event/" + std::string{kind} + '/' + std::string{cause}] += times;
    }
  }

  void verdict() {
    const auto first = [&](Verdict verdict) {
      return std::find_if(report_.expectations.begin(), report_.expectations.end(),
                          [&](const ExpectationResult& each) { return each.verdict == verdict; });
    };
    if (!report_.violations.empty()) {
      const Finding& finding = report_.violations.front().finding;
      report_.verdict = Verdict::fail;
      report_.why = std::string{to_string(finding.invariant)} + ": " + finding.text;
    } else if (const auto failed = first(Verdict::fail); failed != report_.expectations.end()) {
      report_.verdict = Verdict::fail;
      report_.why = "expected that " + failed->expected + "; " + failed->seen;
    } else if (!stopped_.empty()) {
      report_.verdict = Verdict::inconclusive;
      report_.why = stopped_;
    } else if (const auto open = first(Verdict::inconclusive); open != report_.expectations.end()) {
      report_.verdict = Verdict::inconclusive;
      report_.why = open->expected + ": " + open->seen;
    }
  }

  const Scenario& scenario_;
  const PlayOptions& options_;
  PlayReport report_;
  std::string stopped_;
  World world_;
  Watch watch_;
  Traffic traffic_;
  Expectations expectations_;
  FaultStage stage_{world_, scenario_};
};

}  // namespace

std::string_view to_string(Verdict verdict) noexcept {
  static constexpr std::array<std::string_view, 3> words{"pass", "fail", "inconclusive"};
  return words[static_cast<std::size_t>(verdict)];
}

PlayReport play(const Scenario& scenario, const PlayOptions& options) { return Player{scenario, options}.play(); }

}  // namespace hawser::sim
