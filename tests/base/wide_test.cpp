#include <hawser/base/wide.hpp>

#include <catch2/catch.hpp>

TEST_CASE("products that pass 64 bits are exact when the quotient fits and saturate when it does not") {
  constexpr std::uint64_t largest = ~std::uint64_t{0};
  CHECK(hawser::multiply_divide(largest, 1'000, 1'000) == largest);
  CHECK(hawser::multiply_divide(largest, 3, 7) == 7'905'747'460'161'236'406ULL);
  CHECK(hawser::multiply_divide(largest, 2, 1) == largest);
  CHECK(hawser::scale_permille(100, 1'500) == 150);
  CHECK(hawser::scale_permille(INT64_MAX, 2'000) == INT64_MAX);
  CHECK(hawser::scale_permille(0, 2'000) == 0);
}
