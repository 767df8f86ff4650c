#include "json_tree.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace hawser::tools {
namespace {

constexpr std::size_t depth_max = 32;

// Reads characters for the parser and counts the lines that have passed.
class Counting {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Counting(const char* at, TomlPlace* place) : at_(at), place_(place) {}
  const char& operator*() const { return *at_; }
  Counting& operator++() {
    if (*at_ == '\n') {
      ++place_->line;
      place_->column = 0;
    } else {
      ++place_->column;
    }
    ++at_;
    return *this;
  }
  Counting operator++(int) {
    const Counting old = *this;
    ++*this;
    return old;
  }
  friend bool operator==(const Counting& a, const Counting& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  TomlPlace* place_;
};

// The names are the parser's.
class Builder {
 public:
  Builder(TomlPlace& place, TomlProblems& problems) : place_(place), problems_(problems) {}
  TomlValue take() { return std::move(root_); }

  bool null() { return add(TomlKind::time).second; }
  bool boolean(bool value) {
    const auto [into, fine] = add(TomlKind::flag);
    if (fine) into->flag = value;
    return fine;
  }
  bool number_integer(std::int64_t value) {
    const auto [into, fine] = add(TomlKind::whole);
    if (fine) into->whole = value;
    return fine;
  }
  bool number_unsigned(std::uint64_t value) {
    if (value > std::uint64_t{INT64_MAX}) return number_float(static_cast<double>(value), {});
    return number_integer(static_cast<std::int64_t>(value));
  }
  bool number_float(double value, const std::string&) {
    const auto [into, fine] = add(TomlKind::number);
    if (fine) into->number = value;
    return fine;
  }
  bool string(std::string& value) {
    const auto [into, fine] = add(TomlKind::text);
    if (fine) into->text = std::move(value);
    return fine;
  }
  bool binary(std::vector<std::uint8_t>&) { return false; }
  bool start_object(std::size_t) { return open(TomlKind::table); }
  bool key(std::string& name) {
    for (const TomlEntry& entry : open_.back()->entries) {
      if (entry.key != name) continue;
      problems_.say(place_, "'" + toml_shown(name) + "' is given twice");
      return false;
    }
    key_ = name;
    key_place_ = place_;
    return true;
  }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(TomlKind::list); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) {
    std::string what = error.what();
    // `[json.exception...] parse error at line 1, column 2: ` says again what the place says.
    if (const std::size_t colon = what.find(": "); colon != std::string::npos) what.erase(0, colon + 2);
    problems_.say(place_, "this is no JSON: " + toml_shown_whole(what));
    return false;
  }

 private:
  std::pair<TomlValue*, bool> add(TomlKind kind) {
    TomlValue* value = &root_;
    if (!open_.empty() && open_.back()->is(TomlKind::table)) {
      open_.back()->entries.push_back({key_, key_place_, {}});
      value = &open_.back()->entries.back().value;
    } else if (!open_.empty()) {
      value = &open_.back()->items.emplace_back();
    }
    value->kind = kind;
    value->place = place_;
    return {value, true};
  }
  bool open(TomlKind kind) {
    if (open_.size() >= depth_max) {
      problems_.say(place_, "it nests deeper than " + std::to_string(depth_max));
      return false;
    }
    open_.push_back(add(kind).first);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  TomlPlace& place_;
  TomlProblems& problems_;
  TomlValue root_;
  std::vector<TomlValue*> open_;  // from the root down; only the last one grows, so these stay where they are
  std::string key_;
  TomlPlace key_place_;
};

}  // namespace

std::optional<TomlValue> parse_json(std::string_view text, TomlProblems& problems) {
  if (text.size() > toml_bytes_max) {
    problems.say({}, "it is larger than " + std::to_string(toml_bytes_max) + " bytes");
    return std::nullopt;
  }
  TomlPlace place{1, 0};
  Builder builder{place, problems};
  const bool fine =
      nlohmann::json::sax_parse(Counting{text.data(), &place}, Counting{text.data() + text.size(), &place}, &builder);
  if (!fine) {
    if (problems.empty()) problems.say(place, "this is no JSON");
    return std::nullopt;
  }
  return builder.take();
}

}  // namespace hawser::tools
