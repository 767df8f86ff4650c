// Frames: what travels in one ZeroMQ message, and its limits. docs/wire.md has every byte.
//
// A frame is a fixed preamble, one Cap'n Proto header (said once per frame) and, in a batch, a run of fixed, 8-byte
// aligned records, each with its payload. Decoding never throws, never allocates by what a length field claims, and
// checks everything before it is believed; what is wrong is refused with a sentence. A batch is read lazily: a record
// that lies is found when it is reached, and ends the batch there.
#pragma once

#include <hawser/base/buffer.hpp>
#include <hawser/base/ids.hpp>
#include <hawser/interconnect/outcome.hpp>
#include <hawser/interconnect/runtime.hpp>
#include <hawser/interconnect/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {

inline constexpr std::uint8_t wire_version_min = 1;
inline constexpr std::uint8_t wire_version_max = 1;
inline constexpr std::size_t preamble_bytes = 32;
inline constexpr std::size_t record_bytes = 32;
inline constexpr std::size_t following_record_bytes = 16;  // of a message that follows another one
inline constexpr std::size_t frame_bytes_max = 1u << 20;   // of version 1: a larger one ends its connection
inline constexpr std::size_t resume_entries_max = 16'384;
inline constexpr std::size_t hears_entries_max = 1'024;
inline constexpr std::size_t asks_max = 16;
inline constexpr std::size_t refusal_text_max = 512;  // bytes; a longer text is cut
inline constexpr std::size_t cluster_name_max = 255;  // bytes

// The wire versions that a node speaks. There is no version 0.
struct VersionRange {
  std::uint8_t min = wire_version_min;
  std::uint8_t max = wire_version_max;

  constexpr bool contains(std::uint8_t version) const noexcept { return version >= min && version <= max; }
  friend bool operator==(const VersionRange&, const VersionRange&) = default;
};
// The highest version in both ranges.
std::optional<std::uint8_t> choose_version(VersionRange a, VersionRange b) noexcept;

enum class FrameKind : std::uint8_t { hello = 1, welcome = 2, refusal = 3, batch = 4, goodbye = 5 };
std::string_view to_string(FrameKind kind) noexcept;

// What can be said of a frame without decoding it. `problem` when it is no frame of ours.
struct FrameInfo {
  FrameKind kind = FrameKind::batch;
  std::uint8_t version = 0;
  LaneClass lane = LaneClass::control;
  std::uint64_t number = 0;  // of a batch on its lane, counted by its sender over the session's life, from 1
};
// Checks magic, kind, lane, lengths and checksum, at any alignment. A hello or refusal of any version passes, since
// versions are negotiated in them; all others must be of an accepted one.
std::optional<FrameInfo> inspect_frame(std::span<const std::byte> frame, std::string& problem,
                                       VersionRange accepted = {});

// Opens a lane. On the control lane it proposes the session.
struct Hello {
  std::string cluster;
  NodeId from;
  NodeId to;
  Incarnation from_incarnation = Incarnation::unknown;
  Incarnation to_incarnation = Incarnation::unknown;  // the one it knows; unknown if none
  std::uint64_t session = 0;                          // of `from`; grows with each that its incarnation begins
  std::uint64_t nonce = 0;                            // of this connection; the welcome repeats it
  LaneClass lane = LaneClass::control;
  std::uint8_t version_min = wire_version_min;
  std::uint8_t version_max = wire_version_max;
  std::uint64_t generation_digest = 0;
  std::int64_t sent_at = 0;  // on the session clock of `from`
  std::uint64_t batches_before =
      0;  // number of the newest batch of earlier connections of this lane; 0: none, or not said

  friend bool operator==(const Hello&, const Hello&) = default;
};

// For one channel (of the receiver of the welcome): everything up to `received` was taken, do not send it again.
struct ChannelResume {
  TypeId type = TypeId::none;  // none: the channel of replies
  std::uint64_t received = 0;
  std::uint64_t received_bytes = 0;  // payload bytes of all that was taken
  std::uint64_t credit_messages = 0;
  std::uint64_t credit_bytes = 0;

  friend bool operator==(const ChannelResume&, const ChannelResume&) = default;
};

// Answers a hello, on the answerer's own control lane.
struct Welcome {
  NodeId from;
  NodeId to;
  Incarnation from_incarnation = Incarnation::unknown;
  Incarnation to_incarnation = Incarnation::unknown;
  std::uint64_t session = 0;            // of `from`
  std::uint64_t peer_session = 0;       // repeated from the hello
  std::uint64_t nonce = 0;              // repeated from the hello
  LaneClass lane = LaneClass::control;  // the lane that the hello opened
  std::uint8_t version = 0;             // chosen for this session
  std::int64_t sent_at = 0;
  std::int64_t hello_sent_at = 0;  // repeated from the hello
  std::vector<ChannelResume> resume;

  friend bool operator==(const Welcome&, const Welcome&) = default;
};

enum class RefusalReason : std::uint8_t {
  none = 0,
  wrong_cluster = 1,
  not_addressed = 2,      // the hello is for another node id
  unknown_node = 3,       // not a configured peer
  stale_incarnation = 4,  // a newer incarnation of that id is known: another process with that id runs
  superseded = 5,         // told to the older of two processes with one id
  no_common_version = 6,
  config_mismatch = 7,
  identity_mismatch = 8,  // the hello names somebody else than the connection belongs to
  malformed = 9,
  peer_removed = 10,
  stopping = 11,
  too_many_connections = 12,
  own_id = 13,         // it has our own id: two processes with one node id
  stale_session = 14,  // the hello was overtaken: a later session of that incarnation is known
};
inline constexpr std::size_t refusal_reason_count = 15;
std::string_view to_string(RefusalReason reason) noexcept;

// The one frame that flows back on the connection it answers, since a refused stranger has no lane of ours.
struct Refusal {
  NodeId from;
  Incarnation from_incarnation = Incarnation::unknown;
  RefusalReason reason = RefusalReason::none;
  std::string text;
  std::uint8_t version_min = wire_version_min;
  std::uint8_t version_max = wire_version_max;

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// Said on the control lane by a node that stops on purpose, when it takes no more and has given all verdicts it will
// give. `settled`: `taken` is all that it took in this session, of channels it does not name nothing.
struct Goodbye {
  NodeId from;
  Incarnation from_incarnation = Incarnation::unknown;
  std::uint8_t version = wire_version_max;  // of the session it ends
  bool settled = false;
  std::vector<ChannelResume> taken;  // at most resume_entries_max; of each entry only type and received

  friend bool operator==(const Goodbye&, const Goodbye&) = default;
};

struct Heartbeat {
  std::uint64_t sequence = 0;       // 0: this only answers
  std::uint64_t reply_to = 0;       // 0: this only asks
  std::uint64_t reply_hold_us = 0;  // between hearing the one answered and this
  Stance stance = Stance::joining;
  std::uint64_t last_heard = 0;  // the highest sequence of the receiver that the sender has heard
  std::vector<Hears> hears;
  std::vector<HeardAgo> asks;     // at most asks_max: whom the sender has not heard for long
  std::vector<HeardAgo> answers;  // at most asks_max
  std::uint8_t lanes_silent = 0;  // a bit per lane of the sender's, by its number: it gets nothing through there

  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

// Said once per batch.
struct BatchHeader {
  Incarnation from_incarnation = Incarnation::unknown;
  Incarnation to_incarnation = Incarnation::unknown;
  std::uint64_t session = 0;       // the sender's, as in its hello; 0: not said
  std::uint64_t peer_session = 0;  // that of whom it is for
  std::int64_t sent_at = 0;        // session clock of the sender, when the batch was handed over
  Epoch epoch;
  std::uint64_t received[lane_count] = {};  // highest batch number received on each lane of the receiver of this
  std::optional<Heartbeat> heartbeat;

  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

enum class RecordKind : std::uint8_t { message = 1, request = 2, reply = 3, ack = 4, cancel = 5, want = 6, pulse = 7 };

struct Traceparent {
  std::byte bytes[32] = {};  // trace id 16, span id 8, flags 1, zero 7

  friend bool operator==(const Traceparent&, const Traceparent&) = default;
};

// A message, request, reply, cancellation, or a wish for credit (want: `sequence` is the absolute credit in bytes that
// the next message of the channel needs; `given_up` is credit that was granted and will not be used). A record with
// total_bytes != 0 is a chunk: `payload` is the part that begins at `offset`. A pulse (isolation/pulse.hpp) has nothing
// but its payload.
struct Record {
  RecordKind kind = RecordKind::message;
  std::uint8_t attempt = 0;
  TypeId type = TypeId::none;
  std::uint64_t sequence = 0;
  std::int64_t expires_at = 0;   // session clock of the sender
  std::uint64_t request_id = 0;  // request, reply, cancel
  std::uint32_t offset = 0;
  std::uint32_t total_bytes = 0;
  std::optional<Traceparent> traceparent;
  std::uint64_t given_up = 0;          // want: in bytes, in all since the session began
  std::uint64_t waited_us = 0;         // at its sender before this transmission, where that was long enough to be said
  std::span<const std::byte> payload;  // 8-byte aligned
};

// Sequences first..first+count-1 ended otherwise than as delivered.
struct VerdictRange {
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  OutcomeKind kind = OutcomeKind::delivered;
  Cause cause = Cause::none;
  std::uint16_t retry_after_ms = 0;  // of overloaded: not before so long; 0: nothing is known

  friend bool operator==(const VerdictRange&, const VerdictRange&) = default;
};

// State of one channel at its receiver: cumulative, absolute and idempotent.
struct Ack {
  TypeId type = TypeId::none;                // none: the channel of replies
  std::uint64_t verdicts = 0;                // every sequence up to this one has its verdict
  std::uint64_t credit_messages = 0;         // absolute: sequences up to this one may be sent
  std::uint64_t credit_bytes = 0;            // absolute: so many payload bytes may be sent since the session began
  std::span<const VerdictRange> exceptions;  // among the sequences up to `verdicts`
};

// Each makes a whole frame. The decoders REQUIRE a frame that inspect_frame accepted, and check all the same; when they
// return false, `problem` says why and the value holds nothing to rely on. Any thread.
BufferRef encode(const Hello& hello);
BufferRef encode(const Welcome& welcome);
BufferRef encode(const Refusal& refusal);
BufferRef encode(const Goodbye& goodbye);
bool decode(std::span<const std::byte> frame, Hello& hello, std::string& problem);
bool decode(std::span<const std::byte> frame, Welcome& welcome, std::string& problem);
bool decode(std::span<const std::byte> frame, Refusal& refusal, std::string& problem);
bool decode(std::span<const std::byte> frame, Goodbye& goodbye, std::string& problem);

// Bytes that a record takes in a batch.
std::size_t size_in_batch(const Record& record) noexcept;
std::size_t size_in_batch(const Ack& ack) noexcept;

// What a message need not say that follows another one of its channel in the same batch.
struct Followed {
  TypeId type = TypeId::none;  // none: the last record was no whole message, and nothing may follow it
  std::uint64_t sequence = 0;
  std::int64_t expires_at = 0;
};

// Builds one batch at a time. One writer per lane; its scratch is kept between batches, so that steady traffic does not
// allocate. begin, any number of add, finish.
class BatchWriter {
 public:
  // `bytes_hint`: about how large the batch will get.
  void begin(LaneClass lane, std::uint8_t version, std::uint64_t number, const BatchHeader& header,
             std::size_t bytes_hint);
  bool open() const noexcept;
  std::size_t bytes() const noexcept;  // so far
  std::uint32_t records() const noexcept;
  void add(const Record& record);
  void add(const Ack& ack);
  // A whole message that has nothing but what every message has, and may have waited: most of them. One that follows
  // another of its channel leaves unsaid what that has said. Adds it if it takes at most `budget` bytes, and returns
  // how many it took; 0: it did not fit, and nothing was added.
  std::size_t add_plain(TypeId type, std::uint64_t sequence, std::int64_t expires_at, std::uint64_t waited_us,
                        std::span<const std::byte> payload, std::size_t budget);
  // Writes the checksum and gives the frame away.
  BufferRef finish();

 private:
  std::byte* grow(std::size_t bytes);

  BufferRef frame_;
  std::size_t used_ = 0;
  std::uint32_t records_ = 0;
  Followed last_;
};

// Reads one batch. Records point into the frame, which must outlive the reader.
class BatchReader {
 public:
  // Checks the header. REQUIRES: inspect_frame accepted it as a batch, and it is 8-byte aligned.
  bool open(std::span<const std::byte> frame, std::string& problem);
  const BatchHeader& header() const noexcept { return header_; }
  std::uint32_t records_left() const noexcept { return left_; }

  enum class Next : std::uint8_t { record, ack, end, malformed };
  // Fills `record` or `ack` (whichever it says; ack.exceptions lives until the next call).
  Next next(Record& record, Ack& ack, std::string& problem);

 private:
  BatchHeader header_;
  std::span<const std::byte> rest_;
  std::uint32_t left_ = 0;
  Followed last_;
  std::vector<VerdictRange> ranges_;
};

}  // namespace hawser
