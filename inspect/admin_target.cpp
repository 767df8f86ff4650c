#include <hawser/inspect/admin_target.hpp>

#include <hawser/base/ids.hpp>
#include <hawser/inspect/stream_feed.hpp>

#include <algorithm>
#include <charconv>

namespace hawser {
namespace {

constexpr std::size_t echo_bytes_max = 100;

constexpr std::array<std::string_view, 15> path_texts{"/",
                                                      "/healthz",
                                                      "/readyz",
                                                      "/metrics",
                                                      "/api/v1/status",
                                                      "/api/v1/peers",
                                                      "/api/v1/channels",
                                                      "/api/v1/events",
                                                      "/api/v1/matrix",
                                                      "/api/v1/config",
                                                      "/api/v1/stream",
                                                      "/api/v1/actions/isolate",
                                                      "/api/v1/actions/reset_breaker",
                                                      "/api/v1/actions/log_level",
                                                      "/api/v1/actions/reload"};

using Names = std::array<std::string_view, 2>;

// What a path takes, the first one first.
constexpr Names parameters_of(AdminPath path) {
  switch (path) {
    case AdminPath::peers:
    case AdminPath::channels:
      return {"peer", ""};
    case AdminPath::events:
    case AdminPath::stream:
      return {"since", ""};
    case AdminPath::reset_breaker:
      return {"peer", "type"};
    case AdminPath::log_level:
      return {"level", ""};
    default:
      return {};
  }
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == ':';
  });
}

}  // namespace

std::string shown_in_quotes(std::string_view text) { return "'" + std::string{text.substr(0, echo_bytes_max)} + "'"; }

std::span<const std::string_view> admin_paths() noexcept { return path_texts; }

AdminTarget AdminTarget::parse(std::string_view target) {
  AdminTarget parts;
  const std::size_t mark = target.find('?');
  parts.path_text_ = target.substr(0, mark);
  const auto found = std::find(path_texts.begin(), path_texts.end(), parts.path_text_);
  if (found != path_texts.end()) parts.path_ = static_cast<AdminPath>(found - path_texts.begin() + 1);
  if (mark == std::string_view::npos) return parts;
  for (std::string_view query = target.substr(mark + 1); !query.empty();) {
    const std::size_t end = std::min(query.find('&'), query.size());
    parts.read_parameter(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return parts;
}

void AdminTarget::read_parameter(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const Names names = parameters_of(path_);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (name.empty() || names[i] != name || values_[i]) continue;
    values_[i] = equals == std::string_view::npos ? std::string_view{} : text.substr(equals + 1);
    return;
  }
  stranger_ = name;
}

std::uint64_t AdminTarget::number(std::size_t parameter) const noexcept {
  return number_in(values_[parameter].value_or("")).value_or(0);
}

std::string AdminTarget::problem() const {
  const Names names = parameters_of(path_);
  const std::string text{path_text_};
  if (stranger_) {
    std::string takes;
    for (const std::string_view name : names) {
      if (!name.empty()) takes += (takes.empty() ? "" : ", ") + std::string{name} + "=";
    }
    return text + " takes " + (takes.empty() ? "no parameters" : "once each " + takes) + ", and this is " +
           shown_in_quotes(*stranger_);
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string name{names[i]};
    if (!values_[i]) {
      if (!name.empty() && is_order() && name != "type") return text + " needs " + name + "=";
      continue;
    }
    const std::string wanted = problem_of(name, *values_[i]);
    if (!wanted.empty()) return name + " is " + wanted + ", and this is " + shown_in_quotes(*values_[i]);
  }
  return {};
}

// What one value should be and is not; empty: it is.
std::string AdminTarget::problem_of(std::string_view name, std::string_view value) const {
  if (name == "peer" && !NodeId::valid(value)) return "a node id, 1 to 64 of a-z 0-9 . _ -";
  if (name == "type" && !is_word(value)) return "the name of a message type, of letters, digits and _ . :";
  if (name == "level" && !is_word(value)) return "a word such as info or debug";
  if (path_ == AdminPath::stream && !StreamPlace::parse(value)) return "the id of a transition, as in 17-42";
  if (path_ == AdminPath::events && !number_in(value)) return "the number of an event";
  return {};
}

}  // namespace hawser
