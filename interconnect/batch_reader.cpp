#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/frame_header.hpp>
#include <hawser/interconnect/isolation/pulse.hpp>

#include <wire.capnp.h>

#include <limits>

namespace hawser {
namespace {

using namespace layout;

constexpr std::uint8_t stance_count = 3;
constexpr std::uint8_t peer_state_count = 4;
static_assert(static_cast<std::uint8_t>(Stance::isolated) + 1 == stance_count);
static_assert(static_cast<std::uint8_t>(PeerState::unreachable) + 1 == peer_state_count);

bool fail(std::string& problem, const char* why) {
  problem = why;
  return false;
}

bool read_list(capnp::List<wire::HeardAgo>::Reader in, std::vector<HeardAgo>& list, std::string& problem) {
  if (in.size() > asks_max) return fail(problem, "a heartbeat asks about too many nodes");
  list.reserve(in.size());
  for (const auto entry : in) {
    HeardAgo& each = list.emplace_back();
    if (!read_node_id(entry.getNode(), each.node, problem)) return false;
    each.incarnation = Incarnation{entry.getIncarnation()};
    each.ago_us = entry.getAgoUs();
  }
  return true;
}

bool read_heartbeat(wire::Heartbeat::Reader in, Heartbeat& heartbeat, std::string& problem) {
  heartbeat.sequence = in.getSequence();
  heartbeat.reply_to = in.getReplyTo();
  heartbeat.reply_hold_us = in.getReplyHoldUs();
  heartbeat.last_heard = in.getLastHeard();
  if (in.getStance() >= stance_count) return fail(problem, "a heartbeat has an unknown stance");
  heartbeat.stance = static_cast<Stance>(in.getStance());
  heartbeat.lanes_silent = in.getLanesSilent();
  if (in.hasAsks() && !read_list(in.getAsks(), heartbeat.asks, problem)) return false;
  if (in.hasAnswers() && !read_list(in.getAnswers(), heartbeat.answers, problem)) return false;
  const auto list = in.getHears();
  if (list.size() > hears_entries_max) return fail(problem, "a heartbeat lists too many nodes");
  heartbeat.hears.reserve(list.size());
  for (const auto entry : list) {
    Hears& heard = heartbeat.hears.emplace_back();
    if (!read_node_id(entry.getNode(), heard.node, problem)) return false;
    if (entry.getState() >= peer_state_count) return fail(problem, "a heartbeat has an unknown peer state");
    heard.incarnation = Incarnation{entry.getIncarnation()};
    heard.state = static_cast<PeerState>(entry.getState());
  }
  return true;
}

// `end` is the end of a record, behind its padding.
bool zero_padded(const std::byte* end, std::size_t payload_bytes) noexcept {
  return payload_bytes % 8 == 0 || (load<std::uint64_t>(end - 8) >> (payload_bytes % 8 * 8)) == 0;
}

// The fixed head of a record; what lies behind it is inside the frame when parse has said so.
struct RecordView {
  RecordKind kind;
  std::uint8_t flags;
  std::span<const std::byte> extension;
  std::span<const std::byte> payload;
  std::size_t bytes;
};

bool view_record(std::span<const std::byte> rest, RecordView& view, std::string& problem) {
  if (rest.size() < record_bytes) return fail(problem, "a batch ends within the head of a record");
  const std::byte* const at = rest.data();
  const std::size_t payload_bytes = load<std::uint32_t>(at + record_payload_bytes_at);
  const std::size_t extension_bytes = std::size_t{load<std::uint8_t>(at + record_extension_words_at)} * 8;
  const std::size_t behind = extension_bytes + padded(payload_bytes);
  if (behind > rest.size() - record_bytes) return fail(problem, "a record reaches beyond its batch");
  const auto kind = load<std::uint8_t>(at + record_kind_at);
  if (kind < static_cast<std::uint8_t>(RecordKind::message) || kind > static_cast<std::uint8_t>(RecordKind::pulse)) {
    return fail(problem, "a record is of an unknown kind");
  }
  view.kind = static_cast<RecordKind>(kind);
  view.flags = load<std::uint8_t>(at + record_flags_at);
  if ((view.flags & ~flags_known) != 0) return fail(problem, "a record has unknown flags");
  view.extension = rest.subspan(record_bytes, extension_bytes);
  view.payload = rest.subspan(record_bytes + extension_bytes, payload_bytes);
  view.bytes = record_bytes + behind;
  if (!zero_padded(at + view.bytes, payload_bytes)) return fail(problem, "a record's padding is not zero");
  return true;
}

bool leaves_unsaid(std::span<const std::byte> rest) noexcept {
  return rest.size() >= following_record_bytes &&
         (load<std::uint8_t>(rest.data() + record_flags_at) & flag_follows) != 0;
}

// A message that leaves unsaid what `last`, the record before it, has said. Sets how many bytes it takes.
bool read_following(std::span<const std::byte> rest, Followed& last, Record& record, std::size_t& bytes,
                    std::string& problem) {
  const std::byte* const at = rest.data();
  if (load<std::uint8_t>(at + record_kind_at) != static_cast<std::uint8_t>(RecordKind::message)) {
    return fail(problem, "a record that is no message follows another one");
  }
  // Flags, extension words and attempt, each of which is of what is to be said in full.
  if (load<std::uint32_t>(at + record_kind_at) >> 8 != flag_follows) {
    return fail(problem, "a message that follows another one says more than it may");
  }
  if (last.type == TypeId::none) return fail(problem, "a message follows what is no whole message");
  if (last.sequence == std::numeric_limits<std::uint64_t>::max()) {
    return fail(problem, "a message follows the last sequence that there is");
  }
  const std::int64_t later = load<std::int32_t>(at + following_later_at);
  if (__builtin_add_overflow(last.expires_at, later, &last.expires_at)) {
    return fail(problem, "a message that follows another one expires beyond all time");
  }
  const std::size_t payload_bytes = load<std::uint32_t>(at + record_payload_bytes_at);
  if (padded(payload_bytes) > rest.size() - following_record_bytes) {
    return fail(problem, "a record reaches beyond its batch");
  }
  bytes = following_record_bytes + padded(payload_bytes);
  if (!zero_padded(at + bytes, payload_bytes)) return fail(problem, "a record's padding is not zero");
  ++last.sequence;
  record.kind = RecordKind::message;
  record.attempt = 0;
  record.type = last.type;
  record.sequence = last.sequence;
  record.expires_at = last.expires_at;
  record.request_id = 0;
  record.offset = 0;
  record.total_bytes = 0;
  record.traceparent.reset();
  record.given_up = 0;
  record.waited_us = load<std::uint32_t>(at + following_waited_at);
  record.payload = rest.subspan(following_record_bytes, payload_bytes);
  return true;
}

bool read_extension(const RecordView& view, Record& record, std::string& problem) {
  const std::size_t known =
      ((view.flags & flag_request_id) != 0 ? 8u : 0u) + ((view.flags & flag_chunk) != 0 ? 8u : 0u) +
      ((view.flags & flag_traceparent) != 0 ? 32u : 0u) + ((view.flags & flag_waited) != 0 ? 8u : 0u);
  if (view.extension.size() < known) return fail(problem, "a record's extension is shorter than its flags say");
  const std::byte* at = view.extension.data();
  record.request_id = 0;
  if ((view.flags & flag_request_id) != 0) {
    record.request_id = load<std::uint64_t>(at);
    at += 8;
  }
  record.offset = 0;
  record.total_bytes = 0;
  if ((view.flags & flag_chunk) != 0) {
    record.offset = load<std::uint32_t>(at);
    record.total_bytes = load<std::uint32_t>(at + 4);
    at += 8;
    if (view.payload.empty() || record.offset > record.total_bytes ||
        view.payload.size() > record.total_bytes - record.offset) {
      return fail(problem, "a chunk does not lie within its message");
    }
  }
  record.traceparent.reset();
  if ((view.flags & flag_traceparent) != 0) {
    record.traceparent = load<Traceparent>(at);
    at += sizeof(Traceparent);
  }
  record.waited_us = (view.flags & flag_waited) != 0 ? load<std::uint64_t>(at) : 0;
  const bool gives_up = view.kind == RecordKind::want && view.extension.size() >= known + 8;
  record.given_up = gives_up ? load<std::uint64_t>(view.extension.data() + known) : 0;
  return true;
}

bool read_pulse(const RecordView& view, const Record& record, std::string& problem) {
  if (view.flags != 0) return fail(problem, "a pulse has flags");
  if (record.sequence != 0 || record.type != TypeId::none) return fail(problem, "a pulse has a sequence or a type");
  if (view.payload.empty()) return fail(problem, "a pulse is empty");
  if (view.payload.size() > pulse_bytes_max) return fail(problem, "a pulse is larger than the largest pulse");
  return true;
}

bool read_record(std::span<const std::byte> rest, const RecordView& view, Record& record, std::string& problem) {
  const std::byte* const at = rest.data();
  record.kind = view.kind;
  record.attempt = load<std::uint8_t>(at + record_attempt_at);
  record.type = TypeId{load<std::uint64_t>(at + record_type_at)};
  record.sequence = load<std::uint64_t>(at + record_sequence_at);
  record.expires_at = load<std::int64_t>(at + record_expires_at);
  record.payload = view.payload;
  if (!read_extension(view, record, problem)) return false;

  if (view.kind == RecordKind::pulse) return read_pulse(view, record, problem);
  const bool names_request = (view.flags & flag_request_id) != 0;
  if (names_request == (view.kind == RecordKind::message || view.kind == RecordKind::want)) {
    return fail(problem, "a record's request id does not agree with its kind");
  }
  if (view.kind == RecordKind::cancel) {
    if (!view.payload.empty()) return fail(problem, "a cancellation has a payload");
    return true;
  }
  if (view.kind == RecordKind::want && !view.payload.empty()) return fail(problem, "a wish for credit has a payload");
  if (record.sequence == 0) return fail(problem, "a record has sequence 0");
  if (record.type == TypeId::none && view.kind != RecordKind::reply) return fail(problem, "a message has no type");
  return true;
}

bool read_ranges(std::span<const std::byte> payload, std::uint64_t verdicts, std::vector<VerdictRange>& ranges,
                 std::string& problem) {
  ranges.clear();
  if (payload.size() % range_bytes != 0) return fail(problem, "an acknowledgement ends within a range");
  std::uint64_t taken = 0;  // the last sequence that a range has spoken of
  for (; !payload.empty(); payload = payload.subspan(range_bytes)) {
    const std::byte* const at = payload.data();
    const auto first = load<std::uint64_t>(at);
    const auto count = load<std::uint32_t>(at + 8);
    const auto kind = load<std::uint8_t>(at + 12);
    const auto cause = load<std::uint8_t>(at + 13);
    if (kind >= outcome_kind_count || kind == static_cast<std::uint8_t>(OutcomeKind::delivered)) {
      return fail(problem, "an acknowledgement holds a verdict that is no exception");
    }
    const auto retry_after_ms = load<std::uint16_t>(at + 14);
    if (retry_after_ms != 0 && kind != static_cast<std::uint8_t>(OutcomeKind::overloaded)) {
      return fail(problem, "an acknowledgement's range has unknown bits");
    }
    if (first <= taken || count == 0) return fail(problem, "an acknowledgement's ranges are empty or out of order");
    if (first > verdicts || count - 1 > verdicts - first) {
      return fail(problem, "an acknowledgement speaks of sequences without a verdict");
    }
    taken = first + (count - 1);
    // Causes are appended over time; one that we do not know changes no decision.
    ranges.push_back(VerdictRange{first, count, static_cast<OutcomeKind>(kind),
                                  cause < cause_count ? static_cast<Cause>(cause) : Cause::none, retry_after_ms});
  }
  return true;
}

bool read_ack(std::span<const std::byte> rest, const RecordView& view, Ack& ack, std::vector<VerdictRange>& ranges,
              std::string& problem) {
  if (view.flags != 0) return fail(problem, "an acknowledgement has flags");
  if (view.extension.size() < 8) return fail(problem, "an acknowledgement grants no bytes");
  ack.type = TypeId{load<std::uint64_t>(rest.data() + record_type_at)};
  ack.verdicts = load<std::uint64_t>(rest.data() + record_sequence_at);
  ack.credit_messages = load<std::uint64_t>(rest.data() + record_expires_at);
  ack.credit_bytes = load<std::uint64_t>(view.extension.data());
  if (!read_ranges(view.payload, ack.verdicts, ranges, problem)) return false;
  ack.exceptions = ranges;
  return true;
}

}  // namespace

bool BatchReader::open(std::span<const std::byte> frame, std::string& problem) {
  rest_ = {};
  left_ = 0;
  last_ = {};
  header_.heartbeat.reset();
  const bool read = read_header<wire::BatchHeader>(frame, FrameKind::batch, problem, [&](wire::BatchHeader::Reader in) {
    header_.from_incarnation = Incarnation{in.getFromIncarnation()};
    header_.to_incarnation = Incarnation{in.getToIncarnation()};
    header_.sent_at = in.getSentAt();
    header_.epoch = Epoch{in.getEpochCounter(), in.getEpochProposer(), Incarnation{in.getEpochProposerIncarnation()}};
    header_.received[0] = in.getReceivedControl();
    header_.received[1] = in.getReceivedOrdinary();
    header_.received[2] = in.getReceivedBulk();
    header_.session = in.getSession();
    header_.peer_session = in.getPeerSession();
    left_ = in.getRecordCount();
    return !in.hasHeartbeat() || read_heartbeat(in.getHeartbeat(), header_.heartbeat.emplace(), problem);
  });
  if (!read) {
    left_ = 0;
    return false;
  }
  rest_ = frame.subspan(preamble_bytes + std::size_t{load<std::uint32_t>(frame.data() + header_words_at)} * 8);
  if (left_ > rest_.size() / following_record_bytes || (left_ == 0) != rest_.empty()) {
    left_ = 0;
    return fail(problem, "a batch does not hold the records it counts");
  }
  return true;
}

BatchReader::Next BatchReader::next(Record& record, Ack& ack, std::string& problem) {
  if (left_ == 0) return Next::end;
  Next found = Next::record;
  std::size_t bytes = 0;
  bool good = false;
  if (leaves_unsaid(rest_)) {
    good = read_following(rest_, last_, record, bytes, problem);
  } else {
    RecordView view;
    good = view_record(rest_, view, problem);
    if (good) bytes = view.bytes;
    if (good && view.kind == RecordKind::ack) {
      found = Next::ack;
      good = read_ack(rest_, view, ack, ranges_, problem);
      last_ = {};
    } else if (good) {
      good = read_record(rest_, view, record, problem);
      const bool whole_message = record.kind == RecordKind::message && (view.flags & flag_chunk) == 0;
      last_ = {whole_message ? record.type : TypeId::none, record.sequence, record.expires_at};
    }
  }
  if (!good) {
    left_ = 0;
    return Next::malformed;
  }
  rest_ = rest_.subspan(bytes);
  if (--left_ == 0 && !rest_.empty()) {
    problem = "a batch has bytes after its last record";
    return Next::malformed;
  }
  return found;
}

}  // namespace hawser
