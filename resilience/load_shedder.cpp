#include <hawser/resilience/load_shedder.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/base/wide.hpp>
#include <hawser/resilience/coherence.hpp>

#include <utility>

namespace hawser {
namespace {

// The median is taken over the last one to two stretches of so many calls, and looked up four times in each.
constexpr std::uint64_t stretch = 256;

template <typename T>
void remove_at(Ring<T>& ring, std::size_t place) {
  for (std::size_t i = place; i + 1 < ring.size(); ++i) ring[i] = std::move(ring[i + 1]);
  ring.pop_back();
}

}  // namespace

std::string_view to_string(ShedReason reason) noexcept {
  constexpr std::array<std::string_view, shed_reasons> names{"queue_full", "displaced", "pressure", "cannot_finish",
                                                             "expired"};
  const auto index = static_cast<std::size_t>(reason);
  return index < names.size() ? names[index] : "unknown";
}

LoadShedder::LoadShedder(const LoadShedderConfig& config, Instant now) : config_(config), limit_(config.limit, now) {
  HAWSER_ASSERT(problems_of(config).empty(), "a load shedder's configuration is coherent");
}

Duration LoadShedder::target() const noexcept {
  return std::max(config_.target_min, Duration{scale_permille(service_p50_.count(), config_.target_factor_permille)});
}

std::uint32_t LoadShedder::limit() const noexcept {
  const std::uint32_t whole = limit_.limit();
  if (share_permille_ >= 1000) return whole;
  return std::max(config_.limit.limit_min, static_cast<std::uint32_t>(std::uint64_t{whole} * share_permille_ / 1000));
}

std::uint32_t LoadShedder::pressure() const noexcept {
  if (config_.queue_max == 0) return pressure_;
  const std::uint64_t fill = waiting_ * 2000 / config_.queue_max;
  return std::max(pressure_, fill <= 1000 ? 0 : static_cast<std::uint32_t>(std::min<std::uint64_t>(fill - 1000, 1000)));
}

std::uint8_t LoadShedder::level() const noexcept {
  const std::uint32_t now = pressure();
  if (now < config_.pressure_from) return 0;
  if (now >= config_.pressure_to) return shed_priorities - 1;
  const std::uint32_t span = config_.pressure_to - config_.pressure_from;
  return static_cast<std::uint8_t>(1 + (now - config_.pressure_from) * (shed_priorities - 2) / span);
}

// Everybody of this priority or higher goes first, limit at a time.
Duration LoadShedder::expected_wait(std::uint8_t priority) const noexcept {
  std::uint64_t ahead = 0;
  for (std::size_t i = priority; i < queues_.size(); ++i) ahead += queues_[i].size();
  const std::uint64_t rounds = ahead / std::max(limit(), 1u);
  return Duration{scale_permille(service_p50_.count(), rounds * 1000)};
}

std::optional<ShedReason> LoadShedder::too_late(Instant deadline, Instant now, Duration wait) const noexcept {
  if (now >= deadline) return ShedReason::expired;
  if (later(later(now, wait), service_p50_) > deadline) return ShedReason::cannot_finish;
  return std::nullopt;
}

ShedRejection LoadShedder::reject(ShedReason reason, Instant) {
  ++rejected_[static_cast<std::size_t>(reason)];
  const Duration hint = std::clamp(expected_wait(0) + service_p50_, config_.retry_after_min, config_.retry_after_max);
  return {reason, hint, level()};
}

std::optional<ShedReason> LoadShedder::refuses(const ShedOffer& offer, Instant now) const {
  if (offer.priority < level()) return ShedReason::pressure;
  const bool at_once = running_ < limit() && waiting_ == 0;
  return too_late(offer.deadline, now, at_once ? Duration::zero() : expected_wait(offer.priority));
}

bool LoadShedder::make_room(std::uint8_t priority, Instant now) {
  if (waiting_ < config_.queue_max) return true;
  for (std::size_t i = 0; i < queues_.size() && i <= priority; ++i) {
    if (queues_[i].empty()) continue;
    // Of its own priority only when the newest goes first anyway: then the oldest would be served last.
    if (i == priority && now - queues_[i].first().since <= target()) return false;
    const Waiter out = queues_[i].take_first();
    --waiting_;
    displaced_.push_back({out.ticket, out.owner, reject(ShedReason::displaced, now), now - out.since});
    return true;
  }
  return false;
}

ShedAnswer LoadShedder::offer(const ShedOffer& offer, Instant now) {
  HAWSER_ASSERT(offer.priority < shed_priorities, "a priority is 0 .. 7");
  ShedAnswer answer;
  std::optional<ShedReason> reason = refuses(offer, now);
  if (!reason && running_ < limit() && waiting_ == 0) {
    answer.admitted = true;
  } else if (!reason && !config_.observe_only) {
    if (make_room(offer.priority, now)) {
      answer.ticket = next_ticket_++;
      queues_[offer.priority].join({answer.ticket, now, offer.deadline, offer.owner});
      ++waiting_;
    } else {
      reason = ShedReason::queue_full;
    }
  } else if (!reason) {
    reason = ShedReason::queue_full;
  }
  if (reason) {
    answer.rejection = reject(*reason, now);
    if (config_.observe_only) {
      answer.rejection.reset();
      answer.admitted = true;
    }
  }
  if (answer.admitted) {
    ++running_;
    ++admitted_;
  }
  return answer;
}

std::optional<ShedEvent> LoadShedder::poll(Instant now) {
  if (!displaced_.empty()) return displaced_.take_front();
  if (waiting_ == 0) return std::nullopt;
  for (WaitLine& queue : queues_) {
    const std::optional<ShedReason> late = too_late(queue.next_end(), now, Duration::zero());
    if (!late || mutant(Mutant::expired_work_started)) continue;
    const Waiter out = queue.take_next_to_end();
    --waiting_;
    return ShedEvent{out.ticket, out.owner, reject(*late, now), now - out.since};
  }
  if (running_ >= limit()) return std::nullopt;
  for (std::size_t i = queues_.size(); i-- > 0;) {
    WaitLine& queue = queues_[i];
    if (queue.empty()) continue;
    const bool standing = queue.size() > 1 && now - queue.first().since > target();
    const bool newest = standing && !mutant(Mutant::shedder_first_in_first_out);
    const Waiter in = newest ? queue.take_last() : queue.take_first();
    newest_first_ += newest ? 1 : 0;
    --waiting_;
    ++running_;
    ++admitted_;
    return ShedEvent{in.ticket, in.owner, std::nullopt, now - in.since};
  }
  return std::nullopt;
}

bool LoadShedder::cancel(std::uint64_t ticket) {
  for (std::size_t i = 0; i < displaced_.size(); ++i) {
    if (displaced_[i].ticket != ticket) continue;
    remove_at(displaced_, i);
    return true;
  }
  for (WaitLine& queue : queues_) {
    if (!queue.leave(ticket)) continue;
    --waiting_;
    return true;
  }
  return false;
}

void LoadShedder::learn(Duration took) {
  service_[0].record(took);
  if (++learnt_ % (stretch / 4) == 0 || learnt_ <= 16) {
    Histogram& now = service_[0];
    // The longer one knows more; a fresh stretch speaks as soon as it has a quarter.
    service_p50_ = (now.count() >= stretch / 4 || service_[1].empty() ? now : service_[1]).quantile_permille(500);
  }
  if (service_[0].count() >= stretch) {
    std::swap(service_[0], service_[1]);
    service_[0].clear();
  }
}

void LoadShedder::finished(Instant now, Duration took, bool overloaded) {
  HAWSER_ASSERT(running_ > 0, "who finishes was admitted");
  const Duration bounded = std::clamp(took, Duration::zero(), Duration{3'600'000'000});
  limit_.sample(now, bounded, running_, overloaded);
  learn(bounded);
  --running_;
}

void LoadShedder::gone() noexcept {
  HAWSER_ASSERT(running_ > 0, "who goes was admitted");
  --running_;
}

Instant LoadShedder::next_wake() const noexcept {
  Instant wake = never;
  for (const WaitLine& queue : queues_) wake = std::min(wake, queue.next_end());
  return wake;
}

}  // namespace hawser
