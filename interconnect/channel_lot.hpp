// Lot: the part of a channel that belongs to one group (tenant) of its messages; most channels have but one.
//
// A lot has its own queues and its own count of room, so that a flooding group fills its own and no other's. Owned and
// locked by its channel.
#pragma once

#include <hawser/base/buffer.hpp>
#include <hawser/base/pooled.hpp>
#include <hawser/base/ring.hpp>
#include <hawser/base/time.hpp>
#include <hawser/interconnect/channel_guard.hpp>
#include <hawser/interconnect/completion.hpp>
#include <hawser/interconnect/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace hawser {

// One message as its caller hands it in.
struct Outgoing {
  BufferRef payload;
  CompletionPtr completion;  // none: nobody waits
  Instant submitted{};
  Instant expires{};
  std::uint64_t request_id = 0;
  std::uint64_t key = 0;
  std::uint64_t group = 0;
  std::uint64_t ticket = 0;       // by which its caller may give it up; 0: not at all
  TypeId type = TypeId::none;     // of the payload; the channel's own except for replies
  std::uint32_t reply_bytes = 0;  // kept for the reply: to this request, or for this reply
  RecordKind kind = RecordKind::message;
};

// What most messages have nothing of.
struct Rare : Pooled {
  std::uint64_t request_id = 0;
  std::uint64_t key = 0;
  std::uint64_t ticket = 0;
  TypeId type = TypeId::none;  // of a reply
  PermitsPtr permits;          // while a breaker is not closed
  std::uint32_t reply_bytes = 0;
};

// One message held by a channel: as many of them are moved and looked at as messages are sent, so it is a cache line.
struct Held {
  BufferRef payload;
  CompletionPtr completion;
  Instant submitted{};
  Instant expires{};
  Instant sent_at{};  // last transmission
  std::uint64_t sequence = 0;
  std::unique_ptr<Rare> rare;
  std::uint32_t bytes = 0;
  std::uint16_t lot = 0;
  RecordKind kind = RecordKind::message;
  bool ended : 1 = false;  // its outcome is known; it only keeps its place among the sent
  bool slow : 1 = false;   // counted as slow already
  bool roomy : 1 = false;  // room is reserved for it

  std::uint64_t request_id() const noexcept { return rare == nullptr ? 0 : rare->request_id; }
  std::uint64_t key() const noexcept { return rare == nullptr ? 0 : rare->key; }
  std::uint64_t ticket() const noexcept { return rare == nullptr ? 0 : rare->ticket; }
  std::uint32_t reply_bytes() const noexcept { return rare == nullptr ? 0 : rare->reply_bytes; }
};
static_assert(sizeof(Held) == 64);

struct LotCount {
  std::size_t messages = 0;
  std::size_t bytes = 0;

  LotCount& operator+=(const LotCount& other) noexcept {
    messages += other.messages;
    bytes += other.bytes;
    return *this;
  }
  LotCount& operator-=(const LotCount& other) noexcept {
    messages -= other.messages;
    bytes -= other.bytes;
    return *this;
  }
  friend bool operator==(const LotCount&, const LotCount&) = default;
};

struct Lot {
  std::uint64_t group = 0;
  Ring<Held> queue;
  Ring<Held> waiting;  // Overflow::wait: without room yet; bounded as what has room is
  std::size_t waiting_bytes = 0;
  LotCount room;                  // from admission to the end
  std::size_t deficit = 0;        // of its turn
  std::uint64_t turned_away = 0;  // messages that found no room

  bool empty() const noexcept { return room.messages == 0 && queue.empty() && waiting.empty(); }
};

}  // namespace hawser
