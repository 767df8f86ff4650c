#include "demo_play.hpp"

#include "config_effects.hpp"
#include "demo_show.hpp"
#include <hawser/base/quantity.hpp>

#include <algorithm>

namespace hawser::tools {
namespace {

using namespace std::chrono_literals;

constexpr Duration moment = 100ms;

// What the waiting takes that cannot be hurried, and what the looking around takes at pace 1: of the two stories.
constexpr double seconds_of_waiting = 17;
constexpr double seconds_of_looking = 11;
constexpr double seconds_of_waiting_cut = 9;
constexpr double seconds_of_looking_cut = 6.5;

std::string whole_rate(double rate) { return std::to_string(static_cast<int>(rate)); }

}  // namespace

std::vector<std::string> demo_nodes(const DemoOptions& options) {
  std::vector<std::string> nodes;
  for (std::size_t number = 1; number <= options.nodes; ++number) nodes.push_back("n" + std::to_string(number));
  return nodes;
}

StoryPlan demo_plan(const DemoOptions& options) {
  const double waiting = options.partition ? seconds_of_waiting_cut : seconds_of_waiting;
  const double looking = options.partition ? seconds_of_looking_cut : seconds_of_looking;
  return {demo_nodes(options), std::max(0.0, (options.seconds - waiting) / looking), options.partition};
}

Config demo_config(const std::string& id) {
  Config config;
  config.cluster = "demo";
  config.id = id;
  config.ttl = 3s;
  config.drain = 3s;
  config.detector.heartbeat = 150ms;
  config.detector.acceptable_pause = 450ms;
  // Far enough apart that suspicion can be seen before conviction.
  config.detector.suspect = 3;
  config.detector.unreachable = 10;
  config.reconnect.stable_after = 1s;
  config.reconnect.handshake_timeout = 1s;
  config.breaker.slow_limit = 1s;
  config.types["Blob"].ttl = 2s;
  // Blobs wait for a peer that is away; for everything else a member that was removed is no peer to wait for.
  config.types["Blob"].ungated = true;
  config.strategy = Strategy::keep_majority;
  config.isolation.lease = 1s;
  config.isolation.stable_after = 500ms;
  return config;
}

Traffic demo_traffic() {
  Traffic traffic;
  traffic.greetings = 20;
  traffic.orders = 10;
  traffic.blobs = 4;
  traffic.blob_bytes = 32u << 10;
  return traffic;
}

std::vector<std::string> demo_settings(const Config& config, const Traffic& traffic) {
  const ConfigEffects effects = effects_of(config);
  const auto tenth = [](Duration duration) { return format_duration(Duration{duration.count() / 10'000 * 10'000}); };
  return {
      "Settings, shorter than the defaults so that there is less to wait for:",
      "  heartbeat " + format_duration(config.detector.heartbeat) + ", so a silent peer is suspect after " +
          tenth(effects.suspect_after) + " and unreachable after " + tenth(effects.unreachable_after),
      "  dials drawn below " + format_duration(effects.backoff.front()) + ", doubling to " +
          format_duration(effects.silent_cap) + "; TTL " + format_duration(config.ttl) + ", of blobs " +
          format_duration(*config.types.at("Blob").ttl) + ", which they spend waiting for a peer that is away",
      "  who may act is decided by the majority: a node that it does not answer acts no more after " +
          format_duration(config.isolation.lease) + " (the lease), and may be replaced",
      "  each node sends to each other " + whole_rate(traffic.greetings) + " greetings, " + whole_rate(traffic.orders) +
          " orders and " + whole_rate(traffic.blobs) + " blobs of " + format_size(traffic.blob_bytes) + " a second",
  };
}

bool play(Theatre& theatre, Story& story, Stage& stage, Terminal& terminal, bool quiet, bool live) {
  while (!story.over() && theatre.trouble().empty()) {
    const Duration now = theatre.now();
    const Story::Turn turn = story.advance(now, stage);
    for (const Note& note : turn.notes) {
      if (!quiet) terminal.line(note_line(note, terminal));
    }
    if (turn.act.kind != ActKind::none) theatre.act(turn.act, stage);
    if (story.over()) break;
    if (live) terminal.live(demo_frame(stage, story, now, terminal));
    theatre.wait(moment, stage);
  }
  if (live) {
    terminal.live(demo_frame(stage, story, theatre.now(), terminal));
    terminal.end_live();
  }
  return story.succeeded();
}

}  // namespace hawser::tools
