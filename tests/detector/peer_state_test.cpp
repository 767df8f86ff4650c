#include <hawser/detector/peer_state.hpp>

#include <catch2/catch.hpp>

#include <sstream>

TEST_CASE("each state of a peer prints its word, and a number from outside that names none prints unknown") {
  std::ostringstream text;
  for (int number = 0; number < 5; ++number) text << static_cast<hawser::PeerState>(number) << ' ';
  CHECK(text.str() == "connecting up suspect unreachable unknown ");
}
