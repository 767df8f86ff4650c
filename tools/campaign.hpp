// A campaign: many numbered runs of the simulator on all cores, with one progress line and what failed by invariant.
//
// What `hawser sim sweep` and `hawser sim exhaust` have in common. A run that crashes or hangs fails as I19. Ctrl-C
// ends a campaign early and keeps what is known.
#pragma once

#include "job_pool.hpp"
#include "terminal.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hawser::tools {

struct Failure {
  std::uint64_t number = 0;  // the seed, or the graph
  std::string invariant;     // "I7 completeness"
  std::string text;          // what was seen, and the story; may have several lines
};

// Failures by invariant, the smallest number of each first.
class FailureTable {
 public:
  void add(Failure failure);
  std::uint64_t count() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }

  struct Group {
    std::uint64_t count = 0;
    Failure smallest;
    std::vector<std::uint64_t> numbers;  // at most 20, ascending
  };
  const std::map<std::string, Group>& groups() const noexcept { return groups_; }
  // One paragraph per invariant; `replay` makes the command that shows a number again.
  std::vector<std::string> lines(const Terminal& terminal, const std::string& unit,
                                 const std::function<std::string(std::uint64_t)>& replay) const;

 private:
  std::map<std::string, Group> groups_;
  std::uint64_t count_ = 0;
};

struct CampaignPlan {
  std::string unit;  // of a run, in the plural: "graphs", "seeds"
  unsigned jobs = 0;
  double seconds_max = 0;        // no run is begun later; 0: no limit
  double seconds_per_run = 300;  // real time; more is a hang
  bool show_progress = true;     // on a terminal
  std::optional<std::uint64_t> total;
  std::function<std::optional<std::uint64_t>()> next;
  std::function<std::string(std::uint64_t)> work;                              // in a process of its own
  std::function<void(std::uint64_t number, const std::string& answer)> taken;  // here
};

struct CampaignEnd {
  std::uint64_t runs = 0;  // that ended, whichever way
  double wall_seconds = 0;
  double cpu_seconds = 0;  // of the workers
  unsigned jobs = 0;
  bool interrupted = false;
};

// Throws std::runtime_error when no worker can be started. `failures` gets those that died; `taken` adds its own.
CampaignEnd run_campaign(const CampaignPlan& plan, Terminal& terminal, FailureTable& failures);

// "12.3", "1 234 567", "3 min 20 s".
std::string decimal(double number, int places);
std::string grouped(std::uint64_t number);
std::string span_text(double seconds);
// Writes text to a file, "-" is standard output; false, and said on standard error, when that fails.
bool write_file(const std::string& path, const std::string& text);

}  // namespace hawser::tools
