#include <hawser/resilience/retry_budget.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>

#include <algorithm>

namespace hawser {
namespace {

constexpr std::uint64_t share_token = 1'000;      // in millitokens
constexpr std::uint64_t floor_token = 1'000'000;  // in microtokens

}  // namespace

RetryBudget::RetryBudget(const RetryBudgetConfig& config, Instant now)
    : config_(config),
      millitokens_(config.tokens_initial * share_token),
      floor_microtokens_(config.floor_per_second * floor_token),
      floor_since_(now) {
  HAWSER_ASSERT(config.share_permille <= 1000, "a retry budget's share is at most one retry per attempt");
  HAWSER_ASSERT(config.tokens_max >= 1 && config.tokens_initial <= config.tokens_max,
                "a retry budget starts within its bound");
}

void RetryBudget::deposit() noexcept {
  millitokens_ = std::min(millitokens_ + config_.share_permille, config_.tokens_max * share_token);
}

void RetryBudget::refund() noexcept {
  if (mutant(Mutant::retry_refund_lost)) return;
  millitokens_ = std::min(millitokens_ + share_token, config_.tokens_max * share_token);
}

std::uint64_t RetryBudget::floor_at(Instant now) const noexcept {
  const std::uint64_t most = config_.floor_per_second * floor_token;
  if (now <= floor_since_) return floor_microtokens_;
  // A second fills it, so longer waits need no multiplication.
  const Duration waited =
      later(floor_since_, std::chrono::seconds{1}) <= now ? std::chrono::seconds{1} : now - floor_since_;
  return std::min(most, floor_microtokens_ + static_cast<std::uint64_t>(waited.count()) * config_.floor_per_second);
}

bool RetryBudget::available(Instant now) const noexcept {
  return millitokens_ >= share_token || floor_at(now) >= floor_token;
}

bool RetryBudget::withdraw(Instant now) noexcept {
  floor_microtokens_ = floor_at(now);
  floor_since_ = std::max(floor_since_, now);
  if (millitokens_ >= share_token) {
    millitokens_ -= share_token;
  } else if (floor_microtokens_ >= floor_token) {
    floor_microtokens_ -= floor_token;
  } else {
    ++denied_;
    return false;
  }
  ++granted_;
  return true;
}

}  // namespace hawser
