#include <hawser/interconnect/frame.hpp>

#include <hawser/interconnect/frame_layout.hpp>

// The kernel of the library for this very processor; the plain one keeps to what every x86-64 has, and takes four times
// as long.
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#include <algorithm>
#include <array>

namespace hawser {

namespace layout {

void write_preamble(std::byte* frame, FrameKind kind, std::uint8_t version, LaneClass lane, std::uint64_t number,
                    std::size_t header_words) noexcept {
  store(frame + magic_at, magic);
  store(frame + version_at, version);
  store(frame + kind_at, static_cast<std::uint8_t>(kind));
  store(frame + lane_at, static_cast<std::uint8_t>(lane));
  store(frame + flags_at, std::uint8_t{0});
  store(frame + header_words_at, static_cast<std::uint32_t>(header_words));
  store(frame + number_at, number);
}

// The preamble is hashed with the hash of all that follows it in the place of the checksum: two calls over memory that
// is read once, and no need to write into a frame that is only being looked at.
std::uint64_t checksum(std::span<const std::byte> frame) noexcept {
  std::array<std::byte, preamble_bytes> preamble;
  std::memcpy(preamble.data(), frame.data(), preamble_bytes);
  const std::span<const std::byte> rest = frame.subspan(preamble_bytes);
  store(preamble.data() + checksum_at, static_cast<std::uint64_t>(XXH3_64bits(rest.data(), rest.size())));
  return XXH3_64bits(preamble.data(), preamble_bytes);
}

void seal(std::span<std::byte> frame) noexcept {
  store(frame.data() + frame_bytes_at, static_cast<std::uint32_t>(frame.size()));
  store(frame.data() + checksum_at, checksum(frame));
}

}  // namespace layout

namespace {

constexpr std::array<std::string_view, refusal_reason_count> refusal_names{"none",
                                                                           "wrong_cluster",
                                                                           "not_addressed",
                                                                           "unknown_node",
                                                                           "stale_incarnation",
                                                                           "superseded",
                                                                           "no_common_version",
                                                                           "config_mismatch",
                                                                           "identity_mismatch",
                                                                           "malformed",
                                                                           "peer_removed",
                                                                           "stopping",
                                                                           "too_many_connections",
                                                                           "own_id",
                                                                           "stale_session"};

// Whether a frame must be readable by a node that shares no version with its sender.
bool speaks_every_version(std::uint8_t kind) noexcept {
  return kind == static_cast<std::uint8_t>(FrameKind::hello) || kind == static_cast<std::uint8_t>(FrameKind::refusal);
}

std::optional<FrameInfo> refuse(std::string& problem, const char* why) {
  problem = why;
  return std::nullopt;
}

}  // namespace

std::string_view to_string(RefusalReason reason) noexcept {
  const auto index = static_cast<std::size_t>(reason);
  return index < refusal_names.size() ? refusal_names[index] : "?";
}

std::string_view to_string(FrameKind kind) noexcept {
  switch (kind) {
    case FrameKind::hello:
      return "hello";
    case FrameKind::welcome:
      return "welcome";
    case FrameKind::refusal:
      return "refusal";
    case FrameKind::batch:
      return "batch";
    case FrameKind::goodbye:
      return "goodbye";
  }
  return "?";
}

std::optional<std::uint8_t> choose_version(VersionRange a, VersionRange b) noexcept {
  const std::uint8_t highest = std::min(a.max, b.max);
  if (a.min > a.max || b.min > b.max || highest < std::max(a.min, b.min)) return std::nullopt;
  return highest;
}

std::optional<FrameInfo> inspect_frame(std::span<const std::byte> frame, std::string& problem, VersionRange accepted) {
  using namespace layout;
  if (frame.size() < preamble_bytes) return refuse(problem, "a frame is shorter than its preamble");
  const std::byte* const at = frame.data();
  if (load<std::uint32_t>(at + magic_at) != magic) return refuse(problem, "a frame does not begin with HWSR");
  if (load<std::uint32_t>(at + frame_bytes_at) != frame.size()) {
    return refuse(problem, "a frame's length is not the one it states");
  }
  if (frame.size() % 8 != 0) return refuse(problem, "a frame's length is not a multiple of 8");
  if (load<std::uint64_t>(at + checksum_at) != checksum(frame)) {
    return refuse(problem, "a frame's checksum does not match");
  }

  const auto version = load<std::uint8_t>(at + version_at);
  const auto kind = load<std::uint8_t>(at + kind_at);
  if (!speaks_every_version(kind) && !accepted.contains(version)) {
    return refuse(problem, "a frame is of a wire version that we do not speak");
  }
  if (kind < static_cast<std::uint8_t>(FrameKind::hello) || kind > static_cast<std::uint8_t>(FrameKind::goodbye)) {
    return refuse(problem, "a frame is of an unknown kind");
  }
  const auto lane = load<std::uint8_t>(at + lane_at);
  if (lane >= lane_count) return refuse(problem, "a frame names an unknown lane");
  if (load<std::uint8_t>(at + flags_at) != 0) return refuse(problem, "a frame has unknown flags");

  const std::size_t header_bytes = std::size_t{load<std::uint32_t>(at + header_words_at)} * 8;
  const std::size_t room = frame.size() - preamble_bytes;
  if (header_bytes == 0 || header_bytes > room) return refuse(problem, "a frame's header does not fit into it");
  const auto number = load<std::uint64_t>(at + number_at);
  if (kind == static_cast<std::uint8_t>(FrameKind::batch)) {
    if (number == 0) return refuse(problem, "a batch has number 0");
  } else {
    if (header_bytes != room) return refuse(problem, "a frame without records has bytes after its header");
    if (number != 0) return refuse(problem, "a frame that is no batch has a batch number");
    if (lane != 0 && kind != static_cast<std::uint8_t>(FrameKind::hello)) {
      return refuse(problem, "a frame of the handshake names a lane it cannot travel on");
    }
  }
  return FrameInfo{static_cast<FrameKind>(kind), version, static_cast<LaneClass>(lane), number};
}

}  // namespace hawser
