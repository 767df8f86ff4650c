// The faults of sim/failover.hpp, done to real node processes in network namespaces of their own: SIGKILL, and what
// nftables loses.
//
// One cluster lives through all of them: after each it is healed and waited for. Times are between the fault and the
// nodes' own events, all on the one clock of this machine (CLOCK_BOOTTIME); the fault counts from before the command
// that does it, so a cut's times hold the ten or twenty milliseconds that nft takes.
#pragma once

#include "child_nodes.hpp"
#include "cut_network.hpp"
#include <hawser/base/random.hpp>
#include <hawser/interconnect/config.hpp>
#include <hawser/sim/failover.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hawser::tools {

class RealFailover {
 public:
  // `config`: with a strategy that needs no arbiter. Throws StartError when there can be no such cluster here.
  RealFailover(const Config& config, std::size_t nodes, std::uint64_t seed);

  // Waits for a whole cluster, then breaks it. `problem` says what went wrong, an interrupt too.
  sim::FailoverRun fail_over(sim::FailoverFault fault);
  // The processes cannot go on.
  bool broken() const noexcept { return !nodes_.trouble().empty(); }
  // Because somebody wants it to end.
  bool interrupted() const noexcept { return nodes_.interrupted(); }

 private:
  void observe(NodeSight sight);
  template <class Reached>
  bool until(Duration most, const Reached& reached);
  bool whole() const;
  bool taken_over() const;
  void strike(sim::FailoverFault fault);
  void mend(sim::FailoverFault fault);
  sim::FailoverRun failed(const std::string& otherwise) const;

  std::vector<std::string> names_;
  CutNetwork network_;
  ChildNodes nodes_;
  Random random_;
  std::map<std::string, NodeSight> last_;
  std::int64_t struck_us_ = 0;  // 0: nothing is broken
  std::optional<std::int64_t> isolated_us_;
  std::map<std::string, std::int64_t> told_us_;  // by winner
};

}  // namespace hawser::tools
