// HAWSER_SANITIZED: defined where a sanitizer brings its own allocator. Each compiler says so in its own way.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAWSER_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAWSER_SANITIZED
#endif
#endif
