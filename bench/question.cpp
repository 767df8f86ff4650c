#include "question.hpp"

#include "stopwatch.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>
#include <utility>

namespace hawser::bench {
namespace {

Row one_way(std::string label, Side side, std::uint32_t bytes, Target target,
            std::optional<Target> cpu_target = std::nullopt) {
  Row row;
  row.label = std::move(label);
  row.plain = {.work = Work::one_way, .side = Side::plain, .bytes = bytes};
  row.hawser = {.work = Work::one_way, .side = side, .bytes = bytes};
  row.target = target;
  row.cpu_target = cpu_target;
  return row;
}

Row requests(std::string label, Load load, Target target) {
  Row row;
  row.label = std::move(label);
  row.plain = load;
  row.hawser = load;
  row.hawser.side = Side::typed;
  row.target = target;
  return row;
}

Row calls(std::string label, Load plain, Load hawser) {
  Row row;
  row.label = std::move(label);
  row.plain = plain;
  row.hawser = hawser;
  return row;
}

Question posts() {
  const Load plain{.work = Work::post, .side = Side::plain};
  Question question{"policies",
                    "one try_post on the loop beside one zmq_msg_send: all checks, no queue full, no lock contended",
                    Measure::call,
                    {calls("opaque 64 B", plain, {.work = Work::post, .side = Side::opaque}),
                     calls("typed 64 B", plain, {.work = Work::post, .side = Side::typed})}};
  question.rows[0].call_target = Target{150, 60};
  return question;
}

Question broadcasts() {
  const Load sends{.work = Work::broadcast, .side = Side::sends, .bytes = 1024};
  const Load broadcast{.work = Work::broadcast, .side = Side::broadcast, .bytes = 1024};
  Question question{"broadcast",
                    "one broadcast to 8 peers beside 8 sends (here `plain` is Hawser too): the caller's cost",
                    Measure::call,
                    {calls("typed 1 KiB", sends, broadcast)}};
  question.rows[0].target = Target{1.0 / 3, 1.0 / 6};
  return question;
}

Question permissions() {
  const auto row = [](std::string label, std::uint32_t threads) {
    return calls(std::move(label), {.work = Work::serve, .side = Side::clock, .open = threads},
                 {.work = Work::serve, .side = Side::typed, .open = threads});
  };
  Question question{
      "serve",
      "one may_serve() on a thread of the application, beside the clock it reads (here `plain` is that clock)",
      Measure::call,
      {row("one thread", 1), row("two threads at once", 2)}};
  for (Row& each : question.rows) each.call_target = Target{50, 50};
  return question;
}

// The loads of one pair: each distinct one once, however many rows refer to it.
std::vector<Load> distinct_loads(const Question& question, const Settings& settings) {
  std::vector<Load> loads;
  const auto add = [&](const Load& load) {
    if (std::find(loads.begin(), loads.end(), load) == loads.end()) loads.push_back(load);
  };
  for (const Row& row : question.rows) {
    add(row.plain);
    if (!settings.plain_only) add(row.hawser);
  }
  return loads;
}

// One line that rewrites itself; nothing where nobody watches.
void show_progress(const std::string& text) {
  if (::isatty(STDERR_FILENO) == 1) std::fprintf(stderr, "\r%-60s\r", text.c_str());
}

Figures measure(Load load, const Settings& settings) {
  load.measured_ms = settings.measured_ms;
  load.warm_up_ms = settings.warm_up_ms;
  load.backoff_us = settings.backoff_us;
  return run_pair(load, load.side == Side::plain ? Wrappers{} : settings.hawser_wrappers);
}

}  // namespace

std::vector<Question> all_questions() {
  return {
      {"oneway",
       "one way, as fast as the sender is let; messages delivered per second",
       Measure::rate,
       {one_way("typed 64 B", Side::typed, 64, {1.5, 2.5}),
        one_way("opaque 64 B", Side::opaque, 64, {2.5, 5.0}, Target{0.5, 0.25}),
        one_way("typed 256 B", Side::typed, 256, {1.5, 2.5}), one_way("typed 1 KiB", Side::typed, 1024, {1.2, 2.2}),
        one_way("opaque 1 KiB", Side::opaque, 1024, {1.2, 2.2})}},
      {"roundtrip",
       "one request at a time, both processes on one CPU, handler on the loop",
       Measure::latency,
       {requests("typed 64 B", {.work = Work::round_trip, .cpu = 0}, {1.25, 1.08})}},
      {"pipelined",
       "64 requests open at a time; replies per second",
       Measure::rate,
       {requests("typed 64 B", {.work = Work::pipelined, .open = 64}, {1.5, 3.0})}},
      posts(),
      broadcasts(),
      permissions(),
  };
}

std::uint64_t lost(const RowResult& result) noexcept {
  std::uint64_t sum = 0;
  for (const auto* runs : {&result.plain, &result.hawser}) {
    for (const Figures& run : *runs) sum += run.accepted - std::min(run.accepted, run.delivered);
  }
  return sum;
}

Answer ask(const Question& question, const Settings& settings) {
  Answer answer{question, {}, 0};
  const auto start = WallClock::now();
  const std::int64_t others_start_us = machine_busy_us() - family_cpu_us();
  for (const Row& row : question.rows) answer.rows.push_back({row, {}, {}});
  const std::vector<Load> loads = distinct_loads(question, settings);
  for (unsigned pair = 0; pair < settings.pairs; ++pair) {
    std::vector<Figures> figures(loads.size());
    for (std::size_t i = 0; i < loads.size(); ++i) {
      const std::size_t at = pair % 2 == 0 ? i : loads.size() - 1 - i;
      show_progress(std::string{question.name} + ": pair " + std::to_string(pair + 1) + " of " +
                    std::to_string(settings.pairs) + ", run " + std::to_string(i + 1) + " of " +
                    std::to_string(loads.size()));
      figures[at] = measure(loads[at], settings);
    }
    const auto of = [&](const Load& load) {
      return figures[static_cast<std::size_t>(std::find(loads.begin(), loads.end(), load) - loads.begin())];
    };
    for (RowResult& result : answer.rows) {
      result.plain.push_back(of(result.row.plain));
      if (!settings.plain_only) result.hawser.push_back(of(result.row.hawser));
    }
  }
  show_progress("");
  const double others_seconds = static_cast<double>(machine_busy_us() - family_cpu_us() - others_start_us) / 1e6;
  answer.others_cpus = std::max(0.0, others_seconds / seconds_since(start));
  return answer;
}

}  // namespace hawser::bench
