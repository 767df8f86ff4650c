// How many retries may be sent for how many first attempts, so that retries never keep an overload alive.
//
// Each first attempt deposits a share of a token, each retry takes a whole one; a small floor per second lets a quiet
// caller retry at all. In the model of a server that stalled for ten seconds at 80 % load, unbudgeted retries never let
// it recover; a budget of 10 % does. After Finagle's RetryBudget, in fixed point: floats lose a token in ten deposits
// of a tenth. Invariant: retries <= tokens saved + share x attempts + floor x (time + 1 s) + refunds, over any span.
// Not thread safe.
#pragma once

#include <hawser/base/time.hpp>

#include <cstdint>

namespace hawser {

struct RetryBudgetConfig {
  std::uint32_t share_permille = 100;  // of a token, per first attempt; 0 .. 1000
  std::uint32_t tokens_max = 100;      // saved up from attempts at most; 1 ..
  std::uint32_t tokens_initial = 10;   // at the start; 0 .. tokens_max
  std::uint32_t floor_per_second = 1;  // granted by time alone, at most one second's worth saved; 0 switches it off
};

class RetryBudget {
 public:
  // REQUIRES: the ranges above.
  RetryBudget(const RetryBudgetConfig& config, Instant now);

  // A first attempt was sent.
  void deposit() noexcept;
  // May a retry be sent now? Takes its token when it may.
  bool withdraw(Instant now) noexcept;
  // Gives a token back: the retry was refused locally and never left. Never above tokens_max.
  void refund() noexcept;
  // Would withdraw succeed?
  bool available(Instant now) const noexcept;

  // Saved up by attempts, in thousandths of a token.
  std::uint64_t millitokens() const noexcept { return millitokens_; }
  std::uint64_t granted() const noexcept { return granted_; }
  std::uint64_t denied() const noexcept { return denied_; }

 private:
  std::uint64_t floor_at(Instant now) const noexcept;

  RetryBudgetConfig config_;
  std::uint64_t millitokens_;
  std::uint64_t floor_microtokens_;  // as of floor_since_: a token per second is one of these per microsecond
  Instant floor_since_;
  std::uint64_t granted_ = 0;
  std::uint64_t denied_ = 0;
};

}  // namespace hawser
