#include <hawser/base/quantity.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace hawser;
using namespace std::chrono_literals;

namespace {
std::string duration_problem(std::string_view text) {
  std::string problem;
  CHECK_FALSE(parse_duration(text, problem));
  return problem;
}
Duration duration(std::string_view text) {
  std::string problem;
  const auto read = parse_duration(text, problem);
  INFO(problem);
  REQUIRE(read);
  return *read;
}
}  // namespace

TEST_CASE("a duration is a number and its unit, with or without a blank between") {
  CHECK(duration("200ms") == 200ms);
  CHECK(duration("1.5 s") == 1500ms);
  CHECK(duration("10min") == 10min);
  CHECK(duration("0.25h") == 15min);
  CHECK(duration("1d") == 24h);
  CHECK(duration("0s") == 0s);
  CHECK(duration("0.000001s") == 1us);
}

TEST_CASE("a duration without a unit is refused with an example, since nobody can know what was meant") {
  CHECK(duration_problem("200") == "'200' has no unit; write for example 200ms, 1.5s or 10min");
  CHECK(duration_problem("") == "'' is not a number that fits; write for example 200ms, 1.5s or 10min");
  CHECK(duration_problem("-1s").find("is negative") != std::string::npos);
  CHECK(duration_problem("1 fortnight").find("unknown unit") != std::string::npos);
  CHECK(duration_problem("1.s").find("not a number") != std::string::npos);
  CHECK(duration_problem("nan s").find("not a number") != std::string::npos);
  CHECK(duration_problem("1s ").find("unknown unit") != std::string::npos);
}

TEST_CASE("a quantity is exact: what is finer than its unit, or does not fit, is refused and never rounded") {
  CHECK(duration_problem("0.5us").find("too fine") != std::string::npos);
  CHECK(duration_problem("1.0000001s").find("too fine") != std::string::npos);
  CHECK(duration_problem("106751992d").find("too large") != std::string::npos);
  CHECK(duration_problem("99999999999999999999us").find("not a number that fits") != std::string::npos);
  CHECK(duration("106751991d").count() == 106'751'991LL * 86'400'000'000LL);
}

TEST_CASE("a size is bytes, or carries a binary unit") {
  std::string problem;
  CHECK(parse_size("4096", problem) == 4096u);
  CHECK(parse_size("64KiB", problem) == 65'536u);
  CHECK(parse_size("16 MiB", problem) == 16u << 20);
  CHECK(parse_size("1.5 MiB", problem) == 3u << 19);
  CHECK_FALSE(parse_size("16MB", problem));
  CHECK(problem.find("unknown unit") != std::string::npos);
  CHECK_FALSE(parse_size("0.3 B", problem));
}

TEST_CASE("what is written can be read again") {
  for (const std::int64_t us :
       {0LL, 1LL, 999LL, 1'000LL, 1'500LL, 200'000LL, 999'999LL, 1'000'000LL, 1'500'000LL, 1'000'001LL, 60'000'000LL,
        90'000'000LL, 3'600'000'000LL, 86'400'000'000LL, 86'400'000'001LL}) {
    CAPTURE(us);
    CHECK(duration(format_duration(Duration{us})) == Duration{us});
  }
  for (const std::uint64_t bytes : {0ULL, 1ULL, 1023ULL, 1024ULL, 1025ULL, 1ULL << 20, 3ULL << 19, 1ULL << 40}) {
    std::string problem;
    CHECK(parse_size(format_size(bytes), problem) == bytes);
  }
  CHECK(format_duration(1500ms) == "1.5s");
  CHECK(format_duration(60s) == "1min");
  CHECK(format_size(16u << 20) == "16 MiB");
}
