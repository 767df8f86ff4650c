#include <hawser/sim/frame_rule.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/sim/frame_types.hpp>

#include <utility>

namespace hawser::sim {

FrameRule& FrameRule::from(std::string name) {
  from_ = std::move(name);
  return *this;
}

FrameRule& FrameRule::to(std::string name) {
  to_ = std::move(name);
  return *this;
}

FrameRule& FrameRule::between(std::string one, std::string other) {
  from_ = std::move(one);
  to_ = std::move(other);
  both_ = true;
  return *this;
}

FrameRule& FrameRule::on(LaneClass lane) {
  lane_ = lane;
  return *this;
}

FrameRule& FrameRule::kind(FrameKind kind) {
  kind_ = kind;
  return *this;
}

FrameRule& FrameRule::of(TypeId type) {
  types_.push_back(type);
  return *this;
}

FrameRule& FrameRule::larger_than(std::size_t bytes) {
  larger_than_ = bytes;
  return *this;
}

FrameRule& FrameRule::only_while(std::function<bool()> so) {
  while_ = std::move(so);
  return *this;
}

FrameRule& FrameRule::nth(std::uint64_t number) { return count(Count::nth, number); }
FrameRule& FrameRule::first(std::uint64_t count) { return this->count(Count::first, count); }
FrameRule& FrameRule::after(std::uint64_t count) { return this->count(Count::after, count); }
FrameRule& FrameRule::every(std::uint64_t number) { return count(Count::every, number); }

FrameRule& FrameRule::count(Count which, std::uint64_t number) {
  HAWSER_ASSERT(count_ == Count::all, "a rule counts in one way");
  HAWSER_ASSERT(number >= 1, "frames are counted from 1");
  count_ = which;
  number_ = number;
  return *this;
}

FrameRule& FrameRule::chance(std::uint32_t millionths) {
  chance_ = millionths;
  return *this;
}

bool FrameRule::meets(const FrameSeen& frame) {
  if (!ends_fit(frame) || (lane_ && *lane_ != frame.lane) || frame.bytes.size() <= larger_than_) return false;
  if (!content_fits(frame) || (while_ && !while_())) return false;
  ++seen_;
  return count_fits();
}

bool FrameRule::ends_fit(const FrameSeen& frame) const noexcept {
  const auto fit = [&](std::string_view sender, std::string_view receiver) {
    return (from_.empty() || from_ == sender) && (to_.empty() || to_ == receiver);
  };
  return fit(frame.from, frame.to) || (both_ && fit(frame.to, frame.from));
}

bool FrameRule::content_fits(const FrameSeen& frame) const {
  if (kind_) {
    std::string problem;
    const auto info = inspect_frame(frame.bytes, problem);
    if (!info || info->kind != *kind_) return false;
  }
  return types_.empty() || holds_type(frame.bytes, types_);
}

bool FrameRule::count_fits() const noexcept {
  switch (count_) {
    case Count::all:
      return true;
    case Count::nth:
      return seen_ == number_;
    case Count::first:
      return seen_ <= number_;
    case Count::after:
      return seen_ > number_;
    case Count::every:
      return seen_ % number_ == 0;
  }
  return false;
}

}  // namespace hawser::sim
