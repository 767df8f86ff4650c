#include <hawser/resilience/pipeline_core.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace hawser {
namespace {

using Kind = PipelineStep::Kind;

PipelineCause cause_of(ShedReason reason) noexcept {
  return static_cast<PipelineCause>(static_cast<std::uint8_t>(PipelineCause::shed_queue_full) +
                                    static_cast<std::uint8_t>(reason));
}

PipelineCause cause_of(BulkheadRefusal refusal) noexcept {
  return static_cast<PipelineCause>(static_cast<std::uint8_t>(PipelineCause::bulkhead_full) +
                                    static_cast<std::uint8_t>(refusal));
}

PipelineCause cause_of(CascadeAnswer answer) noexcept {
  return static_cast<PipelineCause>(static_cast<std::uint8_t>(PipelineCause::cascade_optional) +
                                    static_cast<std::uint8_t>(answer) - 1);
}

std::pair<PipelineStage, PipelineCause> end_of(AttemptEnd end) noexcept {
  switch (end) {
    case AttemptEnd::success:
      return {PipelineStage::operation, PipelineCause::answered};
    case AttemptEnd::failure:
      return {PipelineStage::operation, PipelineCause::failed};
    case AttemptEnd::timeout:
      return {PipelineStage::timeout, PipelineCause::timed_out};
    case AttemptEnd::overloaded:
      return {PipelineStage::operation, PipelineCause::overloaded};
    case AttemptEnd::ignored:
      break;
  }
  return {PipelineStage::operation, PipelineCause::ignored};
}

}  // namespace

PipelineCore::PipelineCore(const PipelineConfig& config, std::uint64_t seed, Instant now,
                           RetryPolicy::Predicate retriable)
    : config_(config) {
  HAWSER_ASSERT(problems_of(config).empty(), "a pipeline's configuration is coherent");
  Random seeds{seed};
  if (config.cascade) cascade_.emplace(*config.cascade, now);
  if (config.rate) rate_.emplace(*config.rate, now);
  if (config.adaptive_rate) adaptive_rate_.emplace(*config.adaptive_rate, now);
  if (config.shedder) shedder_.emplace(*config.shedder, now);
  if (config.breaker) breaker_.emplace(*config.breaker, seeds.next(), now);
  if (config.bulkhead) bulkhead_.emplace(*config.bulkhead);
  if (config.timeout) timeouts_.emplace(*config.timeout);
  if (config.retry) retry_.emplace(*config.retry, seeds.next(), now, std::move(retriable));
}

void PipelineCore::begin(PipelineCall& call, Instant now) {
  HAWSER_ASSERT(call.phase_ == Phase::fresh && call.began_ == Instant{}, "a call begins once");
  call.began_ = now;
  call.deadline_ = std::min(call.options_.deadline, later(now, config_.deadline));
  metrics_.submitted();
}

// Gives back what the call holds. Who waited for it is served by settle().
void PipelineCore::close(PipelineCall& call, PipelineStage stage, PipelineCause cause, Instant now) {
  call.stage_ = stage;
  call.cause_ = cause;
  call.phase_ = Phase::ended;
  if (call.retry_paid_ && retry_) retry_->refund();
  call.retry_paid_ = false;
  if (call.bulkhead_permit_) bulkhead_->release(*call.bulkhead_permit_);
  call.bulkhead_permit_.reset();
  if (std::exchange(call.in_shedder_, false)) {
    if (call.service_known_) {
      shedder_->finished(now, call.service_took_, call.overloaded_);
    } else {
      shedder_->gone();
    }
  }
}

PipelineStep PipelineCore::end(PipelineCall& call, PipelineStage stage, PipelineCause cause, Instant now) {
  close(call, stage, cause, now);
  settle(now);
  return {Kind::done, now};
}

void PipelineCore::refuse_write(PipelineCall& call) {
  call.stage_ = PipelineStage::shedder;
  call.cause_ = PipelineCause::read_only;
  call.phase_ = Phase::ended;
}

PipelineStep PipelineCore::enter(PipelineCall& call, Instant now) {
  const CallOptions& options = call.options_;
  if (cascade_) {
    const CascadeAnswer answer = cascade_->admit(options.priority, options.optional);
    if (answer != CascadeAnswer::pass) return end(call, PipelineStage::shedder, cause_of(answer), now);
  }
  if ((rate_ && !rate_->try_take(now)) || (adaptive_rate_ && !adaptive_rate_->try_take(now))) {
    call.retry_after_ = rate_ ? rate_->wait(now) : adaptive_rate_->wait(now);
    return end(call, PipelineStage::shedder, PipelineCause::rate_limited, now);
  }
  if (!shedder_) {
    call.phase_ = Phase::asking;
    return ask(call, now);
  }
  const ShedAnswer answer = shedder_->offer({options.priority, call.deadline_, &call}, now);
  if (answer.rejection) {
    shed(call, *answer.rejection, now);
    return {Kind::done, now};
  }
  if (answer.admitted) {
    call.in_shedder_ = true;
    call.phase_ = Phase::asking;
    return ask(call, now);
  }
  call.ticket_ = answer.ticket;
  call.phase_ = Phase::at_shedder;
  metrics_.waited();
  settle(now);
  return {Kind::wait, call.deadline_};
}

void PipelineCore::shed(PipelineCall& call, const ShedRejection& rejection, Instant now) {
  call.retry_after_ = rejection.retry_after;
  call.level_ = rejection.level;
  end(call, PipelineStage::shedder, cause_of(rejection.reason), now);
}

bool PipelineCore::pass_breaker(PipelineCall& call, Instant now) {
  if (!breaker_) return true;
  call.breaker_permit_ = breaker_->try_acquire(now);
  return call.breaker_permit_.has_value();
}

Instant PipelineCore::breaker_retry_at(Instant now) const noexcept {
  if (!breaker_ || breaker_->mode() == BreakerMode::observe_only || breaker_->admits(now)) return Instant{};
  return breaker_->retry_at();
}

PipelineStep PipelineCore::ask(PipelineCall& call, Instant now) {
  if (now >= call.deadline_) return end(call, PipelineStage::timeout, PipelineCause::deadline, now);
  const auto refuse = [&] {
    call.retry_after_ = until(now, breaker_retry_at(now));
    return end(call, PipelineStage::breaker, PipelineCause::breaker_open, now);
  };
  if (!pass_breaker(call, now)) return refuse();
  if (!bulkhead_ || call.bulkhead_permit_) return start(call, now);

  const BulkheadAnswer answer = bulkhead_->acquire(call.options_.group, now, call.deadline_, &call);
  if (answer.permit) {
    call.bulkhead_permit_ = answer.permit;
    return start(call, now);
  }
  // It does not run now: the breaker hears of it as if it had never been asked.
  if (call.breaker_permit_) breaker_->record(*call.breaker_permit_, now, Verdict::neutral, Duration::zero());
  call.breaker_permit_.reset();
  if (answer.refusal) return end(call, PipelineStage::bulkhead, cause_of(*answer.refusal), now);
  call.ticket_ = answer.ticket;
  call.phase_ = Phase::at_bulkhead;
  metrics_.waited();
  return {Kind::wait, answer.until};
}

PipelineStep PipelineCore::start(PipelineCall& call, Instant now) {
  if (retry_ && !call.retry_) call.retry_ = retry_->begin();
  ++call.attempts_;
  call.retry_paid_ = false;
  call.phase_ = Phase::running;
  call.attempt_began_ = now;
  const Duration timeout = timeouts_ ? timeouts_->timeout(call.options_.operation, now) : forever;
  call.attempt_deadline_ = std::min(later(now, timeout), call.deadline_);
  return {Kind::run, call.attempt_deadline_};
}

PipelineStep PipelineCore::step(PipelineCall& call, Instant now) {
  settle(now);
  switch (call.phase_) {
    case Phase::fresh:
      return enter(call, now);
    case Phase::asking:
      return ask(call, now);
    case Phase::at_shedder:
      return {Kind::wait, call.deadline_};
    case Phase::at_bulkhead:
      return {Kind::wait, std::min(bulkhead_->next_wake(), call.deadline_)};
    case Phase::backing_off:
      if (now < call.wake_at_) return {Kind::wait, call.wake_at_};
      call.phase_ = Phase::asking;
      return ask(call, now);
    case Phase::running:
      HAWSER_ASSERT(false, "a running call is stepped after its attempt has ended");
      break;
    case Phase::ended:
      break;
  }
  return {Kind::done, now};
}

void PipelineCore::inform(PipelineCall& call, AttemptEnd end, Duration took, Instant now) {
  const bool troubled = end == AttemptEnd::timeout || end == AttemptEnd::overloaded;
  if (call.breaker_permit_) {
    const Verdict verdict = end == AttemptEnd::success                                 ? Verdict::success
                            : end == AttemptEnd::failure || end == AttemptEnd::timeout ? Verdict::failure
                                                                                       : Verdict::neutral;
    breaker_->record(*call.breaker_permit_, now, verdict, took);
    call.breaker_permit_.reset();
  }
  if (timeouts_ && end == AttemptEnd::success) {
    timeouts_->answered(call.options_.operation, now, took, call.attempts_ > 1);
  } else if (timeouts_ && end == AttemptEnd::timeout) {
    timeouts_->timed_out(call.options_.operation, now, took);
  }
  if (adaptive_rate_ && end != AttemptEnd::ignored) adaptive_rate_->record(now, troubled);
  // A fast failure says nothing about how long service takes.
  if (end == AttemptEnd::success || troubled) {
    call.service_known_ = true;
    call.service_took_ = took;
    call.overloaded_ = troubled;
  }
}

void PipelineCore::attempt_ended(PipelineCall& call, AttemptResult result, Instant now) {
  HAWSER_ASSERT(call.phase_ == Phase::running, "an attempt that ends was running");
  const Duration took = now > call.attempt_began_ ? now - call.attempt_began_ : Duration::zero();
  const bool over = call.attempt_deadline_ != never && now > call.attempt_deadline_;
  const bool late = over && result.end == AttemptEnd::success && !mutant(Mutant::late_counted_good);
  AttemptResult counted = result;
  if (over && (late || result.end == AttemptEnd::failure)) counted.end = AttemptEnd::timeout;
  if (counted.end == AttemptEnd::timeout) counted.repeatable = call.options_.idempotent;
  metrics_.attempt(counted.end, took);
  if (late) metrics_.late(took);
  inform(call, counted.end, took, now);
  if (call.bulkhead_permit_ && !mutant(Mutant::place_kept_in_backoff)) {
    bulkhead_->release(*call.bulkhead_permit_);
    call.bulkhead_permit_.reset();
  }
  if (late) {
    end(call, PipelineStage::operation, PipelineCause::late, now);
  } else {
    decide(call, counted, now);
  }
  settle(now);
}

void PipelineCore::decide(PipelineCall& call, const AttemptResult& result, Instant now) {
  auto [stage, cause] = end_of(result.end);
  if (result.push_back) call.retry_after_ = std::max(*result.push_back, Duration::zero());
  if (result.end == AttemptEnd::success || !retry_) {
    end(call, stage, cause, now);
    return;
  }
  const RetryDecision decision =
      retry_->after(*call.retry_, result, call.attempt_began_, now, call.deadline_, breaker_retry_at(now));
  metrics_.retry_decided(decision.stop);
  switch (decision.stop) {
    case RetryStop::none:
      call.phase_ = Phase::backing_off;
      call.wake_at_ = decision.at;
      call.retry_paid_ = retry_->config().budgeted;
      return;
    case RetryStop::attempts_spent:
      if (call.attempts_ > 1) std::tie(stage, cause) = std::pair{PipelineStage::retry, PipelineCause::retries_spent};
      break;
    case RetryStop::budget_empty:
      std::tie(stage, cause) = std::pair{PipelineStage::retry, PipelineCause::retry_budget};
      break;
    case RetryStop::breaker_open:
      call.retry_after_ = until(now, breaker_retry_at(now));
      std::tie(stage, cause) = std::pair{PipelineStage::breaker, PipelineCause::breaker_open};
      break;
    case RetryStop::deadline:
      std::tie(stage, cause) = std::pair{PipelineStage::timeout, PipelineCause::deadline};
      break;
    default:
      break;
  }
  end(call, stage, cause, now);
}

void PipelineCore::abandon(PipelineCall& call, Instant now) {
  if (call.phase_ == Phase::at_shedder) shedder_->cancel(call.ticket_);
  if (call.phase_ == Phase::at_bulkhead) bulkhead_->cancel(call.ticket_);
  if (call.phase_ != Phase::ended) end(call, PipelineStage::operation, PipelineCause::ignored, now);
}

void PipelineCore::woken(PipelineCall& call) {
  woken_ = true;
  if (call.wake) std::exchange(call.wake, {})();
}

// Whoever waited and is due: marked as such, and woken.
void PipelineCore::settle(Instant now) {
  // The bulkhead first: whose wait for a place has ended leaves the intake, too.
  while (bulkhead_) {
    const auto event = bulkhead_->poll(now);
    if (!event) break;
    auto& call = *static_cast<PipelineCall*>(event->owner);
    call.phase_ = Phase::asking;
    call.bulkhead_permit_ = event->permit;
    if (!event->permit) close(call, PipelineStage::bulkhead, PipelineCause::bulkhead_wait_expired, now);
    woken(call);
  }
  while (shedder_) {
    const auto event = shedder_->poll(now);
    if (!event) break;
    auto& call = *static_cast<PipelineCall*>(event->owner);
    if (event->rejection) {
      call.retry_after_ = event->rejection->retry_after;
      call.level_ = event->rejection->level;
      call.stage_ = PipelineStage::shedder;
      call.cause_ = cause_of(event->rejection->reason);
      call.phase_ = Phase::ended;
    } else {
      call.in_shedder_ = true;
      call.phase_ = Phase::asking;
    }
    woken(call);
  }
}

bool PipelineCore::take_woken() noexcept { return std::exchange(woken_, false); }

void PipelineCore::update_pressure(const PressureSignals& signals, Instant now) {
  if (!cascade_) return;
  cascade_->update(signals, now);
  const std::uint32_t share = cascade_->concurrency_permille();
  if (shedder_) shedder_->set_share(share);
  if (bulkhead_) bulkhead_->set_capacity(config_.bulkhead->capacity * share / 1000);
  settle(now);
}

void PipelineCore::set_pressure(std::uint32_t permille) noexcept {
  if (shedder_) shedder_->set_pressure(permille);
}

ResilienceSnapshot PipelineCore::snapshot(Instant now) const {
  ResilienceSnapshot all = metrics_.snapshot();
  if (breaker_) {
    all.breaker = breaker_->state(now);
    all.breaker_cause = breaker_->reason().cause;
    all.breaker_transitions = breaker_->transitions();
    all.breaker_opened = breaker_->opened();
    all.breaker_refusals = breaker_->refusals();
  }
  if (shedder_) {
    all.limit = shedder_->limit();
    all.running = shedder_->running();
    all.waiting = shedder_->waiting();
    all.shed_level = shedder_->level();
  }
  if (bulkhead_) {
    all.bulkhead_in_use = bulkhead_->in_use();
    all.bulkhead_refusals = bulkhead_->refusals();
  }
  if (cascade_) {
    all.pressure = cascade_->pressure();
    all.cascade = cascade_->level();
    all.cascade_transitions = cascade_->transitions();
  }
  if (rate_) all.rate = rate_->rate();
  if (adaptive_rate_) all.rate = adaptive_rate_->rate();
  if (retry_) all.retry_millitokens = retry_->budget().millitokens();
  return all;
}

}  // namespace hawser
