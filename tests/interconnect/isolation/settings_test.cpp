#include <hawser/interconnect/isolation/settings.hpp>

#include <catch2/catch.hpp>

using namespace hawser;

TEST_CASE("a promise outlasts a lease on any two lawful clocks") {
  for (const std::uint32_t drift : {0u, 1u, 50'000u, 200'000u}) {
    for (const std::int64_t lease : {1'000, 999'983, 600'000'000}) {
      IsolationSettings settings;
      settings.drift_ppm = drift;
      settings.lease = Duration{lease};
      // In true time: the lease on the slowest clock, the promise on the fastest; compared without dividing.
      const long double longest = static_cast<long double>(lease) * (1'000'000 + drift);
      const long double shortest = static_cast<long double>(to_us(settings.promise())) * (1'000'000 - drift);
      CHECK(shortest >= longest);
      CHECK(shortest <= longest + 2'000'000);
    }
  }
}

TEST_CASE("settings that do not fit together are refused, odd ones warned of") {
  IsolationSettings settings;
  CHECK(problems(settings).empty());
  CHECK(warnings(settings).empty());
  settings.lease = settings.heartbeat * 4 - Duration{1};
  CHECK(problems(settings).size() == 1);
  settings.lease = settings.heartbeat * 4;
  CHECK(problems(settings).empty());
  settings.stable_after = Duration{2'200'001};
  CHECK(warnings(settings).size() == 1);
  settings.stable_after = Duration{-1};
  CHECK(problems(settings).size() == 1);
  settings = {};
  settings.heartbeat = Duration{0};
  CHECK(problems(settings).size() == 1);
  settings = {};
  settings.drift_ppm = 200'001;
  CHECK(problems(settings).size() == 1);
  settings = {};
  settings.lease = Duration{601'000'000};
  CHECK(problems(settings).size() == 1);
}
