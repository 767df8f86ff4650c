#include <hawser/base/assert.hpp>

#include <catch2/catch.hpp>

#include <string>

namespace {
struct Misuse {
  std::string message;
  int line;
};
}  // namespace

TEST_CASE("a broken invariant reaches the handler with its message and place, a kept one does not") {
  const auto before = hawser::set_assertion_handler([](const hawser::AssertionSite& site) {
    throw Misuse{site.message, site.line};
  });
  int evaluated = 0;
  CHECK_NOTHROW([&] { HAWSER_ASSERT(++evaluated == 1, "counts"); }());
  CHECK(evaluated == 1);
  try {
    HAWSER_ASSERT(evaluated == 2, "the reader is told what must hold");
    FAIL("not reached");
  } catch (const Misuse& misuse) {
    CHECK(misuse.message == "the reader is told what must hold");
    CHECK(misuse.line > 0);
  }
  CHECK(hawser::set_assertion_handler(before) != nullptr);
}
