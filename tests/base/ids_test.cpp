#include <hawser/base/ids.hpp>

#include <catch2/catch.hpp>

#include <sstream>

using hawser::Epoch;
using hawser::Incarnation;
using hawser::NodeId;

TEST_CASE("a node id is 1 to 64 characters of a small alphabet") {
  CHECK(NodeId::valid("n1"));
  CHECK(NodeId::valid("rack-7.node_3"));
  CHECK(NodeId::valid(std::string(64, 'a')));
  CHECK_FALSE(NodeId::valid(""));
  CHECK_FALSE(NodeId::valid(std::string(65, 'a')));
  for (const char* bad : {"N1", "a b", "a/b", "a\n", "\xc3\xa9", "a:1", "@"}) CHECK_FALSE(NodeId::valid(bad));
  CHECK_FALSE(NodeId::valid(std::string_view{"a\0b", 3}));
}

TEST_CASE("input from outside is parsed, never asserted") {
  CHECK(NodeId::parse("n1") == NodeId{"n1"});
  CHECK_FALSE(NodeId::parse("Bad").has_value());
  CHECK_FALSE(NodeId::parse("").has_value());
  CHECK(NodeId{}.empty());
}

TEST_CASE("ids order by their text") {
  CHECK(NodeId{"n10"} < NodeId{"n2"});
  CHECK(NodeId{"a"} < NodeId{"aa"});
  CHECK(NodeId{"n1"} == NodeId{std::string{"n1"}});
}

TEST_CASE("epochs order by counter, then proposer, then its incarnation, and print all three") {
  const Epoch base{5, 2, Incarnation{9}};
  CHECK(base < Epoch{6, 0, Incarnation{0}});
  CHECK(base < Epoch{5, 3, Incarnation{0}});
  CHECK(base < Epoch{5, 2, Incarnation{10}});
  CHECK(base == Epoch{5, 2, Incarnation{9}});
  std::ostringstream text;
  text << base << ' ' << NodeId{"n1"};
  CHECK(text.str() == "5.2.9 n1");
}
