// What a failure detector promised about one peer, and what came of it so far. Plain counts; none of them ever falls.
#pragma once

#include <hawser/base/time.hpp>

#include <cstdint>

namespace hawser {

struct DetectorRecord {
  std::uint64_t suspicions = 0;  // by silence
  std::uint64_t mistakes = 0;    // of them, those that a reply refuted without an outage
  double promised = 0;           // mistakes that the threshold promises for as many replies: replies x 10^-suspect
  Duration mistaken{0};          // how long the mistakes lasted, all together
  Duration watched{0};           // how long the peer was up or suspect
  Duration detection{0};         // the silence after which it would be taken for unreachable, as of now
  Duration detected{0};          // the silence after which it last was; zero: it never was
  Duration mean{0};              // of the intervals between its replies in the window
  Duration deviation{0};         // of the same, with its floor
  Duration longest{0};           // the longest interval that was ever counted; that of an outage is not

  // Of the time watched, the part in which nobody was wrong about it: 0 .. 1, 1 before anything was watched.
  double accuracy() const noexcept {
    if (watched <= Duration::zero()) return 1.0;
    return 1.0 - static_cast<double>(mistaken.count()) / static_cast<double>(watched.count());
  }
};

}  // namespace hawser
