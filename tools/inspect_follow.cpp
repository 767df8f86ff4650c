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
#include <future>
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
  int code = exit_fine;       // of its last answer
  std::future<Answer> asked;  // under way, while it is valid
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

constexpr Duration glance{10'000};

class Follower {
 public:
  Follower(const InspectOptions& options, const InspectWanted& wanted, const Interrupt& interrupt)
      : options_(options), wanted_(wanted), interrupt_(interrupt) {
    for (const Endpoint& at : wanted.at) followed_.push_back({at, {}, {}, wanted.since_number, false, false, 0, {}});
  }

  // Asks everybody who is not being asked already, each from a number of its own.
  void ask() {
    for (Followed& each : followed_) {
      if (each.asked.valid()) continue;
      each.asked = std::async(std::launch::async, [at = each.at, since = each.last, most = wanted_.timeout,
                                                   stop = interrupt_.descriptor()] {
        return ask_one(at, "/api/v1/events?since=" + std::to_string(since), most, stop);
      });
    }
  }
  // Waits for what was asked, at most so long. Who has not answered by then is told of when it has: nobody waits for
  // the slowest. False: interrupted.
  bool await(Duration most) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds{most.count()};
    const auto answered = [](const Followed& each) {
      return !each.asked.valid() || each.asked.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
    };
    while (std::chrono::steady_clock::now() < end) {
      if (std::all_of(followed_.begin(), followed_.end(), answered)) break;
      if (!interrupt_.wait(glance)) return false;
    }
    return !interrupt_.came();
  }
  // Tells what has come. False: nobody reads any more.
  bool tell(std::FILE* out) {
    std::vector<Line> lines;
    for (Followed& each : followed_) {
      if (!each.asked.valid() || each.asked.wait_for(std::chrono::seconds{0}) != std::future_status::ready) continue;
      const Answer answer = each.asked.get();
      each.code = answer.code();
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
  int code() const {
    int code = exit_fine;
    for (const Followed& each : followed_) code = std::max(code, each.code);
    return code;
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
  const Interrupt& interrupt_;
  std::vector<Followed> followed_;
};

}  // namespace

int follow_events(const InspectOptions& options, const InspectWanted& wanted, std::FILE* out) {
  const Interrupt interrupt;
  Follower follower{options, wanted, interrupt};
  for (std::uint64_t looks = 1;; ++looks) {
    const auto next = std::chrono::steady_clock::now() + std::chrono::microseconds{wanted.interval.count()};
    follower.ask();
    const bool last = looks == options.looks;
    // The last look is for all, so that its exit code is.
    if (!follower.await(last ? wanted.timeout + wanted.interval : wanted.interval)) return exit_fine;
    if (!follower.tell(out) || last) return follower.code();
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(next - std::chrono::steady_clock::now());
    if (!interrupt.wait(Duration{left.count()})) return exit_fine;
  }
}

}  // namespace hawser::tools
