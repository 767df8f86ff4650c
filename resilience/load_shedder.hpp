// Who gets in when not everybody can: a bounded waiting room in front of a concurrency limit, by priority.
//
// Rules: at most limit() calls run; the others wait, the highest priority first, and are refused when the room is full
// (a higher priority displaces the oldest of the lowest one), when pressure has closed their priority, or when they
// could not end before their deadline (asked at both ends of the queue). Within a priority first come first served,
// until its oldest has waited longer than max(target_min, target_factor x median service time): then last come first
// served, because the newest can still be of use to somebody (Facebook's adaptive LIFO; Maurer, 2015). The limit is an
// AdaptiveLimit. Invariants: running <= limit but for a lowered limit; waiting <= queue_max; each offer ends in exactly
// one of admitted, rejected, cancelled. Pure, never calls back; not thread safe.
#pragma once

#include <hawser/base/histogram.hpp>
#include <hawser/base/ring.hpp>
#include <hawser/base/time.hpp>
#include <hawser/resilience/adaptive_limit.hpp>
#include <hawser/resilience/wait_line.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hawser {

inline constexpr std::size_t shed_priorities = 8;  // 0 is shed first, 7 last

struct LoadShedderConfig {
  AdaptiveLimitConfig limit;
  std::uint32_t queue_max = 128;                // calls waiting, of all priorities; 0 (nobody waits) .. 1 000 000
  Duration target_min{5'000};                   // of a standing queue; above 0
  std::uint32_t target_factor_permille = 2000;  // x the median service time; 1000 ..
  std::uint32_t pressure_from = 500;    // permille at which priority 0 is refused; 1 .. pressure_to; 1001: never
  std::uint32_t pressure_to = 950;      // permille at which only the highest priority passes; .. 1001: never
  Duration retry_after_min{50'000};     // the least hint in a rejection; above 0
  Duration retry_after_max{5'000'000};  // >= retry_after_min
  bool observe_only = false;            // counts what it would reject, and admits everything at once
};

enum class ShedReason : std::uint8_t {
  queue_full,     // the waiting room is full of calls that are not less important
  displaced,      // a more important call took the place
  pressure,       // this priority is closed
  cannot_finish,  // it would not be done by its deadline
  expired,        // now >= its deadline
};
inline constexpr std::size_t shed_reasons = 5;
std::string_view to_string(ShedReason reason) noexcept;

// What a gateway answers as 503 with Retry-After.
struct ShedRejection {
  ShedReason reason = ShedReason::queue_full;
  Duration retry_after{0};  // callers should add jitter
  std::uint8_t level = 0;   // the lowest priority admitted now: callers may drop the others themselves

  friend bool operator==(const ShedRejection&, const ShedRejection&) = default;
};

struct ShedOffer {
  std::uint8_t priority = 4;
  Instant deadline = never;
  void* owner = nullptr;  // comes back in the event
};

// `admitted`, or a rejection, or a ticket of a call that waits: poll() will tell.
struct ShedAnswer {
  bool admitted = false;
  std::uint64_t ticket = 0;
  std::optional<ShedRejection> rejection;
};

struct ShedEvent {
  std::uint64_t ticket = 0;
  void* owner = nullptr;
  std::optional<ShedRejection> rejection;  // none: admitted
  Duration waited{0};
};

class LoadShedder {
 public:
  // REQUIRES: problems_of(config).empty() (coherence.hpp).
  explicit LoadShedder(const LoadShedderConfig& config, Instant now = Instant{});

  // REQUIRES: priority < shed_priorities. Others may be displaced: ask poll() afterwards.
  ShedAnswer offer(const ShedOffer& offer, Instant now);
  // What happened to the waiting, one per call: the displaced, the expired, then who gets in.
  std::optional<ShedEvent> poll(Instant now);
  bool cancel(std::uint64_t ticket);
  // A call that was admitted has ended, after `took` of service (`forever` is clamped). Then ask poll().
  void finished(Instant now, Duration took, bool overloaded = false);
  // The same for one that says nothing about the service: it was cancelled, or refused further in.
  void gone() noexcept;

  // From a CascadePreventor or anybody else: 0 .. 1000, larger counts as 1000. Its own queue adds to it.
  void set_pressure(std::uint32_t permille) noexcept { pressure_ = std::min(permille, 1000u); }
  // What a CascadePreventor leaves of the limit, 0 .. 1000; never below limit_min.
  void set_share(std::uint32_t permille) noexcept { share_permille_ = std::min(permille, 1000u); }
  // The larger of what was set and how full the waiting room is beyond one half.
  std::uint32_t pressure() const noexcept;
  // The lowest priority that is admitted now, 0 .. 7.
  std::uint8_t level() const noexcept;

  std::uint32_t running() const noexcept { return running_; }
  std::size_t waiting() const noexcept { return waiting_; }
  std::uint32_t limit() const noexcept;
  const AdaptiveLimit& adaptive_limit() const noexcept { return limit_; }
  Duration service_p50() const noexcept { return service_p50_; }  // zero while nothing is known
  // How long the oldest of a queue may have waited before newest first begins.
  Duration target() const noexcept;
  Instant next_wake() const noexcept;  // the first deadline of those who wait
  std::uint64_t admitted() const noexcept { return admitted_; }
  std::uint64_t rejected(ShedReason reason) const noexcept { return rejected_[static_cast<std::size_t>(reason)]; }
  std::uint64_t newest_first() const noexcept { return newest_first_; }  // admissions out of order

 private:
  ShedRejection reject(ShedReason reason, Instant now);
  Duration expected_wait(std::uint8_t priority) const noexcept;
  std::optional<ShedReason> refuses(const ShedOffer& offer, Instant now) const;
  bool make_room(std::uint8_t priority, Instant now);
  std::optional<ShedReason> too_late(Instant deadline, Instant now, Duration wait) const noexcept;
  void learn(Duration took);

  LoadShedderConfig config_;
  AdaptiveLimit limit_;
  std::array<WaitLine, shed_priorities> queues_;
  Ring<ShedEvent> displaced_;
  std::uint32_t running_ = 0;
  std::size_t waiting_ = 0;
  std::uint32_t pressure_ = 0;
  std::uint32_t share_permille_ = 1000;
  std::uint64_t next_ticket_ = 1;
  std::array<Histogram, 2> service_;  // this stretch of calls and the one before
  Duration service_p50_{0};
  std::uint64_t learnt_ = 0;
  std::uint64_t admitted_ = 0;
  std::array<std::uint64_t, shed_reasons> rejected_{};
  std::uint64_t newest_first_ = 0;
};

}  // namespace hawser
