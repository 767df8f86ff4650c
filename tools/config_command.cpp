#include "config_command.hpp"

#include "config_effects.hpp"
#include "config_text.hpp"
#include "exit_code.hpp"
#include <hawser/base/quantity.hpp>
#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/config_keys.hpp>
#include "terminal.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>

namespace hawser::tools {
namespace {

std::string rounded(Duration duration) {
  // Three figures are all that such a time is good for.
  Duration::rep step = 1;
  while (duration.count() / step >= 1000) step *= 10;
  return format_duration(Duration{(duration.count() + step / 2) / step * step});
}

std::string one_decimal(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", number);
  return text.data();
}

std::string schedule(const ConfigEffects& effects) {
  std::string text;
  for (const Duration ceiling : effects.backoff) text += (text.empty() ? "" : ", ") + rounded(ceiling);
  return text;
}

std::vector<std::pair<std::string, std::string>> amounts(const Config& config) {
  const ConfigEffects effects = effects_of(config);
  const std::string peers = std::to_string(config.peers.size());
  const auto size = [](std::size_t bytes) { return format_size(bytes); };
  return {
      {"node", config.id.text() + " of cluster " + config.cluster + ", listening on " + config.listen.text()},
      {"peers", peers + (config.peers.empty() ? "" : ": ") +
                    [&] {
                      std::string names;
                      for (const PeerConfig& peer : config.peers) names += (names.empty() ? "" : ", ") + peer.id.text();
                      return cut(names, 70);
                    }()},
      {"detection", "suspect after " + rounded(effects.suspect_after) + " of silence, unreachable after " +
                        rounded(effects.unreachable_after) + " (heartbeat " +
                        format_duration(config.detector.heartbeat) + " + pause " +
                        format_duration(config.detector.acceptable_pause) + " + " +
                        one_decimal(deviations_at(config.detector.unreachable)) + " x deviation, at least " +
                        rounded(effects.deviation) + ")"},
      {"first contact",
       "a peer never heard counts as unreachable after " + format_duration(config.detector.never_heard_hold)},
      {"dialling", "delays drawn below " + schedule(effects) + "; a silent peer is asked at least every " +
                       format_duration(effects.silent_cap) + " (min(60 s, max(1 s, " + peers + " peers x 50 ms)))"},
      {"", "after a refusal or failed handshake up to " + format_duration(config.reconnect.cap) +
               "; with every peer away at most " + one_decimal(effects.dials_per_second) + " dials a second"},
      {"breakers", "open after " + std::to_string(config.breaker.consecutive_failures) + " failures in a row or " +
                       std::to_string(config.breaker.failure_percent) + " % of at least " +
                       std::to_string(config.breaker.calls_min) + " calls in " +
                       format_duration(config.breaker.window) + "; probe after " +
                       format_duration(config.breaker.open_for) + ", then up to " +
                       format_duration(config.breaker.open_max)},
      {"messages", "live " + format_duration(config.ttl) + " unless they say otherwise, at most " +
                       size(config.bounds.message_bytes_max) + " each; " + std::to_string(effects.messages_in_share) +
                       " of that size fit a peer's reserve"},
      {"memory", "at most " + size(effects.memory_max) + " for messages held (" + size(config.bounds.node_bytes) +
                     " each way); one peer " + size(config.bounds.peer_bytes) + " each way, one channel " +
                     size(config.bounds.channel_bytes) + " of its own"},
      {"stopping", "waits up to " + format_duration(config.drain) + " for what is held"},
      {"restart", config.state_dir.empty() ? "nothing survives one (state_dir is empty)"
                                           : "state is kept in " + printable(config.state_dir)},
      {"generation", hexadecimal(config.generation_digest()) + ", the same on all nodes or they turn each other away"},
  };
}

// Reads the file or says everything that is wrong with it.
bool load(const std::string& file, Config& config) {
  try {
    config = Config::load(file);
    return true;
  } catch (const ConfigError& error) {
    for (const std::string& problem : error.problems()) std::fprintf(stderr, "%s\n", problem.c_str());
    return false;
  }
}

}  // namespace

int config_check(const ConfigCheckOptions& options) {
  Config config;
  if (!load(options.file, config)) return exit_usage;
  Terminal terminal;
  terminal.line(terminal.styled(printable(options.file) + " can be used", Style::good));
  constexpr std::size_t label = 15;
  for (const auto& [what, text] : amounts(config)) {
    bool first = true;
    for (const std::string& part : wrap(text, std::max<std::size_t>(terminal.width(), 60) - label - 2)) {
      terminal.line("  " + terminal.styled(pad(first ? what : "", label), Style::dim) + part);
      first = false;
    }
  }
  for (const std::string& warning : config.warnings()) {
    terminal.line(terminal.styled("warning: ", Style::warn) + printable(warning));
  }
  return exit_fine;
}

int config_show(const ConfigShowOptions& options) {
  if (options.markdown) {
    std::fputs(config_reference_markdown().c_str(), stdout);
    return exit_fine;
  }
  Config config;
  if (!options.file.empty() && !load(options.file, config)) return exit_usage;
  Terminal terminal;
  for (const std::string& line : config_page(options.file.empty() ? nullptr : &config, terminal)) terminal.line(line);
  return exit_fine;
}

int config_init(const ConfigInitOptions& options) {
  // The words of the command line go through the same reader as a file would.
  std::string text = "cluster = \"" + options.cluster + "\"\nid = \"" + options.id + "\"\nlisten = \"" +
                     options.listen + "\"\n[peers]\n";
  for (const std::string& peer : options.peers) {
    const std::size_t equals = peer.find('=');
    if (equals == std::string::npos || peer.find_first_of("\"\\\n") != std::string::npos) {
      std::fprintf(stderr, "hawser: --peer '%s' is not of the form n2=127.0.0.1:7002\n", printable(peer).c_str());
      return exit_usage;
    }
    text += '"' + peer.substr(0, equals) + "\" = \"" + peer.substr(equals + 1) + "\"\n";
  }
  Config config;
  try {
    config = Config::parse(text, "the options");
  } catch (const ConfigError& error) {
    for (const std::string& problem : error.problems()) {
      // Without the place in a text that the user has not written.
      std::fprintf(stderr, "hawser: %s\n", problem.substr(problem.find(": ") + 2).c_str());
    }
    return exit_usage;
  }
  const std::string page = config_template(config);
  if (options.out.empty()) {
    std::fputs(page.c_str(), stdout);
    return exit_fine;
  }
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(options.out.c_str(), "wx"), &std::fclose};
  if (!file || std::fputs(page.c_str(), file.get()) < 0) {
    std::fprintf(stderr, "hawser: %s cannot be written: it exists, or its directory does not\n",
                 printable(options.out).c_str());
    return exit_unhealthy;
  }
  std::fprintf(stderr, "wrote %s\n", printable(options.out).c_str());
  return exit_fine;
}

}  // namespace hawser::tools
