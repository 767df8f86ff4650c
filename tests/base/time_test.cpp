#include <hawser/base/time.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using hawser::forever;
using hawser::instant_from_us;
using hawser::never;

TEST_CASE("adding to an instant saturates at never and ignores negative delays") {
  const auto now = instant_from_us(1'000);
  CHECK(hawser::later(now, 5us) == instant_from_us(1'005));
  CHECK(hawser::later(now, 0us) == now);
  CHECK(hawser::later(now, -5us) == now);
  CHECK(hawser::later(now, forever) == never);
  CHECK(hawser::later(never, 1us) == never);
  CHECK(hawser::later(never - 5us, 4us) == never - 1us);
  CHECK(hawser::later(never - 5us, 5us) == never);
}

TEST_CASE("the time until an instant is zero once it has passed and forever when it never comes") {
  const auto now = instant_from_us(1'000);
  CHECK(hawser::until(now, instant_from_us(1'500)) == 500us);
  CHECK(hawser::until(now, now) == 0us);
  CHECK(hawser::until(now, instant_from_us(-7)) == 0us);
  CHECK(hawser::until(now, never) == forever);
}
