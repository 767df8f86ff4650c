// Names of things: node ids, incarnations, message types, epochs.
//
// A NodeId is a validated value; everything that holds one may rely on it being well formed. Ids order by text, so that
// containers keyed by them iterate the same way everywhere.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace hawser {

// 1..64 characters of `a-z 0-9 . _ -`. A default constructed id is empty and names nobody.
class NodeId {
 public:
  static constexpr std::size_t size_max = 64;

  NodeId() = default;
  // REQUIRES: valid(text). For input from outside use parse.
  NodeId(std::string_view text);                                       // NOLINT: ids are written as plain strings
  NodeId(const char* text) : NodeId(std::string_view{text}) {}         // NOLINT
  NodeId(const std::string& text) : NodeId(std::string_view{text}) {}  // NOLINT

  static bool valid(std::string_view text) noexcept;
  static std::optional<NodeId> parse(std::string_view text);

  const std::string& text() const noexcept { return text_; }
  bool empty() const noexcept { return text_.empty(); }

  friend bool operator==(const NodeId&, const NodeId&) = default;
  friend std::strong_ordering operator<=>(const NodeId& a, const NodeId& b) noexcept {
    return a.text_.compare(b.text_) <=> 0;
  }

 private:
  std::string text_;
};

std::ostream& operator<<(std::ostream&, const NodeId&);

// Grows every time a node id starts again. Zero means unknown.
enum class Incarnation : std::uint64_t { unknown = 0 };
constexpr std::uint64_t to_number(Incarnation i) noexcept { return static_cast<std::uint64_t>(i); }

// The id a Cap'n Proto struct carries in its schema (`@0x...`).
enum class TypeId : std::uint64_t { none = 0 };
constexpr std::uint64_t to_number(TypeId t) noexcept { return static_cast<std::uint64_t>(t); }

// The number of a view: ordered by counter, then proposer (its place in the configured list), then its incarnation.
struct Epoch {
  std::uint64_t counter = 0;
  std::uint32_t proposer = 0;
  Incarnation proposer_incarnation = Incarnation::unknown;

  friend auto operator<=>(const Epoch&, const Epoch&) = default;
};

std::ostream& operator<<(std::ostream&, const Epoch&);

}  // namespace hawser

template <>
struct std::hash<hawser::NodeId> {
  std::size_t operator()(const hawser::NodeId& id) const noexcept { return std::hash<std::string>{}(id.text()); }
};
