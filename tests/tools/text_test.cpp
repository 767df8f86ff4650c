#include "text.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace hawser::tools;

TEST_CASE("width is columns: marks take none, wide characters two, our own colours none") {
  CHECK(display_width("n1") == 2);
  CHECK(display_width("café") == 4);
  CHECK(display_width("cafe\u0301") == 4);
  CHECK(display_width("日本") == 4);
  CHECK(display_width("🙂") == 2);
  CHECK(display_width("\x1b[31mred\x1b[0m") == 3);
}

TEST_CASE("malformed text is measured byte by byte and never read past its end") {
  CHECK(display_width("\xff\xfe") == 2);
  CHECK(display_width("\xe6\x97") == 2);
  CHECK(display_width("\xf0") == 1);
  CHECK(display_width("\x1b[") == 2);
  CHECK(cut("\xe6\x97\xe6\x97\xe6", 3) == "\xe6\x97…");
}

TEST_CASE("what is too long is cut with an ellipsis, never through a character") {
  CHECK(cut("unreachable", 11) == "unreachable");
  CHECK(cut("unreachable", 6) == "unrea…");
  CHECK(cut("日本語", 4) == "日…");
  CHECK(cut("x", 0).empty());
}

TEST_CASE("padding aligns by columns") {
  CHECK(pad("日本", 6) == "日本  ");
  CHECK(pad("7", 3, Align::right) == "  7");
  CHECK(pad("longer", 3) == "longer");
}

TEST_CASE("wrapping breaks at blanks, and leaves a word that is too wide alone") {
  CHECK(wrap("one two three", 7) == std::vector<std::string>{"one two", "three"});
  CHECK(wrap("unbreakable", 4) == std::vector<std::string>{"unbreakable"});
  CHECK(wrap("", 4).empty());
}

TEST_CASE("control characters from elsewhere do not reach the terminal") {
  CHECK(printable("a\x1b[2Jb\n") == "a?[2Jb?");
}

TEST_CASE("a hash is shown with all its digits") {
  CHECK(hexadecimal(0) == "0000000000000000");
  CHECK(hexadecimal(0xfeedfacecafef00d) == "feedfacecafef00d");
}
