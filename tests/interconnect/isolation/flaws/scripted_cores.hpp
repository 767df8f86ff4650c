// Whole cores in a story told step by step: who hears whom is said by the story, and pulses arrive at once.
#pragma once

#include <hawser/interconnect/isolation/isolation.hpp>
#include "interconnect/isolation/model/clusters.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace hawser {

class ScriptedCores {
 public:
  static constexpr Incarnation life{1};

  // Each remembers the grant that `remembered` gives for it.
  ScriptedCores(std::size_t n, const std::function<StoredVote(Place)>& remembered,
                Duration stable_after = Duration{1'000'000})
      : passes_(n, std::vector<bool>(n, true)), told_(n), frozen_(n, false), last_(n), gates_(n) {
    settings.stable_after = stable_after;
    const Coterie coterie{model::cluster_of(n)};
    for (std::size_t i = 0; i < n; ++i) {
      gates_[i] = std::make_unique<ServingGate>();
      IsolationConfig config{coterie, settings, static_cast<Place>(i), life, false};
      cores_.push_back(std::make_unique<Isolation>(std::move(config), *gates_[i], Random{i + 1}));
    }
    for (std::size_t i = 0; i < n; ++i) cores_[i]->start(remembered(static_cast<Place>(i)), {}, now);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        if (i != j) link(static_cast<Place>(i), static_cast<Place>(j), true);
      }
    }
  }

  // What `from` says reaches `to`, or does not; the detector of neither has noticed.
  void pass(Place from, Place to, bool yes) { passes_[from][to] = yes; }
  void mute(Place from, bool yes) {
    for (std::size_t to = 0; to < cores_.size(); ++to) passes_[from][to] = !yes;
  }
  // It does nothing and hears nothing.
  void freeze(Place place, bool yes) { frozen_[place] = yes; }
  // Something that was said before comes again, or late.
  void say(Place from, Place to, const Pulse& pulse) {
    cores_[to]->hear(from, pulse, now);
    pump();
  }
  // What it said last to all others.
  const std::optional<Pulse>& last_pulse(Place place) const { return last_[place]; }
  // What the detector of `at` says of `peer`.
  void link(Place at, Place peer, bool up) {
    cores_[at]->link(peer, life, up, now);
    pump();
  }
  void run(Duration span) {
    run_until([] { return false; }, span);
  }
  bool run_until(const std::function<bool()>& reached, Duration span) {
    const Instant end = now + span;
    while (now < end) {
      if (reached()) return true;
      now += settings.heartbeat / 8;
      for (std::size_t i = 0; i < cores_.size(); ++i) {
        if (!frozen_[i]) cores_[i]->tick(now);
      }
      pump();
    }
    return reached();
  }

  const Isolation& core(Place place) const { return *cores_[place]; }
  bool serves(Place place) const { return gates_[place]->serving(now); }
  const std::vector<ViewChange>& told(Place place) const { return told_[place]; }

  // Asked of everything that passes, and may change it; empty: all passes.
  std::function<bool(Place to, Pulse& pulse)> lets;
  IsolationSettings settings;
  Instant now = instant_from_us(50'000'000);

 private:
  struct Way {
    Place from;
    Place to;
    Pulse pulse;
  };

  void take(Place place) {
    IsolationOutput output = cores_[place]->take();
    for (const PulseSending& sending : output.sendings) {
      if (sending.pulse.sequence != 0) last_[place] = sending.pulse;
      for (const Place to : sending.to) {
        Way way{place, to, sending.pulse};
        if (passes_[place][to] && (!lets || lets(to, way.pulse))) ways_.push_back(std::move(way));
      }
    }
    if (output.views.empty() && output.stances.empty()) return;
    told_[place].insert(told_[place].end(), output.views.begin(), output.views.end());
    cores_[place]->told(now);
  }
  void pump() {
    for (std::size_t i = 0; i < cores_.size(); ++i) take(static_cast<Place>(i));
    while (!ways_.empty()) {
      const Way way = std::move(ways_.front());
      ways_.pop_front();
      if (frozen_[way.to]) continue;
      cores_[way.to]->hear(way.from, way.pulse, now);
      take(way.to);
    }
  }

  std::vector<std::vector<bool>> passes_;
  std::vector<std::vector<ViewChange>> told_;
  std::vector<bool> frozen_;
  std::vector<std::optional<Pulse>> last_;
  std::vector<std::unique_ptr<ServingGate>> gates_;
  std::vector<std::unique_ptr<Isolation>> cores_;
  std::deque<Way> ways_;
};

}  // namespace hawser
