#include "campaign.hpp"

#include "interrupt.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <utility>

namespace hawser::tools {
namespace {

constexpr std::size_t numbers_max = 20;
constexpr const char* crash_name = "I19 no crash";
constexpr double redraw_seconds = 0.2;

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    std::replace(line.begin(), line.end(), '\t', ' ');  // between the columns of a trace
    if (end > at) lines.push_back(printable(line));
    at = end + 1;
  }
  return lines;
}

class Progress {
 public:
  Progress(const CampaignPlan& plan, Terminal& terminal, double begin)
      : plan_(plan), terminal_(terminal), begin_(begin) {}

  void show(std::uint64_t runs, std::uint64_t failed) {
    const double now = now_seconds();
    if (!plan_.show_progress || !terminal_.is_terminal() || now - shown_ < redraw_seconds) return;
    shown_ = now;
    const double spent = now - begin_;
    std::string line = grouped(runs);
    if (plan_.total) line += " of " + grouped(*plan_.total);
    line += " " + plan_.unit + ", ";
    line += failed == 0 ? "none failed" : terminal_.styled(grouped(failed) + " failed", Style::bad);
    line += ", " + span_text(spent);
    const double left = left_seconds(runs, spent);
    if (left > 0) line += ", about " + span_text(left) + " left";
    terminal_.live({line});
  }
  void end() {
    if (plan_.show_progress) terminal_.live({});
  }

 private:
  double left_seconds(std::uint64_t runs, double spent) const {
    double left = 0;
    if (plan_.total && runs > 0) {
      left = spent / static_cast<double>(runs) * static_cast<double>(*plan_.total - runs);
    }
    const double until_limit = plan_.seconds_max - spent;
    if (plan_.seconds_max > 0 && (left == 0 || until_limit < left)) left = until_limit;
    return left;
  }

  const CampaignPlan& plan_;
  Terminal& terminal_;
  double begin_;
  double shown_ = 0;
};

Failure death(const JobEnd& end, double seconds_max) {
  Failure failure{end.job, crash_name, {}};
  failure.text = end.how == JobEnd::How::hung ? "no end after " + span_text(seconds_max) + " of real time"
                                              : "the process ended with " + end.cause;
  if (!end.text.empty()) failure.text += "; it said:\n" + end.text;
  return failure;
}

}  // namespace

void FailureTable::add(Failure failure) {
  ++count_;
  Group& group = groups_[failure.invariant];
  ++group.count;
  const auto place = std::lower_bound(group.numbers.begin(), group.numbers.end(), failure.number);
  group.numbers.insert(place, failure.number);
  if (group.numbers.size() > numbers_max) group.numbers.pop_back();
  if (group.count == 1 || failure.number < group.smallest.number) group.smallest = std::move(failure);
}

std::vector<std::string> FailureTable::lines(const Terminal& terminal, const std::string& unit,
                                             const std::function<std::string(std::uint64_t)>& replay) const {
  std::vector<std::string> lines;
  for (const auto& [invariant, group] : groups_) {
    lines.push_back(terminal.styled(invariant, Style::bad) + ": " + grouped(group.count) + " of the " + unit +
                    ", the smallest is " + std::to_string(group.smallest.number));
    std::string others;
    for (const std::uint64_t number : group.numbers) others += (others.empty() ? "" : " ") + std::to_string(number);
    if (group.count > 1) lines.push_back("  " + others + (group.count > group.numbers.size() ? " ..." : ""));
    constexpr std::size_t story_max = 12;
    const std::vector<std::string> story = lines_of(group.smallest.text);
    for (std::size_t i = 0; i < std::min(story.size(), story_max); ++i) lines.push_back("  " + story[i]);
    if (story.size() > story_max) lines.push_back("  (" + std::to_string(story.size() - story_max) + " lines more)");
    lines.push_back("  " + terminal.styled(replay(group.smallest.number), Style::bold));
  }
  return lines;
}

CampaignEnd run_campaign(const CampaignPlan& plan, Terminal& terminal, FailureTable& failures) {
  CampaignEnd end;
  const Interrupt interrupt;
  const double begin = now_seconds();
  Progress progress{plan, terminal, begin};
  JobPool pool{{plan.jobs, plan.seconds_per_run}, plan.work};
  const auto over = [&] { return plan.seconds_max > 0 && now_seconds() - begin >= plan.seconds_max; };
  JobPool::Calls calls;
  calls.next = [&]() -> std::optional<std::uint64_t> { return over() ? std::nullopt : plan.next(); };
  calls.ended = [&](const JobEnd& ended) {
    ++end.runs;
    if (ended.how == JobEnd::How::answered) {
      plan.taken(ended.job, ended.text);
    } else {
      failures.add(death(ended, plan.seconds_per_run));
    }
    progress.show(end.runs, failures.count());
  };
  calls.go_on = [&] {
    progress.show(end.runs, failures.count());
    return !interrupt.came();
  };
  pool.run(calls);
  progress.end();
  end.interrupted = interrupt.came();
  end.wall_seconds = now_seconds() - begin;
  end.cpu_seconds = pool.cpu_seconds();
  end.jobs = pool.workers();
  return end;
}

std::string decimal(double number, int places) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", places, number);
  return text.data();
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, " ");
  return digits;
}

std::string span_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::max(0.0, seconds));
  if (whole < 10) return decimal(std::max(0.0, seconds), 1) + " s";
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

bool write_file(const std::string& path, const std::string& text) {
  if (path == "-") return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  std::ofstream file{path};
  file << text;
  file.flush();
  if (file) return true;
  std::fprintf(stderr, "hawser: %s cannot be written\n", printable(path).c_str());
  return false;
}

}  // namespace hawser::tools
