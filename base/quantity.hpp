// Durations and sizes as people write them: `200ms`, `1.5 s`, `10min`, `64KiB`, `16 MiB`.
//
// A duration always carries its unit: us, ms, s, min, h, d. A size is bytes, or carries B, KiB, MiB, GiB. Both are
// exact: a text that is no whole number of microseconds or bytes is refused, and what format writes parse reads back.
#pragma once

#include <hawser/base/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hawser {

// On failure `problem` says what is wrong and gives an example. Negative values are refused.
std::optional<Duration> parse_duration(std::string_view text, std::string& problem);
std::optional<std::uint64_t> parse_size(std::string_view text, std::string& problem);

std::string format_duration(Duration duration);
std::string format_size(std::uint64_t bytes);

}  // namespace hawser
