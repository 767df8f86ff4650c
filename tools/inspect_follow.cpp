#include "inspect_follow.hpp"

#include "exit_code.hpp"
#include "inspect_fields.hpp"
#include "interrupt.hpp"
#include "terminal.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <utility>

namespace hawser::tools {
namespace {

using nlohmann::json;

struct Followed {
  Endpoint at;
  std::string node;
  std::string incarnation;
  std::uint64_t last = 0;  // number of the newest event that was told
  bool begun = false;
  bool silent = false;
};

struct Line {
  std::int64_t ago = 0;
  std::string text;
};

// The time of day here at which it was: a node's own clock means nothing to people.
std::string time_of_day(std::int64_t ago) {
  using namespace std::chrono;
  const auto at = system_clock::now() - microseconds{std::clamp<std::int64_t>(ago, 0, 86'400'000'000LL * 365)};
  const std::time_t seconds = system_clock::to_time_t(at);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::array<char, 32> text{};
  const auto ms = duration_cast<milliseconds>(at.time_since_epoch()).count() % 1000;
  std::snprintf(text.data(), text.size(), "%02d:%02d:%02d.%03d", local.tm_hour, local.tm_min, local.tm_sec,
                static_cast<int>(ms));
  return text.data();
}

class Follower {
 public:
  Follower(const InspectOptions& options, const InspectWanted& wanted) : options_(options), wanted_(wanted) {
    for (const Endpoint& at : wanted.at) followed_.push_back({at, {}, {}, wanted.since_number, false, false});
  }

  // False: nobody reads any more.
  bool look(std::FILE* out, int& code) {
    std::vector<Line> lines;
    code = exit_fine;
    for (Followed& each : followed_) {
      // Each has its own number to ask from.
      const Answer answer =
          ask_all({each.at}, "/api/v1/events?since=" + std::to_string(each.last), wanted_.timeout).front();
      code = std::max(code, answer.code());
      if (answer.fine()) {
        hear(each, answer, lines);
      } else if (!std::exchange(each.silent, true)) {
        note(each, answer.problem, lines);
      }
    }
    std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.ago > b.ago; });
    for (const Line& line : lines) std::fprintf(out, "%s\n", line.text.c_str());
    return std::fflush(out) == 0;
  }

 private:
  void note(const Followed& each, const std::string& text, std::vector<Line>& lines) const {
    const std::string who = each.node.empty() ? each.at.text() : each.node;
    if (options_.json) {
      lines.push_back(
          {0, json{{"api", 1}, {"node", who}, {"note", text}}.dump(-1, ' ', false, json::error_handler_t::replace)});
    } else {
      lines.push_back({0, time_of_day(0) + "  " + pad(who, 8) + "  -- " + text});
    }
  }

  void hear(Followed& each, const Answer& answer, std::vector<Line>& lines) {
    const json& said = answer.said;
    each.node = text_at(said, "node");
    if (std::exchange(each.silent, false)) note(each, "answers", lines);
    const std::string incarnation = text_at(said, "incarnation");
    if (each.begun && incarnation != each.incarnation) {
      // Its numbers begin anew; what was asked for now is told by the next look.
      note(each, "has started again", lines);
      each.incarnation = incarnation;
      each.last = 0;
      return;
    }
    each.incarnation = incarnation;
    for (const json& event : rows(said, "events")) tell(each, said, event, lines);
    each.begun = true;
  }

  void tell(Followed& each, const json& said, const json& event, std::vector<Line>& lines) {
    const auto number = static_cast<std::uint64_t>(std::max<std::int64_t>(number_at(event, "number"), 0));
    if (number <= each.last) return;
    const std::int64_t ago = ago_us(said, number_at(event, "at_us"));
    if (each.begun && number > each.last + 1) {
      note(each, std::to_string(number - each.last - 1) + " events were overrun before they were read", lines);
    }
    each.last = number;
    if (wanted_.since_age > Duration::zero() && !each.begun && ago > wanted_.since_age.count()) return;
    if (options_.json) {
      json out = {{"api", 1},
                  {"node", each.node},
                  {"incarnation", each.incarnation},
                  {"taken_at_us", field(said, "taken_at_us")}};
      out.update(event);
      lines.push_back({ago, out.dump(-1, ' ', false, json::error_handler_t::replace)});
      return;
    }
    lines.push_back({ago, time_of_day(ago) + "  " + pad(each.node, 8) + "  " + pad(text_at(event, "kind"), 10) + "  " +
                              pad(text_at(event, "peer"), 8) + "  " + text_at(event, "text") + " [" +
                              text_at(event, "cause") + "]"});
  }

  const InspectOptions& options_;
  const InspectWanted& wanted_;
  std::vector<Followed> followed_;
};

}  // namespace

int follow_events(const InspectOptions& options, const InspectWanted& wanted, std::FILE* out) {
  const Interrupt interrupt;
  Follower follower{options, wanted};
  int code = exit_fine;
  for (std::uint64_t looks = 1;; ++looks) {
    if (!follower.look(out, code) || looks == options.looks) return code;
    timespec left{static_cast<time_t>(wanted.interval.count() / 1'000'000),
                  static_cast<long>(wanted.interval.count() % 1'000'000 * 1000)};
    while (!interrupt.came() && ::nanosleep(&left, &left) != 0) {
    }
    if (interrupt.came()) return exit_fine;
  }
}

}  // namespace hawser::tools
