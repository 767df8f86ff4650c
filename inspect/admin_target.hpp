// Where a request goes: one of the paths that there are, and what its parameters say. Taken apart once per request.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hawser {

enum class AdminPath : unsigned char {
  none,  // there is nothing
  page,
  healthz,
  readyz,
  metrics,
  status,
  peers,
  channels,
  events,
  matrix,
  config,
  stream,
  isolate,  // this and those below are asked for with POST
  reset_breaker,
  log_level,
  reload
};

// As they are written, in the order of AdminPath, without `none`.
std::span<const std::string_view> admin_paths() noexcept;

// Views of the text that was parsed, which outlives it.
class AdminTarget {
 public:
  static AdminTarget parse(std::string_view target);

  AdminPath path() const noexcept { return path_; }
  bool is_order() const noexcept { return path_ >= AdminPath::isolate; }
  std::string_view path_text() const noexcept { return path_text_; }  // as it was asked for
  // What is wrong with the parameters, as a sentence; empty: nothing. REQUIRES: there is something at the path.
  std::string problem() const;
  // Of the path's first or second parameter; nothing: it was not given.
  std::optional<std::string_view> value(std::size_t parameter) const { return values_[parameter]; }
  std::uint64_t number(std::size_t parameter) const noexcept;  // 0 where it is none

 private:
  void read_parameter(std::string_view text);
  std::string problem_of(std::string_view name, std::string_view value) const;

  AdminPath path_ = AdminPath::none;
  std::string_view path_text_;
  std::array<std::optional<std::string_view>, 2> values_;
  std::optional<std::string_view> stranger_;  // a parameter that the path does not take, or takes once
};

// The beginning of a text from elsewhere, in quotes, for a sentence about it.
std::string shown_in_quotes(std::string_view text);

}  // namespace hawser
