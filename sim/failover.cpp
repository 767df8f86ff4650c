#include <hawser/sim/failover.hpp>

#include <hawser/interconnect/node.hpp>
#include <hawser/sim/watch.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace hawser::sim {
namespace {

constexpr Duration patience{60'000'000};
constexpr Duration calm{5'000'000};

class Failover {
 public:
  explicit Failover(const FailoverOptions& options)
      : options_(options), world_(world_options(options)), watch_(world_) {
    told_.resize(options.nodes);
    for (std::size_t i = 0; i < options.nodes; ++i) {
      names_.push_back("n" + std::to_string(i + 1));
      world_.host(names_.back(), options.config, [this, i](Node& node) {
        node.on_view([this, i](const ViewChange& change) {
          for (const ViewMember& member : change.removed) {
            if (member.place + 1u == options_.nodes) told_[i] = true;
          }
        });
      });
    }
  }

  FailoverRun play() {
    FailoverRun run;
    try {
      if (!world_.run_until([this] { return whole(); }, patience)) return failed("they never served in one view");
      world_.run_for(calm + world_.random().between(Duration::zero(), Duration{1'000'000}));
      told_.assign(options_.nodes, false);
      const WorldTime broken = world_.now();
      strike();
      std::optional<WorldTime> isolated;
      const bool over = world_.run_until(
          [&] {
            if (!isolated && !serves(options_.nodes - 1)) isolated = world_.now();
            return isolated && taken_over();
          },
          patience);
      if (!over) return failed(isolated ? "nobody took over" : "the loser served on");
      run.isolated = options_.fault == FailoverFault::crash ? Duration::zero() : *isolated - broken;
      run.removed = world_.now() - broken;
    } catch (const InvariantViolated& violated) {
      return failed(violated.violation().finding.text);
    }
    return run;
  }

 private:
  static WorldOptions world_options(const FailoverOptions& options) {
    WorldOptions result;
    result.seed = options.seed;
    return result;
  }
  static FailoverRun failed(std::string problem) {
    FailoverRun run;
    run.problem = std::move(problem);
    return run;
  }

  bool serves(std::size_t i) {
    const Node* node = world_.node_if(names_[i]);
    return node != nullptr && node->may_serve();
  }
  bool whole() {
    for (std::size_t i = 0; i < options_.nodes; ++i) {
      if (!serves(i) || world_.node(names_[i]).snapshot().view.size() != options_.nodes) return false;
    }
    return true;
  }
  bool taken_over() {
    for (std::size_t i = 0; i + 1 < options_.nodes; ++i) {
      if (!told_[i] || !serves(i)) return false;
    }
    return true;
  }

  void strike() {
    const std::string& loser = names_.back();
    switch (options_.fault) {
      case FailoverFault::crash:
        world_.crash(loser, ProcessEnd::silent);
        break;
      case FailoverFault::cut:
        world_.isolate(loser);
        break;
      case FailoverFault::link:
        world_.partition({loser}, {names_[options_.nodes - 2]});
        break;
    }
  }

  FailoverOptions options_;
  std::vector<std::string> names_;
  std::vector<bool> told_;
  World world_;
  Watch watch_;
};

}  // namespace

std::string_view to_string(FailoverFault fault) noexcept {
  switch (fault) {
    case FailoverFault::crash:
      return "crash";
    case FailoverFault::cut:
      return "cut off";
    case FailoverFault::link:
      return "one bad link";
  }
  return "?";
}

FailoverRun fail_over(const FailoverOptions& options) {
  Failover failover{options};
  return failover.play();
}

}  // namespace hawser::sim
