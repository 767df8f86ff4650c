#include <hawser/base/time_buckets.hpp>

#include <catch2/catch.hpp>

#include <limits>

using namespace hawser;

TEST_CASE("time buckets: a bound belongs to its bucket, one microsecond more to the next") {
  for (std::size_t at = 0; at < TimeBuckets::bounded; ++at) {
    TimeBuckets buckets;
    buckets.record(TimeBuckets::bound(at));
    CHECK(buckets.in_bucket(at) == 1);
    buckets.record(TimeBuckets::bound(at) + Duration{1});
    CHECK(buckets.in_bucket(at + 1) == 1);
    CHECK(buckets.count() == 2);
  }
  CHECK(TimeBuckets::bound(0) == Duration{64});
  CHECK(TimeBuckets::bound(TimeBuckets::bounded - 1) == Duration{33'554'432});
}

TEST_CASE("time buckets: nothing, less than nothing, and all there is have their place") {
  TimeBuckets buckets;
  buckets.record(Duration{0});
  buckets.record(Duration{-5});
  CHECK(buckets.in_bucket(0) == 2);
  CHECK(buckets.sum() == Duration{0});
  buckets.record(Duration{std::numeric_limits<std::int64_t>::max()});
  CHECK(buckets.in_bucket(TimeBuckets::bounded) == 1);
  CHECK(buckets.count() == 3);
}

TEST_CASE("time buckets: two of them add up bucket by bucket") {
  TimeBuckets one;
  TimeBuckets other;
  one.record(Duration{10});
  other.record(Duration{10});
  other.record(Duration{5'000});
  one += other;
  CHECK(one.count() == 3);
  CHECK(one.in_bucket(0) == 2);
  CHECK(one.in_bucket(7) == 1);
  CHECK(one.sum() == Duration{5'020});
}
