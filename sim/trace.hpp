// The trace of a run: what happened, as rows of fixed columns and as one rolling hash of them all.
//
// The hash is equal across compilers and optimisation levels: it takes numbers and text, never an address. Of a frame
// sent it also takes the first 32 bytes, where its checksum is, so that frames of equal size and different content
// differ.
#pragma once

#include <hawser/sim/event_queue.hpp>
#include <hawser/sim/virtual_clock.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::sim {

// Columns: time (us of world time), host, kind, other host, number, text. Which of the last three a kind fills:
enum class TraceKind : std::uint8_t {
  sent,       // host to other; bytes
  arrived,    // at host, from other; bytes
  lost,       // host to other; bytes
  dial,       // host to other; lane
  link_up,    // at host, towards other; lane
  link_down,  // the same; lane; why
  closed,     // an inbound connection at host, from other; lane
  process,    // host; how often it was started; started, crashed, lost power, stopped, paused, resumed
  hardship,   // the verb
  note,       // host; whatever a node or a test has to say
};
std::string_view to_string(TraceKind kind) noexcept;

struct TraceRow {
  WorldTime at{};
  TraceKind kind = TraceKind::note;
  Owner host = world_owner;
  Owner other = world_owner;
  std::uint64_t number = 0;
  std::string text;

  friend bool operator==(const TraceRow&, const TraceRow&) = default;
};

class Trace {
 public:
  // Keeps the last `rows_max` rows; prints each as it comes when `printed_to` is given, which must outlive the trace.
  explicit Trace(std::size_t rows_max = 0, std::ostream* printed_to = nullptr)
      : rows_max_(rows_max), printed_to_(printed_to) {}

  void name_host(Owner host, std::string name);
  void add(WorldTime at, TraceKind kind, Owner host, Owner other, std::uint64_t number) {
    mix_row(at, kind, host, other, number);
    if (keeps()) keep({at, kind, host, other, number, {}});
  }
  void add(WorldTime at, TraceKind kind, Owner host, Owner other, std::uint64_t number, std::string_view text);
  void add_sent(WorldTime at, Owner host, Owner other, std::span<const std::byte> frame);

  std::uint64_t hash() const noexcept { return hash_; }
  std::uint64_t rows_seen() const noexcept { return rows_seen_; }
  // The rows kept, oldest first.
  std::vector<TraceRow> rows() const;
  void print(std::ostream& out) const;
  void print(std::ostream& out, const TraceRow& row) const;

 private:
  bool keeps() const noexcept { return rows_max_ != 0 || printed_to_ != nullptr; }
  void keep(TraceRow row);
  void mix(std::uint64_t word) noexcept {
    hash_ = std::rotl(hash_ ^ word * 0x9e3779b97f4a7c15ULL, 29) * 0xc2b2ae3d27d4eb4fULL + 0x165667b19e3779f9ULL;
  }
  void mix_row(WorldTime at, TraceKind kind, Owner host, Owner other, std::uint64_t number) noexcept {
    ++rows_seen_;
    mix(static_cast<std::uint64_t>(to_us(at)) << 4 | static_cast<std::uint64_t>(kind));
    mix(std::uint64_t{host} << 32 | other);
    mix(number);
  }
  std::string_view name(Owner host) const;

  std::size_t rows_max_;
  std::ostream* printed_to_;
  std::uint64_t hash_ = 0x27d4eb2f165667c5ULL;
  std::uint64_t rows_seen_ = 0;
  std::size_t oldest_ = 0;
  std::vector<TraceRow> kept_;
  std::vector<std::string> names_;
};

}  // namespace hawser::sim
