// FrameRule: what happens to single frames, chosen by guards: where a Rule says what a link is like, this one picks.
//
//   world.add(FrameRule::drop().from("n1").of<Grant>().nth(3));                      // the third Grant of n1
//   world.add(FrameRule::delay(300ms).to("n2").on(LaneClass::control).chance(100'000));
//   const FrameRuleId id = world.add(FrameRule::duplicate().only_while([&] { return n1_holds_the_lock; }));
//   world.remove(id);
//
// A rule applies to a frame when all of its guards hold; without a guard, to every frame. Several rules that apply do
// all that they say, in the order in which they were added; a frame that one has dropped is gone. Guards are asked in
// the order: ends, lane, kind, type, size, only_while, then the count, then chance. A value; guards are added in place.
#pragma once

#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/message.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::sim {

enum class FrameRuleId : std::uint64_t { none = 0 };

// A frame as it is handed to the network.
struct FrameSeen {
  std::string_view from;
  std::string_view to;
  LaneClass lane = LaneClass::control;
  std::span<const std::byte> bytes;
};

class FrameRule {
 public:
  // What happens. TCP does only the first two.
  enum class Action : std::uint8_t { drop, delay, duplicate, corrupt, truncate };

  // It is lost, with all that follows it on its connection: a stream has no gaps.
  static FrameRule drop() { return FrameRule{Action::drop, Duration::zero()}; }
  // It arrives so much later, and what follows it on its connection not before it.
  static FrameRule delay(Duration by) { return FrameRule{Action::delay, by}; }
  static FrameRule duplicate() { return FrameRule{Action::duplicate, Duration::zero()}; }  // it comes twice
  static FrameRule corrupt() { return FrameRule{Action::corrupt, Duration::zero()}; }      // one bit is flipped
  static FrameRule truncate() { return FrameRule{Action::truncate, Duration::zero()}; }    // its end is missing

  // Which frames. Ends: host names. `between` is both directions.
  FrameRule& from(std::string name);
  FrameRule& to(std::string name);
  FrameRule& between(std::string one, std::string other);
  FrameRule& on(LaneClass lane);
  FrameRule& kind(FrameKind kind);
  // Batches with a message, request or reply of one of these types; may be said several times.
  FrameRule& of(TypeId type);
  template <typename T>
  FrameRule& of() {
    return of(type_info<T>().id);
  }
  FrameRule& larger_than(std::size_t bytes);
  FrameRule& only_while(std::function<bool()> so);
  // Of those for which the guards above hold, counted from 1: only the nth; the first so many; those after so many;
  // every nth. One of them at most.
  FrameRule& nth(std::uint64_t number);
  FrameRule& first(std::uint64_t count);
  FrameRule& after(std::uint64_t count);
  FrameRule& every(std::uint64_t number);
  FrameRule& chance(std::uint32_t millionths);

  Action action() const noexcept { return action_; }
  Duration by() const noexcept { return by_; }
  std::uint32_t chance() const noexcept { return chance_; }
  // Whether all guards but chance hold. Counts the frame.
  bool meets(const FrameSeen& frame);
  // How many frames it was applied to; for Network.
  std::uint64_t applied() const noexcept { return applied_; }
  void apply() noexcept { ++applied_; }

 private:
  enum class Count : std::uint8_t { all, nth, first, after, every };

  FrameRule(Action action, Duration by) : action_(action), by_(by) {}
  FrameRule& count(Count which, std::uint64_t number);
  bool ends_fit(const FrameSeen& frame) const noexcept;
  bool content_fits(const FrameSeen& frame) const;
  bool count_fits() const noexcept;

  Action action_;
  Duration by_;
  std::string from_;  // empty: any
  std::string to_;
  bool both_ = false;
  std::optional<LaneClass> lane_;
  std::optional<FrameKind> kind_;
  std::vector<TypeId> types_;
  std::size_t larger_than_ = 0;
  std::function<bool()> while_;
  Count count_ = Count::all;
  std::uint64_t number_ = 0;
  std::uint32_t chance_ = 1'000'000;
  std::uint64_t seen_ = 0;
  std::uint64_t applied_ = 0;
};

}  // namespace hawser::sim
