#include <hawser/resilience/backoff.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/base/wide.hpp>

#include <algorithm>
#include <limits>

namespace hawser {

Backoff::Backoff(const BackoffConfig& config) : config_(config), grown_(config.base), last_(config.base) {
  HAWSER_ASSERT(config.base >= Duration::zero(), "a backoff base is not negative");
  HAWSER_ASSERT(config.cap >= Duration::zero(), "a backoff cap is not negative");
  HAWSER_ASSERT(config.factor_permille >= 1000, "a backoff never shrinks by itself");
}

Duration Backoff::next(Random& random) {
  const Duration high = ceiling();
  Duration delay = high;
  switch (config_.jitter) {
    case Jitter::none:
      break;
    case Jitter::full:
      delay = mutant(Mutant::backoff_without_jitter) ? high : random.between(Duration::zero(), high);
      break;
    case Jitter::equal:
      delay = random.between(high / 2, high);
      break;
    case Jitter::decorrelated: {
      const Duration tripled{scale_permille(last_.count(), 3000)};
      const Duration top = std::min(high, std::max(tripled, config_.base));
      delay = random.between(std::min(config_.base, top), top);
      break;
    }
  }
  last_ = delay;
  const Duration larger{scale_permille(grown_.count(), config_.factor_permille)};
  if (!mutant(Mutant::backoff_never_grows)) grown_ = std::min(larger, std::max(config_.cap, config_.base));
  if (attempts_ < std::numeric_limits<unsigned>::max()) ++attempts_;
  return delay;
}

void Backoff::reset() noexcept {
  grown_ = last_ = config_.base;
  attempts_ = 0;
}

Duration Backoff::ceiling() const noexcept { return std::min(grown_, config_.cap); }

void Backoff::set_cap(Duration cap) {
  HAWSER_ASSERT(cap >= Duration::zero(), "a backoff cap is not negative");
  config_.cap = cap;
}

}  // namespace hawser
