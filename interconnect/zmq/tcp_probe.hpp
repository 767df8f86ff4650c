// What Linux tells about a TCP socket that ZeroMQ owns and we only know by number.
//
// A number alone proves nothing: between two looks the socket may be closed and its number given to another. The cookie
// is the kernel's own name for a socket and is never reused, so it is noted early and compared before anything is done.
#pragma once

#include <cstdint>
#include <optional>

namespace hawser::tcp_probe {

// Zero when `descriptor` is no socket.
std::uint64_t cookie(int descriptor) noexcept;
// All bytes this connection ever received; nothing when it cannot be told.
std::optional<std::uint64_t> bytes_received(int descriptor) noexcept;
// True for a connection whose two ends are the same socket: TCP makes one when a dial to a free port in the ephemeral
// range happens to pick that very port as its own.
bool connected_to_itself(int descriptor) noexcept;
// Ends the connection if the descriptor is still the socket that `cookie` names.
bool shut(int descriptor, std::uint64_t cookie) noexcept;

}  // namespace hawser::tcp_probe
