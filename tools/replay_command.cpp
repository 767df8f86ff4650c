#include "replay_command.hpp"

#include "exit_code.hpp"
#include <hawser/base/quantity.hpp>
#include <hawser/base/timer_queue.hpp>
#include <hawser/resilience/circuit_breaker.hpp>
#include <hawser/resilience/coherence.hpp>
#include "replay_rows.hpp"
#include "replay_settings.hpp"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>

namespace hawser::tools {
namespace {

using Events = std::vector<ReplayEvent>;

Instant end_of(const ReplayEvent& event) { return later(event.time, event.latency); }

// Calls begin in the order of the trace and end in the order of their ends; at one instant the ends come first.
template <typename Begin, typename End>
void in_order(const Events& events, Begin begin, End end) {
  TimerQueue ends;
  const auto due = [&](Instant now) {
    while (ends.next() <= now && !ends.empty()) ends.pop_due(ends.next())();
  };
  for (std::size_t i = 0; i < events.size(); ++i) {
    due(events[i].time);
    begin(i);
    ends.add(end_of(events[i]), [&end, i] { end(i); });
  }
  while (!ends.empty()) ends.pop_due(ends.next())();
}

struct Settings {
  BreakerConfig breaker;
  TimeoutConfig timeout;
  BackoffConfig backoff;
  RetryBudgetConfig budget;
  AdaptiveLimitConfig limit;
  LoadShedderConfig shedder;
};

void bind_breaker(ReplaySettings& keys, BreakerConfig& c) {
  keys.bind("consecutive_failures", c.consecutive_failures)
      .bind("failure_count", c.failure_count)
      .bind("failure_percent", c.failure_percent)
      .bind("slow_percent", c.slow_percent)
      .bind("slow_limit", c.slow_limit)
      .bind("calls_min", c.calls_min)
      .bind("window", c.window)
      .bind("window_calls", c.window_calls)
      .bind("open_for", c.open_for)
      .bind("open_factor_permille", c.open_factor_permille)
      .bind("open_max", c.open_max)
      .bind("open_jitter_permille", c.open_jitter_permille)
      .bind("stable_after", c.stable_after)
      .bind("successes_to_close", c.successes_to_close)
      .bind("probes_max", c.probes_max)
      .bind("probe_lease", c.probe_lease)
      .bind("call_lease", c.call_lease)
      .bind("ramp_time", c.ramp_time)
      .bind("mode", c.mode,
            {{"enabled", BreakerMode::enabled},
             {"forced_open", BreakerMode::forced_open},
             {"disabled", BreakerMode::disabled},
             {"observe_only", BreakerMode::observe_only}});
}

void bind_limit(ReplaySettings& keys, AdaptiveLimitConfig& c, const std::string& prefix) {
  keys.bind(prefix + "limit_min", c.limit_min)
      .bind(prefix + "limit_initial", c.limit_initial)
      .bind(prefix + "limit_max", c.limit_max)
      .bind(prefix + "window", c.window)
      .bind(prefix + "samples_min", c.samples_min)
      .bind(prefix + "backoff_permille", c.backoff_permille)
      .bind(prefix + "tolerance_permille", c.tolerance_permille)
      .bind(prefix + "baseline_windows", c.baseline_windows);
}

ReplaySettings bound(std::string_view kind, Settings& s) {
  ReplaySettings keys;
  if (kind == "breaker") bind_breaker(keys, s.breaker);
  if (kind == "timeout") {
    keys.bind("percentile_ppm", s.timeout.percentile_ppm)
        .bind("hedge_ppm", s.timeout.hedge_ppm)
        .bind("factor_permille", s.timeout.factor_permille)
        .bind("margin", s.timeout.margin)
        .bind("timeout_min", s.timeout.timeout_min)
        .bind("timeout_max", s.timeout.timeout_max)
        .bind("initial", s.timeout.initial)
        .bind("samples_min", s.timeout.samples_min)
        .bind("window", s.timeout.window)
        .bind("slices", s.timeout.slices);
  }
  if (kind == "backoff") {
    keys.bind("base", s.backoff.base)
        .bind("factor_permille", s.backoff.factor_permille)
        .bind("cap", s.backoff.cap)
        .bind("jitter", s.backoff.jitter,
              {{"none", Jitter::none},
               {"full", Jitter::full},
               {"equal", Jitter::equal},
               {"decorrelated", Jitter::decorrelated}});
  }
  if (kind == "retry-budget") {
    keys.bind("share_permille", s.budget.share_permille)
        .bind("tokens_max", s.budget.tokens_max)
        .bind("tokens_initial", s.budget.tokens_initial)
        .bind("floor_per_second", s.budget.floor_per_second);
  }
  if (kind == "limit") bind_limit(keys, s.limit, "");
  if (kind == "shedder") {
    bind_limit(keys, s.shedder.limit, "limit.");
    keys.bind("queue_max", s.shedder.queue_max)
        .bind("target_min", s.shedder.target_min)
        .bind("target_factor_permille", s.shedder.target_factor_permille)
        .bind("pressure_from", s.shedder.pressure_from)
        .bind("pressure_to", s.shedder.pressure_to)
        .bind("retry_after_min", s.shedder.retry_after_min)
        .bind("retry_after_max", s.shedder.retry_after_max);
  }
  return keys;
}

Problems incoherent(std::string_view kind, const Settings& s) {
  if (kind == "breaker") return problems_of(s.breaker);
  if (kind == "timeout") return problems_of(s.timeout);
  if (kind == "backoff") return problems_of(s.backoff);
  if (kind == "retry-budget") return problems_of(s.budget);
  if (kind == "limit") return problems_of(s.limit);
  return problems_of(s.shedder);
}

Instant first_time(const Events& events) { return events.empty() ? Instant{} : events.front().time; }

void replay_breaker(const BreakerConfig& config, const Events& events, std::uint64_t seed, ReplayRows& rows) {
  CircuitBreaker breaker{config, seed, first_time(events)};
  std::vector<std::optional<Permit>> permits(events.size());
  std::uint64_t admitted = 0;
  const auto row = [&](Instant now, std::string_view decision) {
    const Instant retry = breaker.retry_at();
    rows.write(ReplayRow{}
                   .add("time", to_us(now))
                   .word("decision", decision)
                   .word("state", to_string(breaker.state(now)))
                   .word("cause", breaker.reason().cause)
                   .add_optional("retry_at", retry != never && decision == "refuse", to_us(retry)));
  };
  std::uint64_t told = 0;
  const auto transitions = [&](Instant now) {
    if (breaker.transitions() == told) return;
    told = breaker.transitions();
    row(now, "change");
  };
  in_order(
      events,
      [&](std::size_t i) {
        const Instant now = events[i].time;
        breaker.tick(now);
        transitions(now);
        permits[i] = breaker.try_acquire(now);
        transitions(now);
        admitted += permits[i] ? 1 : 0;
        row(now, !permits[i] ? "refuse" : permits[i]->probe ? "probe" : "admit");
      },
      [&](std::size_t i) {
        if (!permits[i]) return;
        const AttemptEnd outcome = events[i].outcome;
        const Verdict verdict = outcome == AttemptEnd::success                                     ? Verdict::success
                                : outcome == AttemptEnd::failure || outcome == AttemptEnd::timeout ? Verdict::failure
                                                                                                   : Verdict::neutral;
        breaker.record(*permits[i], end_of(events[i]), verdict, events[i].latency);
        transitions(end_of(events[i]));
      });
  rows.summary(ReplayRow{}
                   .add("calls", events.size())
                   .add("admitted", admitted)
                   .add("refused", events.size() - admitted)
                   .add("opened", breaker.opened())
                   .add("changes", breaker.transitions()));
}

void replay_timeout(const TimeoutConfig& config, const Events& events, ReplayRows& rows) {
  TimeoutManager manager{config};
  std::vector<Duration> given(events.size());
  std::uint64_t cut = 0;
  // A call that is cut off ends at its timeout.
  Events seen = events;
  TimerQueue ends;
  const auto end = [&](std::size_t i) {
    if (seen[i].latency > given[i]) {
      manager.timed_out(seen[i].operation, later(seen[i].time, given[i]), given[i]);
    } else if (seen[i].outcome == AttemptEnd::success) {
      manager.answered(seen[i].operation, end_of(seen[i]), seen[i].latency);
    }
  };
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const ReplayEvent& event = seen[i];
    while (!ends.empty() && ends.next() <= event.time) ends.pop_due(ends.next())();
    given[i] = manager.timeout(event.operation, event.time);
    const Duration hedge = manager.hedge_after(event.operation, event.time);
    const bool over = event.latency > given[i];
    cut += over ? 1 : 0;
    rows.write(ReplayRow{}
                   .add("time", to_us(event.time))
                   .word("decision", over ? "cut" : "wait")
                   .add("timeout", given[i])
                   .add_optional("hedge_after", hedge != forever, hedge.count())
                   .add("latency", event.latency));
    ends.add(later(event.time, std::min(event.latency, given[i])), [&end, i] { end(i); });
  }
  while (!ends.empty()) ends.pop_due(ends.next())();
  rows.summary(ReplayRow{}.add("calls", seen.size()).add("cut", cut).add("operations", manager.operations()));
}

void replay_backoff(const BackoffConfig& config, const Events& events, std::uint64_t seed, ReplayRows& rows) {
  Backoff backoff{config};
  Random random{seed};
  Duration longest{0};
  std::uint64_t failures = 0;
  for (const ReplayEvent& event : events) {
    const bool failed = event.outcome == AttemptEnd::failure || event.outcome == AttemptEnd::timeout ||
                        event.outcome == AttemptEnd::overloaded;
    if (event.outcome == AttemptEnd::success) backoff.reset();
    const Duration ceiling = backoff.ceiling();
    const Duration delay = failed ? backoff.next(random) : Duration::zero();
    longest = std::max(longest, delay);
    failures += failed ? 1 : 0;
    rows.write(ReplayRow{}
                   .add("time", to_us(event.time))
                   .word("decision", failed                                 ? "delay"
                                     : event.outcome == AttemptEnd::success ? "reset"
                                                                            : "none")
                   .add("delay", delay)
                   .add("ceiling", ceiling)
                   .add("attempts", backoff.attempts()));
  }
  rows.summary(ReplayRow{}.add("events", events.size()).add("failures", failures).add("longest_delay", longest));
}

void replay_budget(const RetryBudgetConfig& config, const Events& events, ReplayRows& rows) {
  RetryBudget budget{config, first_time(events)};
  in_order(
      events, [&](std::size_t) { budget.deposit(); },
      [&](std::size_t i) {
        const bool wants = events[i].outcome == AttemptEnd::failure || events[i].outcome == AttemptEnd::timeout;
        const bool granted = wants && budget.withdraw(end_of(events[i]));
        rows.write(ReplayRow{}
                       .add("time", to_us(end_of(events[i])))
                       .word("decision", !wants    ? "none"
                                         : granted ? "retry"
                                                   : "deny")
                       .add("millitokens", budget.millitokens()));
      });
  rows.summary(ReplayRow{}.add("calls", events.size()).add("granted", budget.granted()).add("denied", budget.denied()));
}

void replay_limit(const AdaptiveLimitConfig& config, const Events& events, ReplayRows& rows) {
  AdaptiveLimit limit{config, first_time(events)};
  std::uint32_t in_flight = 0;
  std::uint64_t over = 0;
  std::vector<std::uint32_t> began_with(events.size());
  in_order(
      events,
      [&](std::size_t i) {
        const bool within = in_flight < limit.limit();
        over += within ? 0 : 1;
        began_with[i] = ++in_flight;
        rows.write(ReplayRow{}
                       .add("time", to_us(events[i].time))
                       .word("decision", within ? "admit" : "refuse")
                       .add("limit", limit.limit())
                       .add("in_flight", in_flight)
                       .add("baseline", limit.baseline())
                       .add("correlation", limit.correlation()));
      },
      [&](std::size_t i) {
        --in_flight;
        const AttemptEnd outcome = events[i].outcome;
        if (outcome == AttemptEnd::ignored || outcome == AttemptEnd::failure) return;
        limit.sample(end_of(events[i]), events[i].latency, began_with[i], outcome != AttemptEnd::success);
      });
  rows.summary(ReplayRow{}
                   .add("calls", events.size())
                   .add("refused", over)
                   .add("limit", limit.limit())
                   .add("raised", limit.raised())
                   .add("lowered", limit.lowered()));
}

// Here `latency` is the service time: when a call begins and ends is the shedder's own decision.
class ShedderReplay {
 public:
  ShedderReplay(const LoadShedderConfig& config, const Events& events, ReplayRows& rows)
      : events_(events), rows_(rows), shedder_(config, first_time(events)) {}

  void run() {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      until(events_[i].time);
      const ReplayEvent& event = events_[i];
      const Instant now = event.time;
      order_.push_back(i);
      const ShedAnswer answer = shedder_.offer({event.priority, later(now, event.deadline), &order_.back()}, now);
      if (answer.admitted) start(i, now);
      row(i, now, answer.admitted ? "admit" : answer.ticket != 0 ? "queue" : "reject", answer.rejection, Duration{0});
      settle(now);
    }
    until(never);
    ReplayRow summary;
    summary.add("calls", events_.size()).add("admitted", shedder_.admitted());
    for (std::size_t i = 0; i < shed_reasons; ++i) {
      const auto reason = static_cast<ShedReason>(i);
      summary.add(to_string(reason), shedder_.rejected(reason));
    }
    summary.add("newest_first", shedder_.newest_first()).add("limit", shedder_.limit());
    rows_.summary(summary);
  }

 private:
  void until(Instant now) {
    while (!ends_.empty() && ends_.next() <= now) ends_.pop_due(ends_.next())();
    if (now != never) settle(now);
  }
  void start(std::size_t i, Instant now) {
    const Instant end = later(now, events_[i].latency);
    ends_.add(end, [this, i, end] {
      const AttemptEnd outcome = events_[i].outcome;
      const bool says = outcome != AttemptEnd::ignored && outcome != AttemptEnd::failure;
      if (says) shedder_.finished(end, events_[i].latency, outcome != AttemptEnd::success);
      if (!says) shedder_.gone();
      settle(end);
    });
  }
  void settle(Instant now) {
    while (const auto event = shedder_.poll(now)) {
      const std::size_t i = *static_cast<std::size_t*>(event->owner);
      if (!event->rejection) start(i, now);
      row(i, now, event->rejection ? "reject" : "admit", event->rejection, event->waited);
    }
  }
  void row(std::size_t i, Instant now, std::string_view decision, const std::optional<ShedRejection>& rejection,
           Duration waited) {
    rows_.write(ReplayRow{}
                    .add("time", to_us(now))
                    .add("call", i + 1)
                    .word("decision", decision)
                    .word("reason", rejection ? to_string(rejection->reason) : "none")
                    .add_optional("retry_after", rejection.has_value(), rejection ? rejection->retry_after.count() : 0)
                    .add("waited", waited)
                    .add("limit", shedder_.limit())
                    .add("running", shedder_.running())
                    .add("waiting", shedder_.waiting())
                    .add("level", shedder_.level()));
  }

  const Events& events_;
  ReplayRows& rows_;
  LoadShedder shedder_;
  TimerQueue ends_;
  std::deque<std::size_t> order_;  // stable addresses for the owners
};

}  // namespace

std::string replay_keys(std::string_view kind) {
  Settings settings;
  return bound(kind, settings).keys();
}

void replay(const ReplayOptions& options, const std::string& settings, const Events& events, std::ostream& out,
            std::string& problem) {
  Settings chosen;
  std::vector<std::string> wrong = bound(options.kind, chosen).apply(settings);
  if (wrong.empty()) wrong = incoherent(options.kind, chosen);
  for (const std::string& sentence : wrong) problem += (problem.empty() ? "" : "\n") + sentence;
  if (!problem.empty()) return;
  ReplayRows rows{out, options.json, options.summary};
  if (options.kind == "breaker") replay_breaker(chosen.breaker, events, options.seed, rows);
  if (options.kind == "timeout") replay_timeout(chosen.timeout, events, rows);
  if (options.kind == "backoff") replay_backoff(chosen.backoff, events, options.seed, rows);
  if (options.kind == "retry-budget") replay_budget(chosen.budget, events, rows);
  if (options.kind == "limit") replay_limit(chosen.limit, events, rows);
  if (options.kind == "shedder") ShedderReplay{chosen.shedder, events, rows}.run();
}

int replay(const ReplayOptions& options) {
  std::string settings;
  if (!options.config.empty()) {
    std::ifstream file{options.config};
    if (!file) {
      std::fprintf(stderr, "hawser: %s cannot be read\n", options.config.c_str());
      return exit_usage;
    }
    settings.assign(std::istreambuf_iterator<char>{file}, {});
  }
  std::string problem;
  const Events events = read_trace(std::cin, problem);
  if (!problem.empty()) {
    std::fprintf(stderr, "hawser: the trace, %s\n", problem.c_str());
    return exit_usage;
  }
  replay(options, settings, events, std::cout, problem);
  if (!problem.empty()) {
    std::fprintf(stderr, "hawser: %s cannot be used:\n%s\n", options.config.c_str(), problem.c_str());
    return exit_usage;
  }
  std::cout.flush();
  return std::cout ? exit_fine : exit_unhealthy;
}

}  // namespace hawser::tools
