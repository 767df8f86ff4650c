#include <hawser/base/quantity.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <span>

namespace hawser {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

constexpr std::array<Unit, 6> duration_units{
    {{"us", 1}, {"ms", 1'000}, {"s", 1'000'000}, {"min", 60'000'000}, {"h", 3'600'000'000}, {"d", 86'400'000'000}}};
constexpr std::array<Unit, 4> size_units{{{"B", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}}};

constexpr std::uint64_t quantity_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
constexpr int fraction_digits_max = 9;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// A decimal number as an integer and a power of ten, so that no rounding happens on the way.
struct Decimal {
  std::uint64_t digits = 0;
  std::uint64_t scale = 1;  // value = digits / scale
};

// Takes the number off the front of `text`.
std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal number;
  bool any = false;
  int fraction = -1;
  std::size_t used = 0;
  for (; used < text.size(); ++used) {
    const char c = text[used];
    if (c == '.' && any && fraction < 0) {
      fraction = 0;
      continue;
    }
    if (!is_digit(c)) break;
    any = true;
    if (fraction >= 0) {
      if (++fraction > fraction_digits_max) return std::nullopt;
      number.scale *= 10;
    }
    if (number.digits > (quantity_max - 9) / 10) return std::nullopt;
    number.digits = number.digits * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (!any || fraction == 0) return std::nullopt;
  text.remove_prefix(used);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return number;
}

// digits / scale * unit, when that is a whole number that fits.
std::optional<std::uint64_t> scaled(Decimal number, std::uint64_t unit) {
  while (number.scale > 1 && number.digits % 10 == 0) {
    number.digits /= 10;
    number.scale /= 10;
  }
  // What of the scale the unit cannot take is left over, and then the result is no whole number.
  for (const std::uint64_t prime : {2u, 5u}) {
    std::uint64_t& scale = number.scale;
    while (scale % prime == 0 && unit % prime == 0) {
      scale /= prime;
      unit /= prime;
    }
    while (scale % prime == 0 && number.digits % prime == 0) {
      scale /= prime;
      number.digits /= prime;
    }
  }
  if (number.scale != 1) return std::nullopt;
  if (number.digits != 0 && unit > quantity_max / number.digits) return std::nullopt;
  return number.digits * unit;
}

std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units, std::string_view bare_unit,
                                   std::string_view example, std::string& problem) {
  const std::string quoted = "'" + std::string{text.substr(0, 40)} + "'";
  const auto fail = [&](std::string_view what) -> std::optional<std::uint64_t> {
    problem = quoted + " " + std::string{what} + "; write for example " + std::string{example};
    return std::nullopt;
  };
  if (text.starts_with('-')) return fail("is negative");
  const std::optional<Decimal> number = take_decimal(text);
  if (!number) return fail("is not a number that fits");
  if (text.empty()) text = bare_unit;
  if (text.empty()) return fail("has no unit");
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& known) { return known.name == text; });
  if (unit == units.end()) return fail("has an unknown unit");
  const std::optional<std::uint64_t> value = scaled(*number, unit->size);
  if (!value) return fail("is too fine or too large");
  return value;
}

// REQUIRES: `unit` is a power of ten.
std::string with_fraction(std::uint64_t value, std::uint64_t unit, std::string_view name) {
  std::string text = std::to_string(value / unit);
  std::string fraction = std::to_string(unit + value % unit).substr(1);  // leading zeros kept
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  if (!fraction.empty()) text += "." + fraction;
  return text + std::string{name};
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text, std::string& problem) {
  const auto us = parse(text, duration_units, "", "200ms, 1.5s or 10min", problem);
  if (!us) return std::nullopt;
  return Duration{static_cast<std::int64_t>(*us)};
}

std::optional<std::uint64_t> parse_size(std::string_view text, std::string& problem) {
  return parse(text, size_units, "B", "64KiB or 16 MiB", problem);
}

std::string format_duration(Duration duration) {
  if (duration == forever) return "forever";
  if (duration < Duration::zero()) return "-" + format_duration(duration == Duration::min() ? forever : -duration);
  const auto us = static_cast<std::uint64_t>(duration.count());
  if (us == 0) return "0s";
  if (us < 1'000) return with_fraction(us, 1, "us");
  if (us < 1'000'000) return with_fraction(us, 1'000, "ms");
  for (auto unit = duration_units.rbegin(); unit->size > 1'000'000; ++unit) {
    if (us % unit->size == 0) return std::to_string(us / unit->size) + std::string{unit->name};
  }
  return with_fraction(us, 1'000'000, "s");
}

std::string format_size(std::uint64_t bytes) {
  if (bytes == 0) return "0 B";
  for (auto unit = size_units.rbegin(); unit != size_units.rend(); ++unit) {
    if (bytes % unit->size == 0) return std::to_string(bytes / unit->size) + " " + std::string{unit->name};
  }
  return std::to_string(bytes) + " B";
}

}  // namespace hawser
