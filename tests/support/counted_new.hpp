// Every `new` of this test program is counted, whoever calls it: the library, its dependencies, the tests.
#pragma once

#include <cstdint>

namespace hawser::test {

// False in a sanitized program, whose allocator has its own business with every `new`: then nothing is counted.
bool counts_allocations() noexcept;
// How often anything was allocated since the program began.
std::uint64_t allocations() noexcept;

}  // namespace hawser::test
