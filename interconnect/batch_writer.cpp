#include <hawser/base/assert.hpp>
#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/frame_header.hpp>

#include <wire.capnp.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace hawser {
namespace {

using namespace layout;

// The root struct follows the root pointer, and the count is its first field.
constexpr std::size_t record_count_at = preamble_bytes + 8;

bool has_request_id(const Record& record) noexcept {
  return record.kind != RecordKind::message && record.kind != RecordKind::want && record.kind != RecordKind::pulse;
}

std::size_t extension_bytes(const Record& record) noexcept {
  return (has_request_id(record) ? 8u : 0u) + (record.total_bytes != 0 ? 8u : 0u) + (record.traceparent ? 32u : 0u) +
         (record.waited_us != 0 ? 8u : 0u) + (record.given_up != 0 ? 8u : 0u);
}

std::size_t header_words(const BatchHeader& header) {
  std::size_t words = root_words<wire::BatchHeader>();
  if (!header.heartbeat) return words;
  words += capnp::sizeInWords<wire::Heartbeat>();
  for (const auto* list : {&header.heartbeat->asks, &header.heartbeat->answers}) {
    if (list->empty()) continue;
    words += list_words<wire::HeardAgo>(list->size());
    for (const HeardAgo& each : *list) words += text_words(each.node.text().size());
  }
  if (header.heartbeat->hears.empty()) return words;
  words += list_words<wire::Hears>(header.heartbeat->hears.size());
  for (const Hears& heard : header.heartbeat->hears) words += text_words(heard.node.text().size());
  return words;
}

void fill(capnp::List<wire::HeardAgo>::Builder out, const std::vector<HeardAgo>& list) {
  for (unsigned i = 0; i < out.size(); ++i) {
    auto to = out[i];
    to.setNode(as_text(list[i].node.text()));
    to.setIncarnation(to_number(list[i].incarnation));
    to.setAgoUs(list[i].ago_us);
  }
}

void fill(wire::Heartbeat::Builder out, const Heartbeat& heartbeat) {
  out.setSequence(heartbeat.sequence);
  out.setReplyTo(heartbeat.reply_to);
  out.setReplyHoldUs(heartbeat.reply_hold_us);
  out.setLastHeard(heartbeat.last_heard);
  out.setStance(static_cast<std::uint8_t>(heartbeat.stance));
  out.setLanesSilent(heartbeat.lanes_silent);
  if (!heartbeat.asks.empty()) fill(out.initAsks(static_cast<unsigned>(heartbeat.asks.size())), heartbeat.asks);
  if (!heartbeat.answers.empty()) {
    fill(out.initAnswers(static_cast<unsigned>(heartbeat.answers.size())), heartbeat.answers);
  }
  if (heartbeat.hears.empty()) return;
  auto list = out.initHears(static_cast<unsigned>(heartbeat.hears.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    const Hears& from = heartbeat.hears[i];
    auto to = list[i];
    to.setNode(as_text(from.node.text()));
    to.setIncarnation(to_number(from.incarnation));
    to.setState(static_cast<std::uint8_t>(from.state));
  }
}

void fill(wire::BatchHeader::Builder out, const BatchHeader& header) {
  out.setFromIncarnation(to_number(header.from_incarnation));
  out.setToIncarnation(to_number(header.to_incarnation));
  out.setSentAt(header.sent_at);
  out.setEpochCounter(header.epoch.counter);
  out.setEpochProposer(header.epoch.proposer);
  out.setEpochProposerIncarnation(to_number(header.epoch.proposer_incarnation));
  out.setReceivedControl(header.received[0]);
  out.setReceivedOrdinary(header.received[1]);
  out.setReceivedBulk(header.received[2]);
  out.setSession(header.session);
  out.setPeerSession(header.peer_session);
  if (header.heartbeat) fill(out.initHeartbeat(), *header.heartbeat);
}

// Put together in registers: a head assembled byte by byte in memory would have to be waited for when it is copied.
void write_head(std::byte* at, std::size_t payload_bytes, RecordKind kind, std::uint8_t flags,
                std::size_t extension_words, std::uint8_t attempt) noexcept {
  store(at, static_cast<std::uint64_t>(payload_bytes) | std::uint64_t{static_cast<std::uint8_t>(kind)} << 32 |
                std::uint64_t{flags} << 40 | static_cast<std::uint64_t>(extension_words) << 48 |
                std::uint64_t{attempt} << 56);
}

void write_payload(std::byte* at, std::span<const std::byte> payload) noexcept {
  if (payload.empty()) return;
  store(at + padded(payload.size()) - 8, std::uint64_t{0});  // the padding; what is not padding is overwritten
  std::memcpy(at, payload.data(), payload.size());
}

void check_exceptions(const Ack& ack) {
  std::uint64_t spoken_of = 0;
  for (const VerdictRange& range : ack.exceptions) {
    HAWSER_ASSERT(range.kind != OutcomeKind::delivered, "an exception ended otherwise than as delivered");
    HAWSER_ASSERT(range.first > spoken_of && range.count != 0, "exceptions ascend and do not overlap");
    spoken_of = range.first + (range.count - 1);
    HAWSER_ASSERT(spoken_of >= range.first && spoken_of <= ack.verdicts, "exceptions have their verdict");
  }
}

}  // namespace

std::size_t size_in_batch(const Record& record) noexcept {
  return record_bytes + extension_bytes(record) + padded(record.payload.size());
}

std::size_t size_in_batch(const Ack& ack) noexcept { return record_bytes + 8 + ack.exceptions.size() * range_bytes; }

void BatchWriter::begin(LaneClass lane, std::uint8_t version, std::uint64_t number, const BatchHeader& header,
                        std::size_t bytes_hint) {
  HAWSER_ASSERT(!frame_, "a batch is finished before the next one begins");
  HAWSER_ASSERT(number != 0, "batches are counted from 1");
  HAWSER_ASSERT(!header.heartbeat || header.heartbeat->hears.size() <= hears_entries_max,
                "a heartbeat lists at most hears_entries_max nodes");
  HAWSER_ASSERT(
      !header.heartbeat || std::max(header.heartbeat->asks.size(), header.heartbeat->answers.size()) <= asks_max,
      "a heartbeat asks about at most asks_max nodes");
  const std::size_t words = header_words(header);
  used_ = preamble_bytes + words * 8;
  records_ = 0;
  last_ = {};
  frame_ = Buffer::make(std::max(used_, bytes_hint));
  write_preamble(frame_->data(), FrameKind::batch, version, lane, number, words);
  build_header<wire::BatchHeader>(frame_->data(), words, [&](wire::BatchHeader::Builder out) { fill(out, header); });
}

bool BatchWriter::open() const noexcept { return static_cast<bool>(frame_); }
std::size_t BatchWriter::bytes() const noexcept { return used_; }
std::uint32_t BatchWriter::records() const noexcept { return records_; }

void BatchWriter::add(const Record& record) {
  HAWSER_ASSERT(record.kind != RecordKind::ack, "an acknowledgement is added as an Ack");
  HAWSER_ASSERT(record.payload.size() <= frame_bytes_limit / 2, "a record is smaller than 2 GiB");
  const bool unnumbered = record.kind == RecordKind::cancel || record.kind == RecordKind::pulse;
  HAWSER_ASSERT(record.sequence != 0 || unnumbered, "sequences are counted from 1");
  HAWSER_ASSERT(record.type != TypeId::none || record.kind == RecordKind::reply || unnumbered, "a message has a type");
  HAWSER_ASSERT(record.given_up == 0 || record.kind == RecordKind::want, "only a want gives up credit");
  HAWSER_ASSERT(record.total_bytes == 0 || (!record.payload.empty() && record.offset <= record.total_bytes &&
                                            record.payload.size() <= record.total_bytes - record.offset),
                "a chunk lies within its message");
  const std::size_t payload_bytes = record.payload.size();
  const std::size_t extension = extension_bytes(record);
  std::byte* at = grow(record_bytes + extension + padded(payload_bytes));
  const bool whole_message = record.kind == RecordKind::message && record.total_bytes == 0;
  last_ = {whole_message ? record.type : TypeId::none, record.sequence, record.expires_at};

  std::uint8_t flags = 0;
  if (has_request_id(record)) flags |= flag_request_id;
  if (record.total_bytes != 0) flags |= flag_chunk;
  if (record.traceparent) flags |= flag_traceparent;
  if (record.waited_us != 0) flags |= flag_waited;
  write_head(at, payload_bytes, record.kind, flags, extension / 8, record.attempt);
  store(at + record_type_at, to_number(record.type));
  store(at + record_sequence_at, record.sequence);
  store(at + record_expires_at, record.expires_at);
  at += record_bytes;
  if (has_request_id(record)) {
    store(at, record.request_id);
    at += 8;
  }
  if (record.total_bytes != 0) {
    store(at, record.offset);
    store(at + 4, record.total_bytes);
    at += 8;
  }
  if (record.traceparent) {
    store(at, *record.traceparent);
    at += sizeof(Traceparent);
  }
  if (record.waited_us != 0) {
    store(at, record.waited_us);
    at += 8;
  }
  if (record.given_up != 0) {
    store(at, record.given_up);
    at += 8;
  }
  write_payload(at, record.payload);
}

std::size_t BatchWriter::add_plain(TypeId type, std::uint64_t sequence, std::int64_t expires_at,
                                   std::uint64_t waited_us, std::span<const std::byte> payload, std::size_t budget) {
  std::int64_t later = 0;
  const bool overflows = __builtin_sub_overflow(expires_at, last_.expires_at, &later);
  // Combined without branches: under load nearly every message follows, and at rest none does.
  const bool follows = static_cast<bool>(
      static_cast<unsigned>(type == last_.type) & static_cast<unsigned>(sequence - 1 == last_.sequence) &
      static_cast<unsigned>(!overflows) & static_cast<unsigned>(later == static_cast<std::int32_t>(later)) &
      static_cast<unsigned>(waited_us <= std::numeric_limits<std::uint32_t>::max()));
  const bool waited = waited_us != 0;
  const std::size_t head = follows ? following_record_bytes : record_bytes + (waited ? 8 : 0);
  const std::size_t size = head + padded(payload.size());
  if (size > budget) return 0;
  std::byte* at = grow(size);
  last_ = {type, sequence, expires_at};
  if (follows) {
    write_head(at, payload.size(), RecordKind::message, flag_follows, 0, 0);
    store(at + following_later_at, static_cast<std::uint32_t>(later) | waited_us << 32);
    write_payload(at + following_record_bytes, payload);
    return size;
  }
  write_head(at, payload.size(), RecordKind::message, waited ? flag_waited : std::uint8_t{0}, waited ? 1 : 0, 0);
  store(at + record_type_at, to_number(type));
  store(at + record_sequence_at, sequence);
  store(at + record_expires_at, expires_at);
  at += record_bytes;
  if (waited) {
    store(at, waited_us);
    at += 8;
  }
  write_payload(at, payload);
  return size;
}

void BatchWriter::add(const Ack& ack) {
  check_exceptions(ack);
  std::byte* at = grow(size_in_batch(ack));
  last_ = {};
  write_head(at, ack.exceptions.size() * range_bytes, RecordKind::ack, 0, 1, 0);
  store(at + record_type_at, to_number(ack.type));
  store(at + record_sequence_at, ack.verdicts);
  store(at + record_expires_at, ack.credit_messages);
  at += record_bytes;
  store(at, ack.credit_bytes);
  at += 8;
  for (const VerdictRange& range : ack.exceptions) {
    store(at, range.first);
    store(at + 8, range.count);
    store(at + 12, static_cast<std::uint8_t>(range.kind));
    store(at + 13, static_cast<std::uint8_t>(range.cause));
    store(at + 14, range.retry_after_ms);
    at += range_bytes;
  }
}

BufferRef BatchWriter::finish() {
  HAWSER_ASSERT(frame_, "a batch is begun before it is finished");
  store(frame_->data() + record_count_at, records_);
  frame_->resize(used_);
  seal(frame_.bytes());
  used_ = 0;
  records_ = 0;
  return std::exchange(frame_, nullptr);
}

// Room for one more record, at the end of the batch.
std::byte* BatchWriter::grow(std::size_t bytes) {
  HAWSER_ASSERT(frame_, "records are added between begin and finish");
  if (bytes > frame_->capacity() - used_) [[unlikely]] {
    HAWSER_ASSERT(bytes <= frame_bytes_limit - used_, "a batch is smaller than 4 GiB");
    BufferRef larger = Buffer::make(std::max(used_ + bytes, 2 * frame_->capacity()));
    std::memcpy(larger->data(), frame_->data(), used_);
    frame_ = std::move(larger);
  }
  std::byte* const at = frame_->data() + used_;
  used_ += bytes;
  ++records_;
  return at;
}

}  // namespace hawser
