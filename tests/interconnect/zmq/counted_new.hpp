// Every `new` of this test program is counted, whoever calls it: the library, its dependencies, the tests.
#pragma once

#include <cstdint>

namespace hawser::test {

// How often anything was allocated since the program began.
std::uint64_t allocations() noexcept;

}  // namespace hawser::test
