#include <hawser/base/histogram.hpp>
#include <hawser/base/random.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

using hawser::Duration;
using hawser::Histogram;

TEST_CASE("an empty histogram answers zero to everything") {
  const Histogram empty;
  CHECK(empty.count() == 0);
  CHECK(empty.quantile(500'000) == Duration::zero());
  CHECK(empty.min() == Duration::zero());
  CHECK(empty.max() == Duration::zero());
  CHECK(empty.mean() == Duration::zero());
}

TEST_CASE("small values are exact, and ranks round up") {
  Histogram histogram;
  for (int us : {5, 1, 3}) histogram.record(Duration{us});
  CHECK(histogram.quantile(0) == Duration{1});
  CHECK(histogram.quantile(333'333) == Duration{1});
  CHECK(histogram.quantile(333'334) == Duration{3});
  CHECK(histogram.quantile_permille(500) == Duration{3});
  CHECK(histogram.quantile(1'000'000) == Duration{5});
  CHECK(histogram.mean() == Duration{3});
  CHECK(histogram.count_at_most(Duration{3}) == 2);
  CHECK(histogram.count_at_most(Duration{-1}) == 0);
}

TEST_CASE("any single value comes back within one part in 64, over the whole range of durations") {
  for (int bit = 0; bit < 63; ++bit) {
    for (std::int64_t offset : {-1, 0, 1}) {
      const std::int64_t value = (std::int64_t{1} << bit) + offset;
      Histogram histogram;
      histogram.record(Duration{0});
      histogram.record(Duration{value});
      histogram.record(hawser::forever);
      const std::int64_t answer = histogram.quantile(500'000).count();
      REQUIRE(answer >= value);
      REQUIRE(answer - value <= value / 64);
    }
  }
}

TEST_CASE("quantiles of a mixed load stay within 1/64 of the sorted truth") {
  hawser::Random random{11};
  Histogram histogram;
  std::vector<std::int64_t> truth;
  for (int i = 0; i < 20'000; ++i) {
    const std::int64_t value = random.between(0, std::int64_t{1} << random.below(36));
    truth.push_back(value);
    histogram.record(Duration{value});
  }
  std::sort(truth.begin(), truth.end());
  for (std::uint64_t ppm : {1'000u, 100'000u, 500'000u, 900'000u, 990'000u, 999'900u}) {
    const auto rank = static_cast<std::size_t>((truth.size() * ppm + 999'999) / 1'000'000);
    const std::int64_t exact = truth[rank - 1];
    const std::int64_t answer = histogram.quantile(ppm).count();
    REQUIRE(answer >= exact);
    REQUIRE(answer - exact <= exact / 64);
  }
  CHECK(histogram.min() == Duration{truth.front()});
  CHECK(histogram.max() == Duration{truth.back()});
}

TEST_CASE("merging halves gives the histogram of the whole, and clearing forgets") {
  hawser::Random random{3};
  Histogram whole;
  Histogram left;
  Histogram right;
  for (int i = 0; i < 5'000; ++i) {
    const Duration value{random.between(0, 10'000'000)};
    whole.record(value);
    (i % 3 == 0 ? left : right).record(value);
  }
  CHECK_FALSE(left == whole);
  left.merge(right);
  CHECK(left == whole);
  left.clear();
  CHECK(left == Histogram{});
  left.merge(Histogram{});
  CHECK(left.empty());
}

TEST_CASE("negative durations count as zero, and sums of the largest saturate") {
  Histogram histogram;
  histogram.record(Duration{-5});
  CHECK(histogram.max() == Duration::zero());
  CHECK(histogram.count() == 1);
  histogram.record(hawser::forever, 10);
  CHECK(histogram.sum() == hawser::forever);
  CHECK(histogram.quantile(999'999) == hawser::forever);
}
