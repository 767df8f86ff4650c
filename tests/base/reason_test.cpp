#include <hawser/base/reason.hpp>

#include <catch2/catch.hpp>

#include <sstream>

TEST_CASE("a reason prints its cause, and the detail where there is one") {
  hawser::Reason reason;
  reason.cause = "silent";
  std::ostringstream text;
  text << reason << ", ";
  reason.detail = "no reply for 3 s";
  text << reason;
  CHECK(text.str() == "silent, silent (no reply for 3 s)");
  hawser::Reason other = reason;
  CHECK(other == reason);
  other.next_at = hawser::instant_from_us(4);
  CHECK_FALSE(other == reason);
}
