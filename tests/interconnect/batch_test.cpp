// Batches: many records in one frame, read back one by one.
#include "frames.hpp"
#include <hawser/base/assert.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <vector>

using namespace hawser;
using namespace hawser::test;

namespace {

bool same(const Record& a, const Record& b) {
  return a.kind == b.kind && a.attempt == b.attempt && a.type == b.type && a.sequence == b.sequence &&
         a.expires_at == b.expires_at && a.request_id == b.request_id && a.offset == b.offset &&
         a.total_bytes == b.total_bytes && a.traceparent == b.traceparent && a.given_up == b.given_up &&
         a.waited_us == b.waited_us &&
         std::equal(a.payload.begin(), a.payload.end(), b.payload.begin(), b.payload.end());
}

// One entry of a batch together with what it points at.
struct Entry {
  bool is_ack = false;
  bool is_plain = false;
  Record record;
  Ack ack;
  std::vector<std::byte> payload;
  std::vector<VerdictRange> exceptions;
};

Record random_record(Random& random, std::vector<std::byte>& payload) {
  Record record;
  static constexpr RecordKind kinds[] = {RecordKind::message, RecordKind::request, RecordKind::reply,
                                         RecordKind::cancel, RecordKind::want};
  record.kind = kinds[random.below(5)];
  record.attempt = static_cast<std::uint8_t>(random.below(256));
  record.type = TypeId{random.next() | 1};
  record.sequence = random.next() | 1;
  record.expires_at = static_cast<std::int64_t>(random.next());
  if (record.kind == RecordKind::want) {
    if (random.chance(500'000)) record.given_up = random.next();
    return record;
  }
  if (record.kind != RecordKind::message) record.request_id = random.next();
  if (random.chance(300'000)) {
    record.traceparent.emplace();
    for (std::byte& byte : record.traceparent->bytes) byte = static_cast<std::byte>(random.below(256));
  }
  if (random.chance(300'000)) record.waited_us = random.next();
  if (record.kind == RecordKind::cancel) return record;
  payload.resize(random.below(random.chance(100'000) ? 5000 : 100));
  for (std::byte& byte : payload) byte = static_cast<std::byte>(random.below(256));
  record.payload = payload;
  if (!payload.empty() && random.chance(300'000)) {
    record.offset = static_cast<std::uint32_t>(random.below(1 << 30));
    record.total_bytes = record.offset + static_cast<std::uint32_t>(payload.size() + random.below(1 << 30));
  }
  return record;
}

// Mostly the next message of the channel of `last`; now and then something of it is not as it would have to be.
Record random_plain(Random& random, const Record& last, std::vector<std::byte>& payload) {
  constexpr std::uint64_t now_and_then = 100'000;
  Record record;
  record.type = random.chance(now_and_then) ? TypeId{random.next() | 1} : last.type;
  record.sequence = random.chance(now_and_then) ? random.next() : last.sequence + 1;
  if (record.type == TypeId::none) record.type = TypeId{5};
  if (record.sequence == 0) record.sequence = 1;
  const bool far = random.chance(now_and_then);
  const auto later = static_cast<std::uint64_t>(far ? random.next() : random.below(1 << 20));
  const auto expires_at = static_cast<std::uint64_t>(last.expires_at);
  record.expires_at = static_cast<std::int64_t>(random.chance(500'000) ? expires_at + later : expires_at - later);
  if (random.chance(500'000)) record.waited_us = random.chance(now_and_then) ? random.next() : random.below(1 << 30);
  payload.resize(random.below(100));
  for (std::byte& byte : payload) byte = static_cast<std::byte>(random.below(256));
  record.payload = payload;
  return record;
}

Ack random_ack(Random& random, std::vector<VerdictRange>& exceptions) {
  Ack ack;
  ack.type = TypeId{random.below(3)};
  std::uint64_t last = 0;
  for (std::uint64_t n = random.below(6); n > 0; --n) {
    VerdictRange range;
    range.first = last + 1 + random.below(1000);
    range.count = static_cast<std::uint32_t>(1 + random.below(0xffff'ffff));
    range.kind = static_cast<OutcomeKind>(1 + random.below(outcome_kind_count - 1));
    range.cause = static_cast<Cause>(random.below(cause_count));
    if (range.kind == OutcomeKind::overloaded) range.retry_after_ms = static_cast<std::uint16_t>(random.next());
    last = range.first + range.count - 1;
    exceptions.push_back(range);
  }
  ack.verdicts = last + random.below(10);
  ack.credit_messages = random.next();
  ack.credit_bytes = random.next();
  ack.exceptions = exceptions;
  return ack;
}

std::size_t add_plain(BatchWriter& writer, const Record& record, std::size_t budget = 1 << 20) {
  return writer.add_plain(record.type, record.sequence, record.expires_at, record.waited_us, record.payload, budget);
}

Record message(std::uint64_t sequence, std::int64_t expires_at, std::uint64_t waited = 0, TypeId type = TypeId{77}) {
  Record record;
  record.type = type;
  record.sequence = sequence;
  record.expires_at = expires_at;
  record.waited_us = waited;
  return record;
}

// Whether a reader takes all of the frame, and gets `expected` last.
bool accepted_last(const BufferRef& frame, const Record& expected) {
  BatchReader reader;
  std::string problem;
  if (!reader.open(frame.bytes(), problem)) return false;
  Record record;
  Ack ack;
  while (reader.records_left() > 0) {
    if (reader.next(record, ack, problem) == BatchReader::Next::malformed) return false;
  }
  return same(record, expected);
}

void check_same(const Entry& sent, BatchReader::Next next, const Record& record, const Ack& ack) {
  if (!sent.is_ack) {
    REQUIRE(next == BatchReader::Next::record);
    CHECK(same(record, sent.record));
    CHECK(reinterpret_cast<std::uintptr_t>(record.payload.data()) % 8 == 0);
    return;
  }
  REQUIRE(next == BatchReader::Next::ack);
  CHECK(ack.type == sent.ack.type);
  CHECK(ack.verdicts == sent.ack.verdicts);
  CHECK(ack.credit_messages == sent.ack.credit_messages);
  CHECK(ack.credit_bytes == sent.ack.credit_bytes);
  CHECK(std::vector<VerdictRange>(ack.exceptions.begin(), ack.exceptions.end()) == sent.exceptions);
}

}  // namespace

TEST_CASE("any batch is read back as it was written", "[batch]") {
  BatchWriter writer;  // one for all, as a lane has
  BatchReader reader;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    Random random{seed};
    std::vector<Entry> sent(random.below(40));
    const BatchHeader header = sample_header(random.chance(500'000));
    std::size_t expected_bytes = 0;
    Record last;
    writer.begin(LaneClass::ordinary, 1, seed, header, random.below(2000));
    CHECK(writer.open());
    for (Entry& entry : sent) {
      entry.is_ack = random.chance(150'000);
      entry.is_plain = random.chance(600'000);
      const std::size_t before = writer.bytes();
      if (entry.is_ack) {
        entry.ack = random_ack(random, entry.exceptions);
        writer.add(entry.ack);
        expected_bytes = size_in_batch(entry.ack);
      } else if (entry.is_plain) {
        entry.record = random_plain(random, last, entry.payload);
        last = entry.record;
        CHECK(add_plain(writer, last, 0) == 0);
        CHECK(writer.bytes() == before);
        expected_bytes = add_plain(writer, last);
        CHECK(add_plain(writer, last, expected_bytes - 1) == 0);  // nor does it change what may follow
      } else {
        entry.record = random_record(random, entry.payload);
        last = entry.record;
        writer.add(last);
        expected_bytes = size_in_batch(last);
      }
      CHECK(writer.bytes() - before == expected_bytes);
    }
    CHECK(writer.records() == sent.size());
    const BufferRef frame = writer.finish();
    CHECK_FALSE(writer.open());

    std::string problem;
    REQUIRE(inspect_frame(frame.bytes(), problem));
    REQUIRE(reader.open(frame.bytes(), problem));
    CHECK(reader.header() == header);
    CHECK(reader.records_left() == sent.size());
    Record record;
    Ack ack;
    for (const Entry& entry : sent) {
      const auto next = reader.next(record, ack, problem);
      INFO(problem);
      check_same(entry, next, record, ack);
    }
    CHECK(reader.next(record, ack, problem) == BatchReader::Next::end);
    CHECK(reader.records_left() == 0);
  }
}

TEST_CASE("a lane probe is a batch without records", "[batch]") {
  BatchWriter writer;
  writer.begin(LaneClass::bulk, 1, 1, sample_header(false), 0);
  const BufferRef frame = writer.finish();
  CHECK(frame.size() == 136);  // what one costs on an idle lane
  std::string problem;
  BatchReader reader;
  REQUIRE(reader.open(frame.bytes(), problem));
  CHECK(reader.header() == sample_header(false));
  Record record;
  Ack ack;
  CHECK(reader.next(record, ack, problem) == BatchReader::Next::end);
}

TEST_CASE("a heartbeat of the largest cluster fits", "[batch]") {
  BatchHeader header = sample_header(true);
  header.heartbeat->hears.clear();
  for (std::size_t i = 0; i < hears_entries_max; ++i) {
    header.heartbeat->hears.push_back(
        {NodeId{std::string(NodeId::size_max - i % 9, 'n')}, Incarnation{i}, static_cast<PeerState>(i % 4)});
  }
  BatchWriter writer;
  writer.begin(LaneClass::control, 1, 1, header, 0);
  const BufferRef frame = writer.finish();
  std::string problem;
  BatchReader reader;
  REQUIRE(reader.open(frame.bytes(), problem));
  CHECK(reader.header() == header);
  // A batch without a heartbeat, read next, does not inherit it.
  writer.begin(LaneClass::control, 1, 2, sample_header(false), 0);
  const BufferRef next = writer.finish();
  REQUIRE(reader.open(next.bytes(), problem));
  CHECK_FALSE(reader.header().heartbeat);
}

TEST_CASE("a batch grows beyond its hint and keeps what it holds", "[batch]") {
  BatchWriter writer;
  writer.begin(LaneClass::bulk, 1, 1, sample_header(false), 0);
  std::vector<std::byte> payload(1000);
  Record record;
  record.type = TypeId{5};
  record.payload = payload;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    payload.assign(1000, static_cast<std::byte>(i));
    record.sequence = i;
    writer.add(record);
  }
  const BufferRef frame = writer.finish();
  BatchReader reader;
  std::string problem;
  REQUIRE(inspect_frame(frame.bytes(), problem));
  REQUIRE(reader.open(frame.bytes(), problem));
  Ack ack;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    REQUIRE(reader.next(record, ack, problem) == BatchReader::Next::record);
    CHECK(record.sequence == i);
    CHECK(std::all_of(record.payload.begin(), record.payload.end(),
                      [i](std::byte byte) { return byte == static_cast<std::byte>(i); }));
  }
}

TEST_CASE("what a reader would refuse is not written", "[batch]") {
  const AssertionHandler before =
      set_assertion_handler([](const AssertionSite& site) { throw std::logic_error{site.message}; });
  BatchWriter writer;
  writer.begin(LaneClass::control, 1, 1, sample_header(false), 1000);
  const std::vector<std::byte> payload(8);
  Record good;
  good.type = TypeId{5};
  good.sequence = 1;
  good.payload = payload;
  const auto refused = [&](auto change) {
    Record record = good;
    change(record);
    CHECK_THROWS_AS(writer.add(record), std::logic_error);
  };
  refused([](Record& record) { record.sequence = 0; });
  refused([](Record& record) { record.type = TypeId::none; });
  refused([](Record& record) { record.kind = RecordKind::ack; });
  refused([](Record& record) { record.total_bytes = 7; });
  refused([](Record& record) { record.offset = 9, record.total_bytes = 16; });

  const auto refused_ack = [&](std::vector<VerdictRange> exceptions) {
    CHECK_THROWS_AS(writer.add(Ack{TypeId{5}, 10, 0, 0, exceptions}), std::logic_error);
  };
  refused_ack({{1, 1, OutcomeKind::delivered, Cause::none}});
  refused_ack({{1, 0, OutcomeKind::expired, Cause::none}});
  refused_ack({{10, 2, OutcomeKind::expired, Cause::none}});
  refused_ack({{5, 2, OutcomeKind::expired, Cause::none}, {6, 1, OutcomeKind::expired, Cause::none}});
  CHECK(writer.records() == 0);
  CHECK_THROWS_AS(writer.begin(LaneClass::control, 1, 2, sample_header(false), 0), std::logic_error);
  set_assertion_handler(before);
}

TEST_CASE("batch: a plain message is written as the record that it is") {
  for (const std::uint64_t waited : {std::uint64_t{0}, std::uint64_t{1'234}}) {
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{8}, std::size_t{61}}) {
      const std::vector<std::byte> payload(bytes, std::byte{0xa5});
      Record record = message(12, -5, waited);
      record.payload = payload;
      const auto written = [&](bool plain) {
        BatchWriter writer;
        writer.begin(LaneClass::bulk, 1, 3, {}, 64);
        if (plain) {
          CHECK(add_plain(writer, record) == size_in_batch(record));
        } else {
          writer.add(record);
        }
        return writer.finish();
      };
      const BufferRef one = written(true);
      const BufferRef other = written(false);
      REQUIRE(one.size() == other.size());
      CHECK(std::memcmp(one->data(), other->data(), one.size()) == 0);
    }
  }
}

TEST_CASE("batch: a message that follows another of its channel takes half a head") {
  constexpr std::int64_t hour = 3'600'000'000;
  constexpr std::int64_t near = std::numeric_limits<std::int32_t>::max();
  constexpr std::int64_t farthest = std::numeric_limits<std::int64_t>::max();
  constexpr std::uint64_t longest = std::numeric_limits<std::uint32_t>::max();
  constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  const auto head_behind = [](auto before, Record second) {
    BatchWriter writer;
    writer.begin(LaneClass::ordinary, 1, 1, sample_header(false), 256);
    before(writer);
    const std::vector<std::byte> payload(61);
    second.payload = payload;
    const std::size_t size = add_plain(writer, second);
    const BufferRef frame = writer.finish();
    CHECK(accepted_last(frame, second));
    return size - 64;
  };
  const auto head = [&](const Record& first, const Record& second) {
    return head_behind([&](BatchWriter& writer) { writer.add(first); }, second);
  };
  const Record first = message(12, hour);
  CHECK(head(first, message(13, hour)) == following_record_bytes);
  CHECK(head(first, message(13, hour, longest)) == following_record_bytes);
  CHECK(head(first, message(13, hour, longest + 1)) == record_bytes + 8);
  CHECK(head(first, message(13, hour + near)) == following_record_bytes);
  CHECK(head(first, message(13, hour + near + 1)) == record_bytes);
  CHECK(head(first, message(13, hour - near - 1)) == following_record_bytes);
  CHECK(head(first, message(13, hour - near - 2)) == record_bytes);
  CHECK(head(message(12, farthest), message(13, -farthest - 1)) == record_bytes);
  CHECK(head(message(12, -farthest - 1), message(13, farthest)) == record_bytes);
  CHECK(head(message(last - 1, hour), message(last, hour)) == following_record_bytes);
  CHECK(head(message(last, hour), message(1, hour)) == record_bytes);
  CHECK(head(first, message(12, hour)) == record_bytes);
  CHECK(head(first, message(14, hour)) == record_bytes);
  CHECK(head(first, message(13, hour, 0, TypeId{78})) == record_bytes);

  // A resend, a trace and a wait are of the one before and do not matter; a chunk, or another kind of record, does.
  Record other = message(12, hour, 5'000);
  other.attempt = 3;
  other.traceparent.emplace();
  CHECK(head(other, message(13, hour)) == following_record_bytes);
  for (const RecordKind kind : {RecordKind::request, RecordKind::reply, RecordKind::cancel, RecordKind::want}) {
    other = message(12, hour);
    other.kind = kind;
    CHECK(head(other, message(13, hour)) == record_bytes);
  }
  const std::vector<std::byte> part(8);
  other = message(12, hour);
  other.payload = part;
  other.offset = 8;
  other.total_bytes = 16;
  CHECK(head(other, message(13, hour)) == record_bytes);
  const auto with_ack = [&](BatchWriter& writer) {
    writer.add(first);
    writer.add(Ack{first.type, 12, 12, 12, {}});
  };
  CHECK(head_behind(with_ack, message(13, hour)) == record_bytes);
  const auto in_another_batch = [&](BatchWriter& writer) {
    writer.add(first);
    writer.finish();
    writer.begin(LaneClass::ordinary, 1, 2, sample_header(false), 256);
  };
  CHECK(head_behind(in_another_batch, message(13, hour)) == record_bytes);
  const auto long_run = [&](BatchWriter& writer) {
    for (std::uint64_t i = 0; i < 100; ++i) add_plain(writer, message(12 + i, hour + near));
  };
  CHECK(head_behind(long_run, message(112, hour)) == following_record_bytes);
}
