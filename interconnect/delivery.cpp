#include <hawser/interconnect/delivery.hpp>

#include <hawser/interconnect/runtime.hpp>

#include <utility>

namespace hawser {
namespace {

thread_local const Delivery* current = nullptr;

}  // namespace

void Cancellation::request() const noexcept {
  if (state_ == nullptr) return;
  std::stop_source source{std::nostopstate};
  {
    const std::lock_guard lock{state_->mutex};
    state_->requested.store(true, std::memory_order_relaxed);
    source = state_->source;
  }
  source.request_stop();  // calls back, so not under the lock
}

std::stop_token Cancellation::token() const {
  if (state_ == nullptr) return {};
  const std::lock_guard lock{state_->mutex};
  if (!state_->source.stop_possible()) {
    state_->source = std::stop_source{};
    if (requested()) state_->source.request_stop();
  }
  return state_->source.get_token();
}

Duration Delivery::remaining() const noexcept { return clock == nullptr ? forever : until(clock->now(), deadline); }

const Delivery* working_for() noexcept { return current; }

WorkingFor::WorkingFor() noexcept : before_(std::exchange(current, nullptr)) {}
// A plain message has no deadline to pass on, and inherits none from whoever called its handler.
WorkingFor::WorkingFor(const Delivery& work) noexcept
    : before_(std::exchange(current, work.request ? &work : nullptr)) {}
WorkingFor::~WorkingFor() { current = before_; }

}  // namespace hawser
