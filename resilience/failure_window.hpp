// How did the last calls go? Two windows over successes, failures and slow calls: the last n, or the last stretch of
// time.
//
// Invariants: adding and counting are O(1) (a time window clears at most its number of buckets when time has passed);
// the counts are exact sums of what the window holds. A call may be both failed and slow. Not thread safe.
#pragma once

#include <hawser/base/time.hpp>

#include <cstdint>
#include <vector>

namespace hawser {

struct WindowCounts {
  std::uint64_t calls = 0;
  std::uint64_t failures = 0;
  std::uint64_t slow = 0;

  friend bool operator==(const WindowCounts&, const WindowCounts&) = default;
};

// The last `size` calls.
class CountWindow {
 public:
  // REQUIRES: size > 0. One byte per call.
  explicit CountWindow(std::size_t size);

  void add(bool failed, bool slow);
  const WindowCounts& counts() const noexcept { return counts_; }
  void clear() noexcept;

 private:
  std::vector<std::uint8_t> marks_;
  std::size_t next_ = 0;
  WindowCounts counts_;
};

// The calls of the last `length`, forgotten bucket by bucket: what is counted is between length - length / buckets and
// length old. Time running backwards counts as standing still.
class TimeWindow {
 public:
  // REQUIRES: length > 0, buckets > 0. Buckets are at least one microsecond long.
  explicit TimeWindow(Duration length, std::size_t buckets = 10);

  void add(Instant now, const WindowCounts& some);
  // As of `now`.
  const WindowCounts& counts(Instant now);
  void clear() noexcept;

 private:
  void advance(Instant now);

  std::vector<WindowCounts> buckets_;
  std::int64_t bucket_us_;
  std::int64_t current_ = INT64_MIN;  // the number of the bucket now filled, counted from the clock's zero
  WindowCounts sum_;
};

}  // namespace hawser
