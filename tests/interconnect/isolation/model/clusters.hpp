// The clusters that tests put under hardship.
#pragma once

#include "interconnect/isolation/model/model.hpp"

#include <string>

namespace hawser::model {

inline CoterieConfig cluster_of(std::size_t n, Strategy strategy = Strategy::keep_majority) {
  CoterieConfig config;
  config.strategy = strategy;
  for (std::size_t i = 0; i < n; ++i) config.members.push_back({NodeId{"n" + std::to_string(i)}, 1, {}});
  if (strategy == Strategy::static_quorum) config.quorum = static_cast<std::uint32_t>(n / 2 + 1);
  if (strategy == Strategy::referee) config.referee = config.members[n / 2].id;
  return config;
}

inline ModelConfig model_of(std::size_t n, Strategy strategy, bool durable, std::uint64_t seed) {
  ModelConfig config;
  config.coterie = cluster_of(n, strategy);
  config.durable = durable;
  config.seed = seed;
  return config;
}

// Stability far below the lease: a long one would hide waits that are missing.
inline ModelConfig hasty(ModelConfig config) {
  config.settings.heartbeat = Duration{50'000};
  config.settings.lease = Duration{2'000'000};
  config.settings.stable_after = Duration{100'000};
  config.hardship.faults_max = 15;
  config.hardship.late_ppm_max = 100'000;
  return config;
}

}  // namespace hawser::model
