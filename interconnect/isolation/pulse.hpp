// What members tell each other about views: one kind of message, sent every heartbeat and in answer to one.
//
// It fits one record of the control lane. A pulse with a sequence asks for support; an answer repeats that sequence and
// the asker's incarnation. Losing, delaying, doubling or reordering pulses costs time, never safety. Decoding believes
// nothing: every place, count, epoch and length is checked, what is wrong is refused with a sentence, and nothing is
// allocated by what a length field claims.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/interconnect/isolation/member_table.hpp>
#include <hawser/interconnect/isolation/view.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hawser {

inline constexpr std::size_t pulse_bytes_max = 16 * 1024;
// Rows in one pulse: the sender's own, and the others in turn where there are more.
inline constexpr std::size_t pulse_rows_max = 32;

struct PulseAnswer {
  std::uint64_t sequence = 0;                      // of the pulse that is answered
  Incarnation incarnation = Incarnation::unknown;  // of its sender
  bool supports = false;                           // it is in the answerer's grant, and promised that this stays so
  std::optional<Epoch> before;                     // the grant before that; nothing: unknown

  friend bool operator==(const PulseAnswer&, const PulseAnswer&) = default;
};

struct Pulse {
  Incarnation incarnation = Incarnation::unknown;  // of the sender
  std::uint64_t sequence = 0;                      // 0: asks for nothing
  View grant;                                      // its highest; none when the epoch is zero
  Epoch max_seen;                                  // the highest epoch it has heard of
  Epoch below;                                     // it serves nothing below this
  std::vector<MemberRow> rows;                     // its own and others'
  std::optional<View> proposal;                    // it asks for this view to be granted
  std::optional<Epoch> refused;                    // it refuses the proposal of this epoch
  std::optional<PulseAnswer> answer;

  friend bool operator==(const Pulse&, const Pulse&) = default;
};

// `places`: Coterie::places(), the same on every node. REQUIRES: a first row, the sender's own; at most pulse_rows_max.
std::vector<std::byte> encode(const Pulse& pulse, std::size_t places);
// False with `problem` when the bytes are no pulse of a member of a cluster with `places` places.
bool decode(std::span<const std::byte> bytes, std::size_t places, Pulse& pulse, std::string& problem);

}  // namespace hawser
