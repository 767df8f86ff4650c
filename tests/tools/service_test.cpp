#include "service.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace hawser::tools;

TEST_CASE("traffic is a type and a rate") {
  Traffic traffic;
  CHECK_FALSE(traffic.any());
  CHECK_FALSE(read_traffic("Greeting=50", traffic));
  CHECK_FALSE(read_traffic("Order=0.5", traffic));
  CHECK(traffic.greetings == 50);
  CHECK(traffic.orders == 0.5);
  CHECK(traffic.blobs == 0);
  CHECK(traffic.any());
}

TEST_CASE("what is no traffic is explained, with the name that was meant") {
  Traffic traffic;
  CHECK(read_traffic("Greting=5", traffic)->find("did you mean 'Greeting'?") != std::string::npos);
  CHECK(read_traffic("Rope=5", traffic)->find("it has Greeting, Order and Blob") != std::string::npos);
  for (const std::string wrong : {"Order", "Order=", "Order=many", "Order=-1", "Order=nan", "Order=1e9", "Order=5x"}) {
    CAPTURE(wrong);
    CHECK(read_traffic(wrong, traffic)->find("has no rate") != std::string::npos);
  }
  CHECK_FALSE(traffic.any());
}
