// How messages of one type travel: the settings of a channel, given in code or in `[types.Name]`.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/runtime.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace hawser {

// What happens when a channel has no room for one more message. Only unsent messages are ever dropped or replaced.
enum class Overflow : std::uint8_t {
  reject,       // the new message ends as queue_full
  drop_oldest,  // the oldest unsent one does, cause dropped_oldest
  keep_latest,  // an unsent one of the same key is replaced, cause superseded
  wait,         // the sender waits for room until the message's TTL ends
};
std::string_view to_string(Overflow overflow) noexcept;

// What happens to unsent messages when the peer becomes unreachable.
enum class Hold : std::uint8_t {
  no,         // they end as unreachable at once
  until_ttl,  // they wait for the peer until their TTL ends
};
std::string_view to_string(Hold hold) noexcept;

inline constexpr std::uint8_t priority_max = 7;

struct TypePolicy {
  LaneClass lane = LaneClass::ordinary;  // ordinary or bulk
  std::uint8_t priority = 4;             // 0 (first to be shed) .. 7
  Duration ttl{0};                       // 0: the configuration's
  Overflow overflow = Overflow::reject;
  Hold hold = Hold::no;
  std::size_t channel_bytes = 0;     // 0: the configuration's
  std::size_t channel_messages = 0;  // 0: the configuration's
  std::size_t reply_bytes = 0;       // room kept for each reply: the configuration's if 0
  std::uint32_t groups = 16;         // into how many shares the channel is cut once messages name groups; 1 .. 256
  std::uint32_t concurrency = 1;     // handlers of this type at a time; above 1, order means order of start
  bool ungated = false;              // flows whatever the stance
  Duration slow_limit{0};            // 0: the breaker's
  // May be repeated after it may have taken effect: what `retries` of a request asks. Of the program alone, no setting.
  bool idempotent = false;
  bool refused_is_failure = false;  // whether a failing handler counts against the breaker
};

// What a file may change of a type's policy.
struct TypeOverrides {
  std::optional<LaneClass> lane;
  std::optional<std::uint8_t> priority;
  std::optional<Duration> ttl;
  std::optional<Overflow> overflow;
  std::optional<Hold> hold;
  std::optional<std::size_t> channel_bytes;
  std::optional<std::size_t> channel_messages;
  std::optional<std::size_t> reply_bytes;
  std::optional<std::uint32_t> groups;
  std::optional<std::uint32_t> concurrency;
  std::optional<bool> ungated;
  std::optional<Duration> slow_limit;
  std::optional<bool> refused_is_failure;

  void apply_to(TypePolicy& policy) const;
};

}  // namespace hawser
