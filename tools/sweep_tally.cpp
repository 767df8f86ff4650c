#include "sweep_tally.hpp"

#include <hawser/sim/fault.hpp>
#include <hawser/sim/play.hpp>
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>
#include <string_view>

namespace hawser::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t undecided_max = 20;

// The invariant that is broken, or what else the verdict rests on.
std::string name_of_failure(const sim::PlayReport& report) {
  if (!report.violations.empty()) return std::string{to_string(report.violations.front().finding.invariant)};
  return "expectation";
}

std::string text_of_failure(const sim::PlayReport& report) {
  std::ostringstream text;
  for (const sim::Violation& violation : report.violations) text << violation;
  for (const sim::ExpectationResult& result : report.expectations) {
    if (result.verdict == sim::Verdict::fail) text << "expected " << result.expected << "; " << result.seen << '\n';
  }
  if (text.str().empty()) text << report.why;
  return text.str();
}

void add_group(std::vector<std::string>& lines, const Terminal& terminal, const std::string& title,
               const std::string& text) {
  lines.push_back(terminal.styled(title, Style::bold));
  for (const std::string& line : wrap(text, std::max<std::size_t>(terminal.width(), 60) - 2)) {
    lines.push_back("  " + line);
  }
}

}  // namespace

std::string encode(const sim::PlayReport& report) {
  Json json{{"verdict", static_cast<int>(report.verdict)},
            {"events", report.events},
            {"looks", report.looks},
            {"submitted", report.submitted},
            {"handled", report.handled},
            {"virtual_us", report.virtual_time.count()},
            {"outcomes", report.outcomes},
            {"sometimes", report.sometimes}};
  if (report.verdict == sim::Verdict::fail) {
    json["invariant"] = name_of_failure(report);
    json["text"] = text_of_failure(report);
  } else if (report.verdict == sim::Verdict::inconclusive) {
    json["text"] = report.why;
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void SweepTally::take(std::uint64_t seed, const std::string& report) {
  const Json json = Json::parse(report);
  const auto verdict = static_cast<sim::Verdict>(json["verdict"].get<int>());
  if (verdict == sim::Verdict::pass) {
    ++verdicts_.pass;
  } else if (verdict == sim::Verdict::fail) {
    ++verdicts_.fail;
    failures_.add({seed, json["invariant"], json["text"]});
  } else {
    ++verdicts_.inconclusive;
    undecided_[seed] = json["text"];
    if (undecided_.size() > undecided_max) undecided_.erase(std::prev(undecided_.end()));
  }
  events_ += json["events"].get<std::uint64_t>();
  looks_ += json["looks"].get<std::uint64_t>();
  submitted_ += json["submitted"].get<std::uint64_t>();
  handled_ += json["handled"].get<std::uint64_t>();
  simulated_seconds_ += static_cast<double>(json["virtual_us"].get<std::int64_t>()) / 1e6;
  for (std::size_t i = 0; i < outcomes_.size(); ++i) outcomes_[i] += json["outcomes"][i].get<std::uint64_t>();
  for (const auto& [what, times] : json["sometimes"].items()) {
    Sometimes& known = sometimes_[what];
    ++known.seeds;
    known.times += times.get<std::uint64_t>();
  }
}

std::vector<std::string> SweepTally::never() const {
  std::vector<std::string> never;
  for (const sim::FaultVerb& verb : sim::fault_verbs()) {
    std::string name = "fault/" + std::string{verb.name};
    if (!sometimes_.contains(name)) never.push_back(std::move(name));
  }
  for (std::size_t i = 0; i < outcome_kind_count; ++i) {
    if (outcomes_[i] == 0) never.push_back("outcome/" + std::string{to_string(static_cast<OutcomeKind>(i))});
  }
  return never;
}

std::vector<std::string> SweepTally::lines(const Terminal& terminal, const CampaignEnd& end) const {
  std::vector<std::string> lines;
  std::string seen;
  for (const auto& [what, count] : sometimes_) {
    seen += (seen.empty() ? "" : ", ") + what + " " + std::to_string(count.seeds);
  }
  add_group(lines, terminal, "Sometimes, in so many seeds",
            seen.empty() ? "nothing was seen: no seed came to its end" : seen);
  std::string missing;
  for (const std::string& what : never()) missing += (missing.empty() ? "" : ", ") + what;
  if (!missing.empty()) add_group(lines, terminal, "Never", missing);
  std::string told;
  for (std::size_t i = 0; i < outcome_kind_count; ++i) {
    if (outcomes_[i] == 0) continue;
    told +=
        (told.empty() ? "" : ", ") + std::string{to_string(static_cast<OutcomeKind>(i))} + " " + grouped(outcomes_[i]);
  }
  if (!told.empty()) add_group(lines, terminal, "Outcomes", told);
  for (const auto& [seed, why] : undecided_) {
    lines.push_back(terminal.styled("inconclusive", Style::warn) + ": seed " + std::to_string(seed) + ", " +
                    printable(why));
  }
  lines.push_back("");
  lines.push_back(grouped(end.runs) + " seeds in " + span_text(end.wall_seconds) + ": " + grouped(verdicts_.pass) +
                  " passed, " + grouped(failures_.count()) + " failed, " + grouped(verdicts_.inconclusive) +
                  " inconclusive");
  lines.push_back(grouped(events_) + " events, " + grouped(looks_) + " snapshots checked, " + grouped(submitted_) +
                  " messages, " + span_text(simulated_seconds_) + " simulated");
  if (end.runs > 0) {
    lines.push_back(grouped(static_cast<std::uint64_t>(seeds_per_hour_and_core(end))) + " seeds per hour and core (" +
                    decimal(end.cpu_seconds, 1) + " CPU s on " + std::to_string(end.jobs) + " workers)");
  }
  return lines;
}

void SweepTally::add_to(Json& json) const {
  json["pass"] = verdicts_.pass;
  json["fail"] = failures_.count();
  json["inconclusive"] = verdicts_.inconclusive;
  json["events"] = events_;
  json["looks"] = looks_;
  json["submitted"] = submitted_;
  json["handled"] = handled_;
  json["simulated_seconds"] = simulated_seconds_;
  json["outcomes"] = Json::object();
  for (std::size_t i = 0; i < outcome_kind_count; ++i) {
    json["outcomes"][std::string{to_string(static_cast<OutcomeKind>(i))}] = outcomes_[i];
  }
  json["sometimes"] = Json::object();
  for (const auto& [what, count] : sometimes_) {
    json["sometimes"][what] = {{"seeds", count.seeds}, {"times", count.times}};
  }
  json["never"] = never();
  json["undecided"] = Json::object();
  for (const auto& [seed, why] : undecided_) json["undecided"][std::to_string(seed)] = why;
}

double seeds_per_hour_and_core(const CampaignEnd& end) noexcept {
  return end.cpu_seconds > 0 ? static_cast<double>(end.runs) * 3600.0 / end.cpu_seconds : 0;
}

}  // namespace hawser::tools
