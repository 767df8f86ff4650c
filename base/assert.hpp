// HAWSER_ASSERT(condition, "what must hold"): misuse and broken invariants. Stays on in release builds.
//
// Prints one line with the place and stops the process: a node that has lost its invariants must not go on talking.
// Tests may install a handler that throws instead, to show that a misuse is caught.
#pragma once

namespace hawser {

struct AssertionSite {
  const char* condition;
  const char* message;
  const char* file;
  int line;
};

using AssertionHandler = void (*)(const AssertionSite&);

// Returns the handler that was set before; null restores the default. Not thread safe: set it before any node starts.
AssertionHandler set_assertion_handler(AssertionHandler handler) noexcept;

[[noreturn]] void assertion_failed(const AssertionSite& site);

}  // namespace hawser

#define HAWSER_ASSERT(condition, message) \
  do { \
    if (!(condition)) [[unlikely]] \
      ::hawser::assertion_failed({#condition, message, __FILE__, __LINE__}); \
  } while (false)
