// Asks for memory to be brought near before it is needed.
#pragma once

namespace hawser {

// The line is about to be written, most likely on another processor's behalf until now. Without -mprfchw the compiler
// makes of __builtin_prefetch(p, 1) a request to read, after which the write has to ask for the line again. Processors
// that lack the instruction ignore it.
inline void prefetch_write(const void* at) noexcept {
#if defined(__x86_64__)
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(at)));
#else
  __builtin_prefetch(at, 1);
#endif
}

}  // namespace hawser
