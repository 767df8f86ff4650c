// What became of the calls of one run: before a fault, while it lasts, and after it.
//
// A call belongs to the phase in which it began. `good` is an answer of what was asked, within its caller's patience;
// `helped` one by other means (a replica, a cached value); `refused` an honest no. Invariant: calls = good + helped +
// refused + failed + open, where open are those that have not ended.
#pragma once

#include <hawser/base/histogram.hpp>
#include <hawser/base/time.hpp>
#include <hawser/resilience/resilience_metrics.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::tools {

enum class DisasterEnd : std::uint8_t { good, helped, refused, failed };

struct DisasterPhase {
  std::uint64_t calls = 0;
  std::uint64_t good = 0;
  std::uint64_t helped = 0;
  std::uint64_t refused = 0;
  std::uint64_t failed = 0;
  Histogram answered;                                         // how long the good and the helped took
  Histogram refusals;                                         // how long until the refused were told
  std::map<std::string, std::uint64_t, std::less<>> reasons;  // of the refused, and of what was helped with

  std::uint64_t open() const noexcept { return calls - good - helped - refused - failed; }
  // Answers of 1000 calls, by whatever means.
  std::uint64_t served_permille() const noexcept { return calls == 0 ? 0 : (good + helped) * 1000 / calls; }
};

class DisasterScore {
 public:
  // REQUIRES: whole tenths of seconds.
  DisasterScore(Duration before, Duration during, Duration after, Duration patience);

  Instant begins() const noexcept { return Instant{} + before_; }
  Instant ends() const noexcept { return begins() + during_; }
  Instant last() const noexcept { return ends() + after_; }

  void called(Instant began);
  // What ends later than its caller's patience has failed. `cause` is that of the pipeline which refused, or which made
  // help necessary.
  void ended(Instant began, Instant now, DisasterEnd how, PipelineCause cause);

  const DisasterPhase& before() const noexcept { return phases_[0]; }
  const DisasterPhase& during() const noexcept { return phases_[1]; }
  const DisasterPhase& after() const noexcept { return phases_[2]; }
  // How long after the fault's end calls are answered again: from there on 95 % of those of one second, and of three,
  // are good. In tenths of seconds; nothing when that never comes.
  std::optional<Duration> healed() const;

 private:
  struct Tenth {
    std::uint64_t calls = 0;
    std::uint64_t good = 0;
  };

  DisasterPhase& phase_of(Instant began);
  bool good_from(std::size_t tenth, std::size_t length) const;

  Duration before_;
  Duration during_;
  Duration after_;
  Duration patience_;
  std::array<DisasterPhase, 3> phases_;
  std::vector<Tenth> tenths_;
};

// Was it refused without an attempt, or by whoever was asked: an honest no?
bool is_refusal(PipelineCause cause) noexcept;

}  // namespace hawser::tools
