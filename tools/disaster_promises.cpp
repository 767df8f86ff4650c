#include "disaster_promises.hpp"

#include "disaster_show.hpp"

#include <algorithm>

namespace hawser::tools {
namespace {

using namespace std::chrono_literals;

constexpr Duration refused_within = 100ms;
constexpr Duration heals_after_opening = 5s;
constexpr std::uint64_t before_permille = 990;
constexpr std::uint64_t better_by_permille = 50;
constexpr std::int64_t timeout_off_permille = 100;

}  // namespace

Duration heal_bound(const DisasterSide& side) noexcept { return side.open_time + heals_after_opening; }

std::optional<Duration> refused_in(const DisasterSide& side) {
  std::optional<Duration> longest;
  for (const Histogram* refusals :
       {&side.score.during().refusals, &side.score.after().refusals, &side.crowd_refusals}) {
    if (!refusals->empty()) longest = std::max(longest.value_or(0us), refusals->quantile(990'000));
  }
  return longest;
}

std::int64_t timeout_error_permille(const DisasterTimeout& timeout) noexcept {
  const Duration wanted = timeout.p95 + timeout.margin;
  return std::chrono::abs(timeout.timeout - wanted).count() * 1000 / std::max<std::int64_t>(wanted.count(), 1);
}

std::vector<BrokenPromise> broken_promises(const DisasterPlot& plot, const DisasterSide& side) {
  std::vector<BrokenPromise> broken;
  const auto demand = [&](bool kept, std::string_view promise, const std::string& sentence) {
    if (!kept) broken.push_back({promise, std::string{plot.name} + ": " + sentence});
  };
  const DisasterScore& score = side.score;
  demand(score.before().served_permille() >= before_permille, promises::before,
         "calls are lost before anything has happened");
  demand(score.during().served_permille() >= plot.during_permille, promises::during,
         "only " + percent_text(score.during().served_permille()) + " % are answered while it lasts, " +
             percent_text(plot.during_permille) + " % should be");
  const Duration refused = refused_in(side).value_or(0us);
  demand(refused < refused_within, promises::refusals, "a refusal took " + brief(refused) + " (p99)");
  const std::optional<Duration> healed = score.healed();
  demand(healed && *healed <= heal_bound(side), promises::healing,
         (healed ? "it heals after " + brief(*healed) : "it never heals") + ", not within " + brief(heal_bound(side)));
  for (const std::optional<DisasterTimeout>& timeout : {side.timeout_before, side.timeout_after}) {
    if (!timeout) continue;
    demand(timeout_error_permille(*timeout) <= timeout_off_permille, promises::timeout,
           "its timeout is " + brief(timeout->timeout) + ", p95 + margin is " + brief(timeout->p95 + timeout->margin));
  }
  return broken;
}

std::vector<BrokenPromise> broken_promises(const DisasterRow& row) {
  std::vector<BrokenPromise> broken = broken_promises(*row.plot, row.guarded);
  const std::uint64_t kit = row.guarded.score.during().served_permille();
  const std::uint64_t naive = row.naive.score.during().served_permille();
  if (kit < naive + better_by_permille) {
    broken.push_back({promises::comparison, std::string{row.plot->name} + ": " + percent_text(kit) +
                                                " % are answered while it lasts, and " + percent_text(naive) +
                                                " % by the naive node"});
  }
  return broken;
}

}  // namespace hawser::tools
