// Whether goodput comes back when its trigger is gone (I15), and retries and probes do not eat it.
//
// Runs its world: constant load must be sent through probes for as long as it is used.
#pragma once

#include <hawser/sim/watch.hpp>

#include <cstdint>
#include <string>

namespace hawser::sim {

struct GoodputOptions {
  Duration window{1'000'000};             // over which a rate is measured
  std::uint32_t back_permille = 950;      // of the rate before
  std::uint32_t overhead_permille = 250;  // more bytes per delivered message than before: 20 % of the traffic
};

class GoodputWatch {
 public:
  // The watch must outlive it.
  explicit GoodputWatch(Watch& watch, const GoodputOptions& options = {}) : watch_(watch), options_(options) {}

  // Runs the world for `span`, and takes what it sees for normal.
  void learn(Duration span);
  // Runs the world until one window has goodput and overhead as learned; I15 is broken if none does within `limit`.
  // Returns how long it took, up to the end of that window.
  Duration expect_return(Duration limit);

  std::uint64_t delivered_per_second() const noexcept { return normal_.delivered; }

 private:
  struct Rate {
    std::uint64_t delivered = 0;  // per second
    std::uint64_t bytes_each = 0;
  };
  Rate measure(Duration span);

  Watch& watch_;
  GoodputOptions options_;
  Rate normal_;
};

}  // namespace hawser::sim
