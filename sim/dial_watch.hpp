// How often the fleet dials (I11): the most dials in any window.
#pragma once

#include <hawser/base/ring.hpp>
#include <hawser/sim/virtual_clock.hpp>

#include <algorithm>
#include <cstdint>

namespace hawser::sim {

class DialWatch {
 public:
  explicit DialWatch(Duration window) : window_(window) {}

  void dialled(std::uint64_t dials, WorldTime now) {
    for (std::uint64_t i = 0; i < dials; ++i) recent_.push_back(now);
    while (!recent_.empty() && later(recent_.front(), window_) <= now) recent_.pop_front();
    if (recent_.size() <= peak_) return;
    peak_ = recent_.size();
    peak_at_ = now;
  }
  // From here on.
  void begin() {
    recent_.clear();
    peak_ = 0;
  }
  std::uint64_t peak() const noexcept { return peak_; }
  WorldTime peak_at() const noexcept { return peak_at_; }
  Duration window() const noexcept { return window_; }

 private:
  Duration window_;
  Ring<WorldTime> recent_;
  std::uint64_t peak_ = 0;
  WorldTime peak_at_ = world_begin;
};

}  // namespace hawser::sim
