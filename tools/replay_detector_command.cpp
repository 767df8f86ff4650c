// Options, files and settings of `hawser replay detector`.
#include "exit_code.hpp"
#include <hawser/base/quantity.hpp>
#include "replay_detector.hpp"
#include "replay_settings.hpp"
#include "text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>

namespace hawser::tools {
namespace {

// PhiConfig counts in size_t, files in whole numbers.
struct Bound {
  ReplaySettings keys;
  std::uint64_t window;
};

void bind(Bound& bound, DetectorSettings& s) {
  bound.window = s.phi.window;
  bound.keys.bind("interval", s.phi.interval)
      .bind("acceptable_pause", s.phi.acceptable_pause)
      .bind("deviation_min", s.phi.deviation_min)
      .bind("window", bound.window)
      .bind("threshold", s.threshold)
      .bind("timeout", s.timeout)
      .bind("akka.threshold", s.akka_threshold)
      .bind("akka.acceptable_pause", s.akka_pause)
      .bind("akka.deviation_min", s.akka_deviation)
      .bind("akka.window", s.akka_window)
      .bind("cassandra.threshold", s.cassandra_threshold)
      .bind("cassandra.window", s.cassandra_window);
}

void check(const DetectorSettings& s, std::vector<std::string>& wrong) {
  constexpr Duration longest{86'400'000'000};
  const auto between = [&](const char* key, Duration value, Duration least) {
    if (value < least || value > longest) {
      wrong.push_back(std::string{key} + " is " + (value == forever ? "forever" : format_duration(value)) +
                      "; it must lie between " + format_duration(least) + " and 24h");
    }
  };
  between("interval", s.phi.interval, Duration{1'000});
  between("acceptable_pause", s.phi.acceptable_pause, Duration{0});
  between("deviation_min", s.phi.deviation_min, Duration{0});
  between("timeout", s.timeout, Duration{1'000});
  between("akka.acceptable_pause", s.akka_pause, Duration{0});
  between("akka.deviation_min", s.akka_deviation, Duration{1});
  const auto phi = [&](const char* key, double value) {
    if (!(value >= 0.1 && value <= 300)) wrong.push_back(std::string{key} + " must lie between 0.1 and 300");
  };
  phi("threshold", s.threshold);
  phi("akka.threshold", s.akka_threshold);
  phi("cassandra.threshold", s.cassandra_threshold);
  const auto window = [&](const char* key, std::uint64_t value) {
    if (value < 8 || value > 100'000) wrong.push_back(std::string{key} + " must lie between 8 and 100000");
  };
  window("window", s.phi.window);
  window("akka.window", s.akka_window);
  window("cassandra.window", s.cassandra_window);
}

int complain(const std::string& sentence) {
  std::fprintf(stderr, "hawser: %s\n", sentence.c_str());
  return exit_usage;
}

bool read_files(const ReplayDetectorOptions& options, DetectorReplay& replay) {
  if (options.configs.empty()) replay.settings.push_back({"default", {}});
  for (const std::string& path : options.configs) {
    std::ifstream file{path};
    if (!file) return complain(path + " cannot be read"), false;
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    NamedSettings named{path, {}};
    const std::vector<std::string> wrong = read_detector_settings(text, named.settings);
    for (const std::string& sentence : wrong) complain(path + ": " + sentence);
    if (!wrong.empty()) return false;
    replay.settings.push_back(std::move(named));
  }
  return true;
}

bool read_instants(const ReplayDetectorOptions& options, DetectorReplay& replay) {
  for (const std::string& text : options.at) {
    std::string problem;
    const auto at = parse_duration(text, problem);
    if (!at) return complain("--at: " + problem), false;
    replay.at.emplace_back(*at);
  }
  std::sort(replay.at.begin(), replay.at.end());
  return true;
}

bool read_rate(const ReplayDetectorOptions& options, DetectorReplay& replay) {
  if (options.mistakes_per_day.empty()) return true;
  double rate = 0;
  const std::string& text = options.mistakes_per_day;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (error != std::errc{} || end != text.data() + text.size() || !(rate >= 0 && rate <= 1e9)) {
    return complain("--mistakes-per-day: '" + printable(text.substr(0, 40)) + "' is no number; write for example 0.5"),
           false;
  }
  replay.mistakes_per_day = rate;
  return true;
}

}  // namespace

std::vector<std::string> read_detector_settings(const std::string& text, DetectorSettings& settings) {
  Bound bound;
  bind(bound, settings);
  std::vector<std::string> wrong = bound.keys.apply(text);
  settings.phi.window = static_cast<std::size_t>(bound.window);
  if (wrong.empty()) check(settings, wrong);
  return wrong;
}

std::string detector_keys() {
  Bound bound;
  DetectorSettings settings;
  bind(bound, settings);
  return bound.keys.keys();
}

int replay_detector(const ReplayDetectorOptions& options) {
  DetectorReplay replay;
  replay.json = options.json;
  replay.summary = options.summary;
  if (!read_files(options, replay) || !read_instants(options, replay) || !read_rate(options, replay)) {
    return exit_usage;
  }
  std::string problem;
  const HeartbeatTrace trace = read_heartbeats(std::cin, problem);
  if (problem.empty()) replay_detector(replay, trace, std::cout, problem);
  if (!problem.empty()) return complain("the trace, " + problem);
  std::cout.flush();
  return std::cout ? exit_fine : exit_unhealthy;
}

}  // namespace hawser::tools
