// The two clients whose retries end a stall or keep it for ever: the same on virtual time and over real sockets.
#pragma once

#include <hawser/resilience/pipeline.hpp>

#include <chrono>

namespace hawser::model {

// A timeout of one second and four attempts with jittered backoff, as they are written every day.
inline PipelineConfig naive_client() {
  PipelineConfig config;
  TimeoutConfig timeout;
  timeout.initial = timeout.timeout_min = timeout.timeout_max = std::chrono::seconds{1};
  config.timeout = timeout;
  config.retry.emplace();
  config.retry->attempts_max = 4;
  config.retry->budgeted = false;
  return config;
}

inline PipelineConfig default_client() {
  PipelineConfig config;
  config.breaker.emplace();
  config.timeout.emplace();
  config.retry.emplace();
  config.retry->attempts_max = 4;
  return config;
}

}  // namespace hawser::model
