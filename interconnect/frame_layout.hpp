// Where the fixed fields of a frame and of a record lie, and how they are read and written. Internal to the frame
// files.
//
// Little endian, as every machine we run on. All access goes through memcpy, so that it is right at any alignment and
// compiles to plain moves.
#pragma once

#include <hawser/interconnect/frame.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace hawser::layout {

static_assert(std::endian::native == std::endian::little, "the wire is little endian");

inline constexpr std::uint32_t magic = 0x52535748;  // the bytes "HWSR"

// Preamble.
inline constexpr std::size_t magic_at = 0;
inline constexpr std::size_t version_at = 4;
inline constexpr std::size_t kind_at = 5;
inline constexpr std::size_t lane_at = 6;
inline constexpr std::size_t flags_at = 7;
inline constexpr std::size_t frame_bytes_at = 8;
inline constexpr std::size_t header_words_at = 12;
inline constexpr std::size_t checksum_at = 16;
inline constexpr std::size_t number_at = 24;

// Record head.
inline constexpr std::size_t record_payload_bytes_at = 0;
inline constexpr std::size_t record_kind_at = 4;
inline constexpr std::size_t record_flags_at = 5;
inline constexpr std::size_t record_extension_words_at = 6;
inline constexpr std::size_t record_attempt_at = 7;
inline constexpr std::size_t record_type_at = 8;
inline constexpr std::size_t record_sequence_at = 16;
inline constexpr std::size_t record_expires_at = 24;  // in an acknowledgement: credit in messages

// Head of a message that follows another one; its first word is as above.
inline constexpr std::size_t following_later_at = 8;  // how much later than that one it expires
inline constexpr std::size_t following_waited_at = 12;

inline constexpr std::uint8_t flag_request_id = 1;
inline constexpr std::uint8_t flag_chunk = 2;
inline constexpr std::uint8_t flag_traceparent = 4;
inline constexpr std::uint8_t flag_waited = 8;
inline constexpr std::uint8_t flags_known = 7 | flag_waited;  // of a whole head
inline constexpr std::uint8_t flag_follows = 16;              // alone, of the short one

inline constexpr std::size_t range_bytes = 16;
inline constexpr std::size_t frame_bytes_limit = 0xffff'fff8;

template <typename T>
T load(const std::byte* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
void store(std::byte* at, T value) noexcept {
  std::memcpy(at, &value, sizeof value);
}

constexpr std::size_t padded(std::size_t bytes) noexcept { return (bytes + 7) & ~std::size_t{7}; }

// Writes everything of the preamble that is known before the frame is complete.
void write_preamble(std::byte* frame, FrameKind kind, std::uint8_t version, LaneClass lane, std::uint64_t number,
                    std::size_t header_words) noexcept;
// Writes the length and the checksum. Nothing of the frame may change after it.
void seal(std::span<std::byte> frame) noexcept;
std::uint64_t checksum(std::span<const std::byte> frame) noexcept;

}  // namespace hawser::layout
