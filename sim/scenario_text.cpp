// How values of scenario keys are shown to people and written to files.
#include <hawser/base/quantity.hpp>
#include <hawser/base/toml_tree.hpp>
#include <hawser/sim/scenario_keys.hpp>

#include <algorithm>
#include <array>

namespace hawser::sim {
namespace {

// Millionths or thousandths as a decimal number.
std::string decimal(std::int64_t number, std::int64_t unit) {
  std::string text = std::to_string(number / unit) + ".";
  std::int64_t rest = number % unit;
  do {
    unit /= 10;
    text += static_cast<char>('0' + rest / unit);
    rest %= unit;
  } while (rest != 0);
  return text;
}

std::string duration_text(std::int64_t us) {
  return us < 0 ? "-" + format_duration(Duration{-us}) : format_duration(Duration{us});
}

std::string amount(bool sizes, std::int64_t value) {
  return '"' + (sizes ? format_size(static_cast<std::uint64_t>(value)) : duration_text(value)) + '"';
}

std::string names_text(const Names& names) {
  std::string text = "[";
  for (const std::string& name : names) text += (text.size() == 1 ? "" : ", ") + toml_quoted(name);
  return text + "]";
}

std::string spread_text(const Spread& spread, bool sizes) {
  using Shape = Spread::Shape;
  const auto part = [&](const char* key, std::int64_t value) {
    return std::string{", "} + key + " = " + amount(sizes, value);
  };
  std::string text = "{ shape = \"" + std::string{to_string(spread.shape)} + '"';
  switch (spread.shape) {
    case Shape::constant:
      return amount(sizes, spread.min);
    case Shape::uniform:
      return text + part("min", spread.min) + part("max", spread.max) + " }";
    case Shape::exponential:
      return text + part("min", spread.min) + part("mean", spread.typical) + part("max", spread.max) + " }";
    case Shape::pareto:
      return text + part("min", spread.min) + ", alpha = " + decimal(spread.permille, 1000) + part("max", spread.max) +
             " }";
    case Shape::lognormal:
      return text + part("min", spread.min) + part("median", spread.typical) +
             ", sigma = " + decimal(spread.permille, 1000) + part("max", spread.max) + " }";
    case Shape::empirical:
      break;
  }
  text += ", samples = [";
  for (std::size_t i = 0; i < spread.samples.size(); ++i)
    text += (i == 0 ? "" : ", ") + amount(sizes, spread.samples[i]);
  return text + "] }";
}

// What is wrong with a distribution whose values may be within the field's range; empty when nothing is.
std::string spread_problem(const FieldInfo& field, const Spread& spread) {
  using Shape = Spread::Shape;
  const bool sizes = field.kind == FieldKind::sizes;
  const std::string range = range_text(field);
  const auto outside = [&](std::int64_t value) { return value < field.low || value > field.high; };
  if (outside(spread.min) || outside(spread.max)) return "is out of range: " + range;
  if (spread.min > spread.max)
    return "has its min " + amount(sizes, spread.min) + " above its max " + amount(sizes, spread.max);
  if (spread.shape == Shape::empirical) {
    if (spread.samples.empty() || spread.samples.size() > 1000) return "needs 1 to 1000 samples";
    if (std::any_of(spread.samples.begin(), spread.samples.end(), outside)) return "is out of range: " + range;
  }
  const bool typical = spread.shape == Shape::exponential || spread.shape == Shape::lognormal;
  if (typical && (spread.typical <= 0 || outside(spread.typical)))
    return "needs a mean or median above 0 within " + range;
  const bool shaped = spread.shape == Shape::pareto || spread.shape == Shape::lognormal;
  if (shaped && (spread.permille == 0 || spread.permille > 100'000)) return "needs an alpha or sigma of 0.001 .. 100";
  if (spread.shape == Shape::pareto && spread.min <= 0) return "needs a min above 0";
  return {};
}

}  // namespace

std::string_view to_string(Spread::Shape shape) noexcept {
  static constexpr std::array<std::string_view, 6> words{"constant", "uniform",   "exponential",
                                                         "pareto",   "lognormal", "empirical"};
  return words[static_cast<std::size_t>(shape)];
}

Delay Spread::delay() const {
  switch (shape) {
    case Shape::constant:
      return Delay::constant(Duration{min});
    case Shape::uniform:
      return Delay::uniform(Duration{min}, Duration{max});
    case Shape::exponential:
      return Delay::exponential(Duration{min}, Duration{typical}, Duration{max});
    case Shape::pareto:
      return Delay::pareto(Duration{min}, permille, Duration{max});
    case Shape::lognormal:
      return Delay::lognormal(Duration{min}, Duration{typical}, permille, Duration{max});
    case Shape::empirical:
      break;
  }
  std::vector<Duration> all;
  for (const std::int64_t sample : samples) all.emplace_back(sample);
  return Delay::empirical(std::move(all));
}

std::vector<std::string_view> words_of(std::string_view list) {
  std::vector<std::string_view> words;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (end != 0) words.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return words;
}

bool has_word(std::string_view list, std::string_view word) noexcept {
  for (std::size_t at = list.find(word); at != std::string_view::npos; at = list.find(word, at + 1)) {
    const bool begins = at == 0 || list[at - 1] == ' ';
    const std::size_t end = at + word.size();
    if (begins && (end == list.size() || list[end] == ' ')) return true;
  }
  return false;
}

std::string unit_text(const FieldInfo& field) {
  static constexpr std::array<std::string_view, 13> words{"text",
                                                          "word",
                                                          "flag",
                                                          "count",
                                                          "chance",
                                                          "duration",
                                                          "duration",
                                                          "size",
                                                          "duration or shape",
                                                          "size or shape",
                                                          "node ids",
                                                          "node ids or count",
                                                          "lists of node ids"};
  return std::string{words[static_cast<std::size_t>(field.kind)]};
}

std::string range_text(const FieldInfo& field) {
  const auto span = [&](auto text) { return text(field.low) + " .. " + text(field.high); };
  switch (field.kind) {
    case FieldKind::word: {
      std::string text;
      for (const std::string_view word : words_of(field.choices))
        text += (text.empty() ? "" : ", ") + std::string{word};
      return text;
    }
    case FieldKind::flag:
      return "true, false";
    case FieldKind::text:
      return "at most " + std::to_string(field.high) + " characters";
    case FieldKind::count:
      if (field.high == Expectation::unlimited) return std::to_string(field.low) + " ..";
      return span([](std::int64_t value) { return std::to_string(value); });
    case FieldKind::chance:
      return "0 .. 1";
    case FieldKind::duration:
    case FieldKind::durations:
    case FieldKind::signed_duration:
      return span(duration_text);
    case FieldKind::size:
    case FieldKind::sizes:
      return span([](std::int64_t value) { return format_size(static_cast<std::uint64_t>(value)); });
    default:
      return "at most " + std::to_string(field.high);
  }
}

std::string value_text(const FieldInfo& field, const FieldValue& value) {
  switch (field.kind) {
    case FieldKind::text:
      return toml_quoted(std::get<std::string>(value));
    case FieldKind::word:
      return '"' + std::string{words_of(field.choices).at(static_cast<std::size_t>(std::get<std::int64_t>(value)))} +
             '"';
    case FieldKind::flag:
      return std::get<bool>(value) ? "true" : "false";
    case FieldKind::count:
      return std::to_string(std::get<std::int64_t>(value));
    case FieldKind::chance:
      return decimal(std::get<std::int64_t>(value), 1'000'000);
    case FieldKind::duration:
    case FieldKind::signed_duration:
      return amount(false, std::get<std::int64_t>(value));
    case FieldKind::size:
      return amount(true, std::get<std::int64_t>(value));
    case FieldKind::durations:
    case FieldKind::sizes:
      return spread_text(std::get<Spread>(value), field.kind == FieldKind::sizes);
    case FieldKind::names:
    case FieldKind::nodes:
      return names_text(std::get<Names>(value));
    case FieldKind::groups: {
      std::string text = "[";
      for (const Names& group : std::get<std::vector<Names>>(value))
        text += (text.size() == 1 ? "" : ", ") + names_text(group);
      return text + "]";
    }
  }
  return {};
}

std::string range_problem(const FieldInfo& field, const FieldValue& value) {
  if (const auto* spread = std::get_if<Spread>(&value)) return spread_problem(field, *spread);
  std::int64_t number = 0;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) number = *whole;
  if (const auto* text = std::get_if<std::string>(&value)) number = static_cast<std::int64_t>(text->size());
  if (const auto* names = std::get_if<Names>(&value)) number = static_cast<std::int64_t>(names->size());
  if (const auto* groups = std::get_if<std::vector<Names>>(&value)) number = static_cast<std::int64_t>(groups->size());
  if (field.kind == FieldKind::flag) return {};
  if (field.kind == FieldKind::word) {
    return number >= 0 && static_cast<std::size_t>(number) < words_of(field.choices).size() ? "" : "is no such word";
  }
  if (number >= field.low && number <= field.high) return {};
  std::string shown;
  if (std::holds_alternative<std::int64_t>(value)) {
    // Sizes and counts come as they were written, and may be negative.
    const bool plain = field.kind == FieldKind::size && number < 0;
    shown = "is " + (plain ? std::to_string(number) : value_text(field, value)) + ", which ";
  } else if (std::holds_alternative<std::string>(value)) {
    return "has " + std::to_string(number) + " characters, and may have " + std::to_string(field.low) + " to " +
           std::to_string(field.high);
  } else {
    return "has " + std::to_string(number) + " entries, and may have " + std::to_string(field.low) + " to " +
           std::to_string(field.high);
  }
  return shown + "is out of range: " + range_text(field);
}

}  // namespace hawser::sim
