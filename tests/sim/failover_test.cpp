// From a fault to a place that may be taken: within what is promised, with the defaults and with tight settings.
#include <hawser/sim/failover.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::fail_over;
using hawser::sim::FailoverFault;
using hawser::sim::FailoverOptions;
using hawser::sim::FailoverRun;

namespace {

Config majority() {
  Config config;
  config.strategy = Strategy::keep_majority;
  config.state_dir = "state";
  return config;
}

void within(const Config& config, Duration isolated, Duration removed) {
  for (const FailoverFault fault : {FailoverFault::crash, FailoverFault::cut, FailoverFault::link}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      FailoverOptions options;
      options.fault = fault;
      options.config = config;
      options.seed = seed;
      const FailoverRun run = fail_over(options);
      INFO(to_string(fault) << ", seed " << seed << ": isolated after " << run.isolated.count() << " us, removed after "
                            << run.removed.count() << " us");
      CHECK(run.problem == "");
      CHECK(run.removed < removed);
      CHECK(run.isolated < run.removed);
      if (fault == FailoverFault::cut) CHECK(run.isolated <= isolated);
    }
  }
}

}  // namespace

TEST_CASE("with the defaults a place is free within 2.5 s of a crash, a cut or one bad link", "[failover][world]") {
  within(majority(), 1500ms, 2500ms);
}

TEST_CASE("with tight settings it is free within 1 s", "[failover][world]") {
  Config config = majority();
  config.detector.heartbeat = 50ms;
  config.isolation.lease = 500ms;
  config.isolation.stable_after = 300ms;
  within(config, 500ms, 1000ms);
}
