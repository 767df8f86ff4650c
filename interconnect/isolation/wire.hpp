// How numbers, epochs, views and rows are written into bytes and read back: what pulse and stored vote share.
//
// Little endian, no padding. A reader goes on after the first fault with zeros and says at the end what was wrong, so
// that the code that uses it reads like a list of fields. Nothing is allocated by what a count claims.
#pragma once

#include <hawser/interconnect/isolation/member_table.hpp>
#include <hawser/interconnect/isolation/view.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hawser {

static_assert(std::endian::native == std::endian::little, "the wire is little endian");

class WireWriter {
 public:
  template <typename Number>
  void number(Number value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
  }
  void flag(bool value) { number(static_cast<std::uint8_t>(value)); }
  void epoch(const Epoch& epoch);
  void view(const View& view);
  void set(const MemberSet& set, std::size_t places);
  void row(const MemberRow& row, std::size_t places);

  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  std::vector<std::byte> take() noexcept { return std::exchange(bytes_, {}); }

 private:
  std::vector<std::byte> bytes_;
};

class WireReader {
 public:
  // `places`: how many there are in the cluster; larger ones are refused.
  WireReader(std::span<const std::byte> bytes, std::size_t places) : rest_(bytes), places_(places) {}

  template <typename Number>
  Number number() noexcept {
    Number value{};
    if (rest_.size() < sizeof value) {
      fail("it is cut short");
    } else {
      std::memcpy(&value, rest_.data(), sizeof value);
      rest_ = rest_.subspan(sizeof value);
    }
    return value;
  }
  bool flag() noexcept;
  Incarnation incarnation() noexcept;  // never unknown
  Place place() noexcept;
  Epoch epoch() noexcept;  // of a view, or zero
  // One that a leaving member resigns for may be above all others.
  Epoch bound() noexcept;
  View view();
  MemberSet set() noexcept;
  MemberRow row() noexcept;

  // The first complaint wins. `what`: a literal.
  void fail(std::string_view what) noexcept;
  bool failed() const noexcept { return !problem_.empty(); }
  // True when all was well and nothing is left over.
  bool finish(std::string& problem);

 private:
  std::span<const std::byte> rest_;
  std::size_t places_;
  std::string_view problem_;
};

}  // namespace hawser
