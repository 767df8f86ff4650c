// What a wake-up carries: which socket it is about. A number rather than a pointer, since the socket may be gone by
// then.
#pragma once

#include <hawser/interconnect/runtime.hpp>

#include <cstdint>

namespace hawser::socket_token {

enum class Kind : std::uint8_t { listener, listener_monitor, link, link_monitor };

constexpr std::uint64_t listener() noexcept { return 0; }
constexpr std::uint64_t listener_monitor() noexcept { return 1; }
constexpr std::uint64_t link(LinkId id) noexcept { return (static_cast<std::uint64_t>(id) << 2) | 2; }
constexpr std::uint64_t link_monitor(LinkId id) noexcept { return (static_cast<std::uint64_t>(id) << 2) | 3; }

constexpr Kind kind(std::uint64_t token) noexcept { return static_cast<Kind>(token & 3); }
constexpr LinkId link_of(std::uint64_t token) noexcept { return LinkId{token >> 2}; }

}  // namespace hawser::socket_token
