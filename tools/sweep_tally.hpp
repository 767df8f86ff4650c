// What a sweep has seen so far: verdicts, failures by invariant, outcomes, and what happened at least once.
#pragma once

#include "campaign.hpp"
#include <hawser/interconnect/outcome.hpp>

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hawser::sim {
struct PlayReport;
}

namespace hawser::tools {

// A report of a worker on its way to the tally.
std::string encode(const sim::PlayReport& report);

class SweepTally {
 public:
  // REQUIRES: `report` is what encode() has made.
  void take(std::uint64_t seed, const std::string& report);
  FailureTable& failures() noexcept { return failures_; }
  const FailureTable& failures() const noexcept { return failures_; }

  struct Verdicts {
    std::uint64_t pass = 0;
    std::uint64_t fail = 0;
    std::uint64_t inconclusive = 0;
  };
  const Verdicts& verdicts() const noexcept { return verdicts_; }

  struct Sometimes {
    std::uint64_t seeds = 0;  // in which it happened
    std::uint64_t times = 0;
  };
  const std::map<std::string, Sometimes>& sometimes() const noexcept { return sometimes_; }
  // Faults and outcomes that this library knows and no seed has met.
  std::vector<std::string> never() const;

  std::vector<std::string> lines(const Terminal& terminal, const CampaignEnd& end) const;
  void add_to(nlohmann::ordered_json& json) const;

 private:
  FailureTable failures_;
  Verdicts verdicts_;
  std::map<std::string, Sometimes> sometimes_;
  std::map<std::uint64_t, std::string> undecided_;  // seed: why; the first few
  std::array<std::uint64_t, outcome_kind_count> outcomes_{};
  std::uint64_t events_ = 0;
  std::uint64_t looks_ = 0;
  std::uint64_t submitted_ = 0;
  std::uint64_t handled_ = 0;
  double simulated_seconds_ = 0;
};

// Of seeds that ended, by the CPU time they took.
double seeds_per_hour_and_core(const CampaignEnd& end) noexcept;

}  // namespace hawser::tools
