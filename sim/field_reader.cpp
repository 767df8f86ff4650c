#include <hawser/sim/field_reader.hpp>

#include <hawser/base/quantity.hpp>
#include <hawser/sim/scenario_checks.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace hawser::sim {
namespace {

using Found = std::optional<std::int64_t>;

constexpr std::int64_t nodes_max = 64;

bool numeric(const TomlValue& value) { return value.is(TomlKind::whole) || value.is(TomlKind::number); }

std::string wrong_kind(const TomlValue& value, const std::string& wanted) {
  return "is " + std::string{words_for(value.kind)} + ", and must be " + wanted;
}

Found duration(const TomlValue& value, bool negative_too, std::string& problem) {
  if (numeric(value)) {
    problem = "has no unit: write for example \"200ms\", \"1.5s\" or \"10min\"";
    return std::nullopt;
  }
  if (!value.is(TomlKind::text)) {
    problem = wrong_kind(value, "a duration with its unit, for example \"200ms\" or \"1.5s\"");
    return std::nullopt;
  }
  const bool minus = negative_too && value.text.starts_with('-');
  const auto parsed = parse_duration(std::string_view{value.text}.substr(minus ? 1 : 0), problem);
  if (!parsed) {
    problem = "is no duration: " + toml_shown(problem);
    return std::nullopt;
  }
  return minus ? -parsed->count() : parsed->count();
}

Found size(const TomlValue& value, std::string& problem) {
  if (value.is(TomlKind::whole)) return value.whole;
  if (!value.is(TomlKind::text)) {
    problem = wrong_kind(value, "a size, for example \"64KiB\", or a whole number of bytes");
    return std::nullopt;
  }
  const auto parsed = parse_size(value.text, problem);
  if (parsed && *parsed <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return static_cast<std::int64_t>(*parsed);
  }
  problem = parsed ? "is too large" : "is no size: " + toml_shown(problem);
  return std::nullopt;
}

// In units of 1 / `unit`, within 0 .. `most`.
Found fraction(const TomlValue& value, double unit, double most, const char* wanted, std::string& problem) {
  if (!numeric(value)) {
    problem = wrong_kind(value, wanted);
    return std::nullopt;
  }
  const double number = value.is(TomlKind::whole) ? static_cast<double>(value.whole) : value.number;
  if (!(number >= 0 && number <= most)) {  // written so that NaN fails
    problem = std::isnan(number) ? "is not a number (nan)" : std::string{"is out of range: must be "} + wanted;
    return std::nullopt;
  }
  return std::llround(number * unit);
}

std::optional<Names> names(const TomlValue& value, std::string& problem) {
  if (value.is(TomlKind::text)) return Names{value.text};
  Names found;
  bool all_text = value.is(TomlKind::list);
  for (const TomlValue& item : value.items) {
    all_text = all_text && item.is(TomlKind::text);
    if (all_text) found.push_back(item.text);
  }
  if (all_text) return found;
  problem = wrong_kind(value, "node ids, for example [\"n1\", \"n2\"]");
  return std::nullopt;
}

std::optional<Names> nodes(const TomlValue& value, std::string& problem) {
  if (!value.is(TomlKind::whole)) return names(value, problem);
  if (value.whole < 1 || value.whole > nodes_max) {
    problem = "is " + std::to_string(value.whole) + ", which is out of range: 1 .. 64";
    return std::nullopt;
  }
  Names found;
  for (std::int64_t i = 1; i <= value.whole; ++i) found.push_back("n" + std::to_string(i));
  return found;
}

std::optional<std::vector<Names>> groups(const TomlValue& value, std::string& problem) {
  std::vector<Names> found;
  for (const TomlValue& item : value.items) {
    std::optional<Names> group = names(item, problem);
    if (!group) return std::nullopt;
    found.push_back(std::move(*group));
  }
  if (value.is(TomlKind::list)) return found;
  problem = wrong_kind(value, "a list of lists of node ids, for example [[\"n1\"], [\"n2\", \"n3\"]]");
  return std::nullopt;
}

// The keys of each shape, in the order of Spread::Shape.
constexpr std::array<std::string_view, 6> spread_keys{
    "shape min",    "shape min max", "shape min mean max", "shape min alpha max", "shape min median sigma max",
    "shape samples"};

std::optional<Spread::Shape> shape_of(const TomlValue& table, std::string& problem) {
  const TomlValue* const shape = table.find("shape");
  std::vector<std::string_view> words;
  for (std::size_t i = 0; i < spread_keys.size(); ++i) words.push_back(to_string(static_cast<Spread::Shape>(i)));
  const auto found = std::find(words.begin(), words.end(), shape == nullptr ? "" : shape->text);
  if (found != words.end()) return static_cast<Spread::Shape>(found - words.begin());
  problem =
      shape == nullptr ? "needs a shape" : "has no shape '" + toml_shown(shape->text) + "'" + hint(shape->text, words);
  problem += "; shapes are constant, uniform, exponential, pareto, lognormal, empirical";
  return std::nullopt;
}

class SpreadReader {
 public:
  SpreadReader(bool sizes, std::string& problem) : sizes_(sizes), problem_(problem) {}

  std::optional<Spread> read(const TomlValue& value) {
    if (!value.is(TomlKind::table)) {
      const Found plain = amount(value);
      return plain ? std::optional{Spread::constant(*plain)} : std::nullopt;
    }
    const std::optional<Spread::Shape> shape = shape_of(value, problem_);
    if (!shape) return std::nullopt;
    Spread spread;
    spread.shape = *shape;
    const std::string_view keys = spread_keys[static_cast<std::size_t>(*shape)];
    for (const TomlEntry& entry : value.entries) {
      if (!has_word(keys, entry.key)) {
        problem_ = std::string{to_string(*shape)} + " takes no key '" + toml_shown(entry.key) + "'" +
                   hint(entry.key, words_of(keys));
        return std::nullopt;
      }
      if (entry.key != "shape" && !part(entry, spread)) return std::nullopt;
    }
    for (const std::string_view key : words_of(keys)) {
      if (value.find(key) != nullptr) continue;
      problem_ = std::string{to_string(*shape)} + " needs the key " + std::string{key};
      return std::nullopt;
    }
    if (spread.shape == Spread::Shape::constant) spread.max = spread.min;
    return spread;
  }

 private:
  Found amount(const TomlValue& value) { return sizes_ ? size(value, problem_) : duration(value, false, problem_); }

  bool part(const TomlEntry& entry, Spread& spread) {
    if (entry.key == "samples") {
      for (const TomlValue& item : entry.value.items) {
        const Found sample = amount(item);
        if (!sample) return false;
        spread.samples.push_back(*sample);
      }
      if (entry.value.is(TomlKind::list)) return true;
      problem_ = "needs samples as a list";
      return false;
    }
    const bool shaped = entry.key == "alpha" || entry.key == "sigma";
    const Found found =
        shaped ? fraction(entry.value, 1'000, 100, "a number from 0.001 to 100", problem_) : amount(entry.value);
    if (!found) {
      problem_ = entry.key + " " + problem_;
      return false;
    }
    if (shaped) {
      spread.permille = static_cast<std::uint32_t>(*found);
    } else {
      (entry.key == "min" ? spread.min : entry.key == "max" ? spread.max : spread.typical) = *found;
    }
    return true;
  }

  bool sizes_;
  std::string& problem_;
};

template <typename T>
std::optional<FieldValue> wrapped(std::optional<T> found) {
  if (!found) return std::nullopt;
  return FieldValue{std::move(*found)};
}

std::optional<FieldValue> word(const FieldInfo& field, const TomlValue& value, std::string& problem) {
  const std::vector<std::string_view> words = words_of(field.choices);
  if (!value.is(TomlKind::text)) {
    problem = wrong_kind(value, "one of " + range_text(field));
    return std::nullopt;
  }
  const auto found = std::find(words.begin(), words.end(), value.text);
  if (found != words.end()) return FieldValue{std::int64_t{found - words.begin()}};
  const std::string near = hint(value.text, words);
  problem = "is '" + toml_shown(value.text) + "'" + (near.empty() ? ", and must be one of " + range_text(field) : near);
  return std::nullopt;
}

}  // namespace

std::optional<FieldValue> convert_field(const FieldInfo& field, const TomlValue& value, std::string& problem) {
  switch (field.kind) {
    case FieldKind::text:
      if (value.is(TomlKind::text)) return FieldValue{value.text};
      problem = wrong_kind(value, "text");
      return std::nullopt;
    case FieldKind::word:
      return word(field, value, problem);
    case FieldKind::flag:
      if (value.is(TomlKind::flag)) return FieldValue{value.flag};
      problem = wrong_kind(value, "true or false");
      return std::nullopt;
    case FieldKind::count:
      if (value.is(TomlKind::whole)) return FieldValue{value.whole};
      problem = wrong_kind(value, "a whole number");
      return std::nullopt;
    case FieldKind::chance:
      return wrapped(fraction(value, 1'000'000, 1, "a chance from 0 to 1", problem));
    case FieldKind::duration:
      return wrapped(duration(value, false, problem));
    case FieldKind::signed_duration:
      return wrapped(duration(value, true, problem));
    case FieldKind::size:
      return wrapped(size(value, problem));
    case FieldKind::durations:
    case FieldKind::sizes:
      return wrapped(SpreadReader{field.kind == FieldKind::sizes, problem}.read(value));
    case FieldKind::names:
      return wrapped(names(value, problem));
    case FieldKind::nodes:
      return wrapped(nodes(value, problem));
    case FieldKind::groups:
      return wrapped(groups(value, problem));
  }
  return std::nullopt;
}

}  // namespace hawser::sim
