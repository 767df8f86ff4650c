#include <hawser/resilience/resilience_metrics.hpp>

#include <catch2/catch.hpp>

#include <set>
#include <sstream>
#include <string>

using namespace std::chrono_literals;
using namespace hawser;

TEST_CASE("the books balance at every step, and a snapshot is a value that later events leave alone") {
  ResilienceMetrics metrics;
  metrics.submitted();
  metrics.submitted();
  metrics.attempt(AttemptEnd::success, 10ms);
  metrics.attempt(AttemptEnd::timeout, 1s);
  metrics.ended(PipelineStage::operation, PipelineCause::answered);
  const ResilienceSnapshot before = metrics.snapshot();
  CHECK(before.submitted == 2);
  CHECK(before.under_way == 1);
  CHECK(before.timeouts == 1);
  CHECK(before.p99 == 10ms);
  metrics.retry_decided(RetryStop::none);
  metrics.fallback(true, true);
  metrics.ended(PipelineStage::fallback, PipelineCause::breaker_open);
  const ResilienceSnapshot after = metrics.snapshot();
  CHECK(before.under_way == 1);
  CHECK(after != before);
  CHECK(after.under_way == 0);
  CHECK(after.count(PipelineStage::fallback) == 1);
  CHECK(after.rejections() == 1);
  CHECK(after.retries == 1);
  CHECK(after.fallback_cached == 1);
  std::ostringstream text;
  text << after;
  CHECK(text.str().find("1 breaker_open") != std::string::npos);
}

TEST_CASE("every cause, stage, stop and end has a name of its own") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < pipeline_causes; ++i) names.insert(to_string(static_cast<PipelineCause>(i)));
  CHECK(names.size() == pipeline_causes);
  names.clear();
  for (std::size_t i = 0; i < retry_stops; ++i) names.insert(to_string(static_cast<RetryStop>(i)));
  CHECK(names.size() == retry_stops);
  CHECK(to_string(static_cast<PipelineCause>(pipeline_causes)) == "unknown");
  CHECK(to_string(PipelineCause::bulkhead_wait_expired) == "bulkhead_wait_expired");
  CHECK(to_string(PipelineCause::shed_expired) == "shed_expired");
}
