// Load: what one measurement does, and Figures: what it found.
//
// A load is carried out by two processes, a sender and a receiver, which learn it from their command line; the sender
// reports the figures as one line of text. Both are values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hawser::bench {

enum class Work : std::uint8_t {
  one_way,     // the sender sends as fast as it is let, the receiver counts
  round_trip,  // one request at a time
  pipelined,   // `open` requests at a time
  paced,       // the sender sends `rate` messages a second, the receiver counts; none: both are at rest
  post,        // bursts, each call timed
  broadcast,   // one message to eight peers in the sender's own process, each call timed
  serve,       // may_serve(), asked by `open` threads of the application at once, calls timed in bursts
};

enum class Side : std::uint8_t {
  plain,      // libzmq's DEALER and ROUTER, one zmq_msg_send per message
  typed,      // Hawser: built afresh for every message, read by the handler
  opaque,     // Hawser: encoded once, the handler does not look inside
  sends,      // Hawser: a broadcast made of single sends
  broadcast,  // Hawser: a broadcast
  clock,      // no Hawser: the clock that may_serve() reads, and nothing else
};

struct Load {
  Work work = Work::one_way;
  Side side = Side::plain;
  std::uint32_t bytes = 64;  // payload as it travels, without any framing of the layer under test
  std::uint32_t open = 1;    // requests without reply, pipelined; threads that ask, serve
  std::uint32_t rate = 0;    // messages per second, paced
  std::uint32_t warm_up_ms = 200;
  std::uint32_t measured_ms = 1000;
  std::int32_t cpu = -1;          // both processes run on this one; -1: wherever they like
  std::uint32_t backoff_us = 50;  // what the Hawser sender sleeps when its queue is full; 0 yields instead
  std::uint16_t sender_port = 0;
  std::uint16_t receiver_port = 0;
  std::uint16_t sender_admin = 0;  // where their HTTP sides listen; 0: nowhere
  std::uint16_t receiver_admin = 0;

  friend bool operator==(const Load&, const Load&) = default;
};

// `name=value` words, and back. Unknown names and bad numbers give nothing.
std::vector<std::string> to_words(const Load& load);
std::optional<Load> load_from_words(const std::vector<std::string>& words);

struct Figures {
  std::uint64_t accepted = 0;   // taken from the sender in the measured time
  std::uint64_t delivered = 0;  // of those, counted by the receiver (one way) or answered
  double seconds = 0;           // from the first send until the sender knew the receiver's count
  double cpu_seconds = 0;       // user and system time of both processes in between
  double p50_us = 0;            // of round trips or calls
  double p99_us = 0;

  double per_second() const noexcept { return seconds > 0 ? static_cast<double>(delivered) / seconds : 0; }
  double cpu_per_million() const noexcept {
    return delivered > 0 ? cpu_seconds * 1e6 / static_cast<double>(delivered) : 0;
  }
};

std::string to_line(const Figures& figures);
std::optional<Figures> figures_from_line(const std::string& line);

}  // namespace hawser::bench
