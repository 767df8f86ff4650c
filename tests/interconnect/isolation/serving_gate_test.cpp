#include <hawser/interconnect/isolation/serving_gate.hpp>

#include <catch2/catch.hpp>

using namespace hawser;

TEST_CASE("the gate is open until its instant, whoever looks away meanwhile") {
  ServingGate gate;
  const Instant now = instant_from_us(1'000);
  CHECK_FALSE(gate.ask(now).serving);
  gate.set(now + Duration{10}, Epoch{3, 1, Incarnation{7}});
  const Permission permission = gate.ask(now + Duration{9});
  CHECK(permission.serving);
  CHECK(permission.until == now + Duration{10});
  CHECK(permission.epoch == Epoch{3, 1, Incarnation{7}});
  CHECK_FALSE(gate.ask(now + Duration{10}).serving);
  CHECK_FALSE(gate.serving(now + Duration{10}));
  gate.set(never, Epoch{});
  CHECK(gate.serving(now));
  gate.close();
  CHECK_FALSE(gate.serving(now));
  CHECK_FALSE(gate.serving(Instant::min()));
}
