// What a hostile peer, or a broken one, may put on the wire: it is refused with a sentence, nothing outside the frame
// is read, and no claim makes us allocate.
#include "frames.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <initializer_list>
#include <limits>

using namespace hawser;
using namespace hawser::test;

namespace {

using Words = std::vector<std::uint64_t>;

// A frame of `kind` around a header made by hand, and around what is said to be records.
std::vector<std::byte> forge(FrameKind kind, const Words& header, const Words& records = {}) {
  std::vector<std::byte> frame(preamble_bytes + (header.size() + records.size()) * 8);
  layout::write_preamble(frame.data(), kind, 1, LaneClass::control, kind == FrameKind::batch ? 1 : 0, header.size());
  std::memcpy(frame.data() + preamble_bytes, header.data(), header.size() * 8);
  if (!records.empty()) {
    std::memcpy(frame.data() + preamble_bytes + header.size() * 8, records.data(), records.size() * 8);
  }
  layout::seal(frame);
  return frame;
}

constexpr std::uint64_t struct_pointer(std::int32_t offset, std::uint16_t data_words, std::uint16_t pointers) {
  return static_cast<std::uint32_t>(offset) << 2 | std::uint64_t{data_words} << 32 | std::uint64_t{pointers} << 48;
}
// Sizes: 0 void, 2 bytes, 5 eight bytes, 6 pointers, 7 structs (count is then in words).
constexpr std::uint64_t list_pointer(std::int32_t offset, std::uint64_t size, std::uint64_t count) {
  return (static_cast<std::uint32_t>(offset) << 2 | 1u) | size << 32 | count << 35;
}

// The header of a batch: its nine data words, a pointer to a heartbeat, and what the caller puts behind it.
Words batch_header(std::uint64_t record_count, std::initializer_list<std::uint64_t> behind = {}) {
  Words words{struct_pointer(0, 9, 1), record_count, 17, 4, 0, 0, 0, 0, 0, 0};
  if (behind.size() == 0) words.push_back(0);
  words.insert(words.end(), behind);
  return words;
}
// The same with a heartbeat whose list of nodes is what the caller says.
Words heartbeat_header(std::uint64_t hears, std::initializer_list<std::uint64_t> behind = {}) {
  Words words = batch_header(0, {struct_pointer(0, 5, 1), 1, 0, 0, 0, 0, hears});
  words.insert(words.end(), behind);
  return words;
}

std::uint64_t record_word(std::uint32_t payload_bytes, RecordKind kind, std::uint8_t flags, std::uint8_t extension) {
  return payload_bytes | std::uint64_t{static_cast<std::uint8_t>(kind)} << 32 | std::uint64_t{flags} << 40 |
         std::uint64_t{extension} << 48;
}

std::string problem_of(std::span<const std::byte> frame) {
  std::string problem;
  const Alone alone{frame};
  return accept(alone.span(), problem) ? "accepted" : problem;
}
std::string problem_of_records(std::uint64_t count, const Words& records) {
  return problem_of(forge(FrameKind::batch, batch_header(count), records));
}

}  // namespace

TEST_CASE("the forger's tools forge good frames when asked to", "[hostile]") {
  CHECK(problem_of(forge(FrameKind::batch, batch_header(0))) == "accepted");
  CHECK(problem_of(forge(FrameKind::batch, heartbeat_header(0))) == "accepted");
  const Words hears{7 << 2 | 1, 0, 0};
  CHECK(problem_of(forge(FrameKind::batch,
                         heartbeat_header(list_pointer(0, 7, 3),
                                          {std::uint64_t{1} << 2 | std::uint64_t{2} << 32 | std::uint64_t{1} << 48, 9,
                                           1, list_pointer(0, 2, 3), 0x316e}))) == "accepted");
  CHECK(problem_of_records(1, {record_word(8, RecordKind::message, 0, 0), 5, 1, 0, 42}) == "accepted");
}

TEST_CASE("a frame cut anywhere is refused", "[hostile]") {
  for (const Sample& sample : sample_frames()) {
    INFO(sample.name);
    REQUIRE(problem_of(sample.frame) == "accepted");
    for (std::size_t length = 0; length < sample.frame.size(); ++length) {
      const Alone cut{std::span{sample.frame}.first(length)};
      std::string problem;
      CHECK_FALSE(inspect_frame(cut.span(), problem));
      CHECK_FALSE(problem.empty());
      // And where nobody inspected it, the decoders stay inside on their own.
      for (const FrameKind kind :
           {FrameKind::hello, FrameKind::welcome, FrameKind::refusal, FrameKind::batch, FrameKind::goodbye}) {
        decode_as_claimed(cut.span(), kind, problem);
      }
      // With length and checksum made right again, only a whole header or record less can be missing.
      if (length < preamble_bytes) continue;
      std::vector<std::byte> mended{cut.span().begin(), cut.span().end()};
      layout::seal(mended);
      CHECK(problem_of(mended) != "accepted");
    }
  }
}

TEST_CASE("a frame with anything behind it is refused", "[hostile]") {
  for (const Sample& sample : sample_frames()) {
    INFO(sample.name);
    for (const std::size_t more : {1, 8, 32, 64}) {
      std::vector<std::byte> longer = sample.frame;
      longer.resize(longer.size() + more);
      CHECK(problem_of(longer) == "a frame's length is not the one it states");
      layout::seal(longer);
      CHECK(problem_of(longer) != "accepted");
    }
  }
}

TEST_CASE("one changed byte is found by the checksum, and harms nobody when the checksum is forged", "[hostile]") {
  for (const Sample& sample : sample_frames()) {
    INFO(sample.name);
    for (std::size_t at = 0; at < sample.frame.size(); ++at) {
      for (unsigned change = 1; change < 256; change = change < 128 ? change * 2 : change + 127) {
        std::vector<std::byte> bent = sample.frame;
        bent[at] ^= static_cast<std::byte>(change);
        std::string problem;
        CHECK_FALSE(inspect_frame(bent, problem));
        layout::seal(bent);
        problem_of(bent);
      }
    }
  }
}

TEST_CASE("random bytes between random headers harm nobody", "[hostile]") {
  std::size_t accepted = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    INFO("seed " << seed);
    Random random{seed};
    const std::vector<Sample> samples = sample_frames();
    std::vector<std::byte> frame = samples[random.below(samples.size())].frame;
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
      const std::size_t at = preamble_bytes + random.below((frame.size() - preamble_bytes) / 8) * 8;
      layout::store(frame.data() + at, random.chance(500'000) ? random.next() : random.below(1 << 20));
    }
    layout::seal(frame);
    if (problem_of(frame) == "accepted") ++accepted;
  }
  CHECK(accepted < 3000);
}

TEST_CASE("each lie of a preamble has its sentence", "[hostile]") {
  const auto bent = [](std::size_t at, auto value) {
    std::vector<std::byte> frame = sample_batch();
    layout::store(frame.data() + at, value);
    if (at != layout::frame_bytes_at && at != layout::checksum_at) layout::seal(frame);
    return problem_of(frame);
  };
  using U8 = std::uint8_t;
  CHECK(problem_of({}) == "a frame is shorter than its preamble");
  CHECK(bent(layout::magic_at, std::uint32_t{0x20312e31}) == "a frame does not begin with HWSR");
  CHECK(bent(layout::frame_bytes_at, std::uint32_t{0xffff'ffff}) == "a frame's length is not the one it states");
  CHECK(bent(layout::checksum_at, std::uint64_t{0}) == "a frame's checksum does not match");
  CHECK(bent(layout::version_at, U8{0}) == "a frame is of a wire version that we do not speak");
  CHECK(bent(layout::version_at, U8{wire_version_max + 1}) == "a frame is of a wire version that we do not speak");
  CHECK(bent(layout::kind_at, U8{0}) == "a frame is of an unknown kind");
  CHECK(bent(layout::kind_at, U8{6}) == "a frame is of an unknown kind");
  CHECK(bent(layout::lane_at, U8{3}) == "a frame names an unknown lane");
  CHECK(bent(layout::flags_at, U8{1}) == "a frame has unknown flags");
  CHECK(bent(layout::header_words_at, std::uint32_t{0}) == "a frame's header does not fit into it");
  CHECK(bent(layout::header_words_at, std::uint32_t{0xffff'ffff}) == "a frame's header does not fit into it");
  CHECK(bent(layout::number_at, std::uint64_t{0}) == "a batch has number 0");
}

TEST_CASE("a frame that is not aligned is refused by the decoders, and inspected all the same", "[hostile]") {
  for (const Sample& sample : sample_frames()) {
    INFO(sample.name);
    for (std::size_t shift = 1; shift < 8; ++shift) {
      std::vector<std::byte> shifted(sample.frame.size() + shift);
      std::memcpy(shifted.data() + shift, sample.frame.data(), sample.frame.size());
      std::string problem;
      const auto frame = std::span{shifted}.subspan(shift);
      const auto info = inspect_frame(frame, problem);
      REQUIRE(info);
      CHECK_FALSE(decode_as_claimed(frame, info->kind, problem));
      CHECK(problem == "a frame is not aligned to 8 bytes");
    }
  }
}

TEST_CASE("headers whose pointers lead astray are refused", "[hostile]") {
  const std::string malformed = "a frame's header is malformed";
  const auto batch = [](const Words& header) { return problem_of(forge(FrameKind::batch, header)); };
  // The root itself: beyond the end, before the beginning, a list, a far pointer, a capability.
  CHECK(batch({struct_pointer(1000, 9, 1), 0}) == malformed);
  CHECK(batch({struct_pointer(-5, 9, 1), 0}) == malformed);
  CHECK(batch({struct_pointer(0, 0xffff, 0xffff), 0}) == malformed);
  CHECK(batch({list_pointer(0, 7, 1 << 28), 0}) == malformed);
  CHECK(batch({2, 0}) == malformed);
  CHECK(batch({std::uint64_t{2} | std::uint64_t{9} << 32, 0}) == malformed);
  CHECK(batch({3, 0}) == malformed);
  // A heartbeat that is the header itself says odd things, which is all; its list of nodes cannot be its own pointer.
  CHECK(batch(batch_header(0, {struct_pointer(-10, 9, 1)})) == malformed);
  CHECK(batch(heartbeat_header(list_pointer(-1, 6, 1))) == malformed);
  CHECK(batch(heartbeat_header(list_pointer(-1, 7, 1))) == malformed);
  CHECK(batch(heartbeat_header(struct_pointer(-1, 0, 1))) == malformed);
  // A root that contains itself without end is read only as deep as the schema goes.
  for (const FrameKind kind : {FrameKind::hello, FrameKind::welcome, FrameKind::refusal, FrameKind::goodbye}) {
    CHECK(problem_of(forge(kind, {struct_pointer(-1, 0, 1)})) != "accepted");
  }
}

TEST_CASE("a list that claims a million nodes costs nothing and is refused", "[hostile]") {
  const auto batch = [](const Words& header) { return problem_of(forge(FrameKind::batch, header)); };
  const std::uint64_t million = 1'000'000;
  const auto tag = [](std::uint64_t count, std::uint64_t data, std::uint64_t pointers) {
    return count << 2 | data << 32 | pointers << 48;
  };
  CHECK(batch(heartbeat_header(list_pointer(0, 7, 3 * million), {tag(million, 2, 1)})) != "accepted");
  CHECK(batch(heartbeat_header(list_pointer(0, 7, 0), {tag(million, 0, 0)})) != "accepted");
  CHECK(batch(heartbeat_header(list_pointer(0, 7, 0), {tag(hears_entries_max, 0, 0)})) != "accepted");
  CHECK(batch(heartbeat_header(list_pointer(0, 0, million))) != "accepted");
  CHECK(batch(heartbeat_header(list_pointer(0, 7, 0), {tag(0x3fff'ffff, 0, 0)})) != "accepted");

  // Really sent: one more than may be.
  Words header = heartbeat_header(list_pointer(0, 7, 3 * (hears_entries_max + 1)), {tag(hears_entries_max + 1, 2, 1)});
  header.resize(header.size() + 3 * (hears_entries_max + 1));
  CHECK(batch(header) == "a heartbeat lists too many nodes");

  const Words welcome{struct_pointer(0, 8, 3), 4, 17, 1, 2, 3, 4, 5, 0x100, 0, 0, 0};
  Words many = welcome;
  many[9] = list_pointer(2, 2, 3);
  many[10] = list_pointer(2, 2, 3);
  many[11] = list_pointer(2, 7, 0);
  many.insert(many.end(), {0x316e, 0x326e, tag(resume_entries_max, 0, 0)});
  CHECK(problem_of(forge(FrameKind::welcome, many)) == "a frame's header is malformed");
  many[14] = tag(0, 4, 0);
  CHECK(problem_of(forge(FrameKind::welcome, many)) == "accepted");
}

TEST_CASE("many pointers to one long text are not read many times", "[hostile]") {
  constexpr std::uint64_t nodes = 1000;
  Words header =
      heartbeat_header(list_pointer(0, 7, 3 * nodes), {nodes << 2 | std::uint64_t{2} << 32 | std::uint64_t{1} << 48});
  const std::size_t list_at = header.size();
  header.resize(list_at + 3 * nodes);
  for (std::uint64_t i = 0; i < nodes; ++i) {
    header[list_at + 3 * i + 2] = list_pointer(static_cast<std::int32_t>(3 * (nodes - 1 - i)), 2, 65);
  }
  for (int i = 0; i < 8; ++i) header.push_back(0x6161616161616161);
  header.push_back(0);
  CHECK(problem_of(forge(FrameKind::batch, header)) == "a frame's header is malformed");
}

TEST_CASE("texts that are no names are refused", "[hostile]") {
  for (const std::string& name : {std::string{"N1"}, std::string(65, 'a'), std::string{"a b"}, std::string{"\0a", 2}}) {
    const std::size_t words = name.size() / 8 + 1;
    Words header{struct_pointer(0, 1, 1), 17, list_pointer(0, 2, name.size() + 1)};
    header.resize(3 + words);
    std::memcpy(header.data() + 3, name.data(), name.size());
    CHECK(problem_of(forge(FrameKind::goodbye, header)) == "a frame holds a text that is no node id");
  }
  // Not ended by a zero byte.
  CHECK(problem_of(forge(FrameKind::goodbye, {struct_pointer(0, 1, 1), 17, list_pointer(0, 2, 2), 0x6161})) ==
        "a frame's header is malformed");
  CHECK(problem_of(forge(FrameKind::goodbye, {struct_pointer(0, 1, 1), 17, 0})) ==
        "a frame holds a text that is no node id");
}

TEST_CASE("values of a header that mean nothing are refused", "[hostile]") {
  const auto changed = [](auto change) {
    Hello hello = sample_hello();
    change(hello);
    return problem_of(encode(hello).bytes());
  };
  CHECK(changed([](Hello& hello) { hello.from_incarnation = Incarnation::unknown; }) ==
        "a hello comes from incarnation 0");
  CHECK(changed([](Hello& hello) { hello.version_min = 0; }) == "a hello offers no wire version");
  CHECK(changed([](Hello& hello) { hello.version_min = 3; }) == "a hello offers no wire version");
  CHECK(changed([](Hello& hello) { hello.cluster = "har\nbour"; }) == "a hello names no cluster");
  Words beat = heartbeat_header(0);
  beat[15] = 3;
  CHECK(problem_of(forge(FrameKind::batch, beat)) == "a heartbeat has an unknown stance");
}

TEST_CASE("each lie of a record has its sentence", "[hostile]") {
  const auto message = record_word(0, RecordKind::message, 0, 0);
  CHECK(problem_of_records(0, {message, 5, 1, 0}) == "a batch does not hold the records it counts");
  CHECK(problem_of_records(3, {message, 5, 1, 0}) == "a batch does not hold the records it counts");
  CHECK(problem_of_records(2, {message, 5, 1, 0}) == "a batch ends within the head of a record");
  CHECK(problem_of_records(0xffff'ffff, {message, 5, 1, 0}) == "a batch does not hold the records it counts");
  CHECK(problem_of_records(1, {message, 5, 1, 0, 0}) == "a batch has bytes after its last record");
  CHECK(problem_of_records(2, {record_word(32, RecordKind::message, 0, 0), 5, 1, 0, 0, 0, 0, 0}) ==
        "a batch ends within the head of a record");
  CHECK(problem_of_records(1, {record_word(1, RecordKind::message, 0, 0), 5, 1, 0}) ==
        "a record reaches beyond its batch");
  CHECK(problem_of_records(1, {record_word(0xffff'ffff, RecordKind::message, 0, 255), 5, 1, 0}) ==
        "a record reaches beyond its batch");
  CHECK(problem_of_records(1, {record_word(0, RecordKind{0}, 0, 0), 5, 1, 0}) == "a record is of an unknown kind");
  CHECK(problem_of_records(1, {record_word(0, RecordKind{8}, 0, 0), 5, 1, 0}) == "a record is of an unknown kind");
  CHECK(problem_of_records(1, {record_word(0, RecordKind::pulse, 0, 0), 0, 0, 0}) == "a pulse is empty");
  CHECK(problem_of_records(1, {record_word(8, RecordKind::pulse, 0, 0), 0, 1, 0, 0}) ==
        "a pulse has a sequence or a type");
  CHECK(problem_of_records(1, {record_word(8, RecordKind::pulse, 0, 0), 5, 0, 0, 0}) ==
        "a pulse has a sequence or a type");
  CHECK(problem_of_records(1, {record_word(8, RecordKind::pulse, layout::flag_waited, 1), 0, 0, 0, 0, 0}) ==
        "a pulse has flags");
  CHECK(problem_of_records(1, {record_word(0, RecordKind::message, 32, 0), 5, 1, 0}) == "a record has unknown flags");
  CHECK(problem_of_records(1, {record_word(7, RecordKind::message, 0, 0), 5, 1, 0, ~std::uint64_t{0}}) ==
        "a record's padding is not zero");
  CHECK(problem_of_records(1, {record_word(0, RecordKind::request, 1, 0), 5, 1, 0}) ==
        "a record's extension is shorter than its flags say");
  CHECK(problem_of_records(1, {record_word(0, RecordKind::request, 5, 4), 5, 1, 0, 1, 2, 3, 4}) ==
        "a record's extension is shorter than its flags say");
  CHECK(problem_of_records(1, {record_word(0, RecordKind::request, 0, 0), 5, 1, 0}) ==
        "a record's request id does not agree with its kind");
  CHECK(problem_of_records(1, {record_word(0, RecordKind::message, 1, 1), 5, 1, 0, 1}) ==
        "a record's request id does not agree with its kind");
  CHECK(problem_of_records(1, {record_word(8, RecordKind::cancel, 1, 1), 5, 1, 0, 1, 2}) ==
        "a cancellation has a payload");
  CHECK(problem_of_records(1, {message, 5, 0, 0}) == "a record has sequence 0");
  CHECK(problem_of_records(1, {message, 0, 1, 0}) == "a message has no type");
}

TEST_CASE("a message that follows another one is read only behind one that it can follow", "[hostile]") {
  const std::uint64_t end = ~std::uint64_t{0};
  const auto latest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const auto earliest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::min());
  const auto message = record_word(0, RecordKind::message, 0, 0);
  const auto follows = record_word(0, RecordKind::message, layout::flag_follows, 0);
  const auto behind = [](Words first, const Words& second) {
    first.insert(first.end(), second.begin(), second.end());
    return problem_of_records(2, first);
  };
  const auto later = [](std::int32_t us) { return std::uint64_t{static_cast<std::uint32_t>(us)}; };

  CHECK(behind({message, 5, 1, 0}, {follows, later(7)}) == "accepted");
  CHECK(behind({message, 5, 1, 0}, {follows, end}) == "accepted");  // one microsecond earlier, after more than an hour
  CHECK(behind({record_word(8, RecordKind::message, 12, 6), 5, 1, 0, 1, 2, 3, 4, 5, 6, 42}, {follows, 0}) ==
        "accepted");
  CHECK(behind({message, 5, end - 1, 0}, {follows, 0}) == "accepted");
  CHECK(behind({message, 5, 1, latest - 1}, {follows, later(1)}) == "accepted");
  CHECK(behind({message, 5, 1, earliest + 1}, {follows, later(-1)}) == "accepted");
  CHECK(problem_of_records(3, {message, 5, end - 2, latest - 2, follows, later(1), follows, later(1)}) == "accepted");

  const std::string alone = "a message follows what is no whole message";
  CHECK(problem_of_records(1, {follows, 0}) == alone);
  CHECK(behind({record_word(0, RecordKind::ack, 0, 1), 5, 1, 0, 0}, {follows, 0}) == alone);
  CHECK(behind({record_word(8, RecordKind::message, 2, 1), 5, 1, 0, std::uint64_t{16} << 32, 42}, {follows, 0}) ==
        alone);
  CHECK(behind({record_word(8, RecordKind::message, 2, 1), 5, 1, 0, 8 | std::uint64_t{16} << 32, 42}, {follows, 0}) ==
        alone);  // not even the last chunk
  CHECK(behind({record_word(0, RecordKind::request, 1, 1), 5, 1, 0, 9}, {follows, 0}) == alone);
  CHECK(behind({record_word(0, RecordKind::reply, 1, 1), 5, 1, 0, 9}, {follows, 0}) == alone);
  CHECK(behind({record_word(0, RecordKind::cancel, 1, 1), 5, 0, 0, 9}, {follows, 0}) == alone);
  CHECK(behind({record_word(0, RecordKind::want, 0, 0), 5, 1, 0}, {follows, 0}) == alone);
  CHECK(behind({record_word(8, RecordKind::pulse, 0, 0), 0, 0, 0, 42}, {follows, 0}) == alone);
  // What was followed once is forgotten when something else has come between.
  CHECK(problem_of_records(3, {message, 5, 1, 0, record_word(0, RecordKind::ack, 0, 1), 5, 1, 0, 0, follows, 0}) ==
        alone);

  const std::string more = "a message that follows another one says more than it may";
  for (const unsigned flag : {1u, 2u, 4u, 8u, 32u, 64u, 128u}) {
    CHECK(behind({message, 5, 1, 0}, {follows | std::uint64_t{flag} << 40, 0}) == more);
  }
  CHECK(behind({message, 5, 1, 0}, {follows | std::uint64_t{1} << 48, 0, 0}) == more);  // an extension
  CHECK(behind({message, 5, 1, 0}, {follows | std::uint64_t{1} << 56, 0}) == more);     // an attempt
  for (const RecordKind kind : {RecordKind{0}, RecordKind::request, RecordKind::reply, RecordKind::ack,
                                RecordKind::cancel, RecordKind::want, RecordKind::pulse, RecordKind{8}}) {
    CHECK(behind({message, 5, 1, 0}, {record_word(0, kind, layout::flag_follows, 0), 0}) ==
          "a record that is no message follows another one");
  }
  CHECK(behind({message, 5, end, 0}, {follows, 0}) == "a message follows the last sequence that there is");
  CHECK(problem_of_records(3, {message, 5, end - 1, 0, follows, 0, follows, 0}) ==
        "a message follows the last sequence that there is");
  const std::string beyond_time = "a message that follows another one expires beyond all time";
  CHECK(behind({message, 5, 1, latest}, {follows, later(1)}) == beyond_time);
  CHECK(behind({message, 5, 1, earliest}, {follows, later(-1)}) == beyond_time);
  CHECK(problem_of_records(3, {message, 5, 1, latest - 1, follows, later(1), follows, later(1)}) == beyond_time);

  CHECK(behind({message, 5, 1, 0}, {follows}) == "a batch ends within the head of a record");
  CHECK(behind({message, 5, 1, 0}, {follows | 1, 0}) == "a record reaches beyond its batch");
  CHECK(behind({message, 5, 1, 0}, {follows | 0xffff'ffff, 0, 0}) == "a record reaches beyond its batch");
  CHECK(behind({message, 5, 1, 0}, {follows | 7, 0, end}) == "a record's padding is not zero");
  CHECK(behind({message, 5, 1, 0}, {follows, 0, 0}) == "a batch has bytes after its last record");
}

TEST_CASE("a chunk lies within its message", "[hostile]") {
  const auto chunk = [](std::uint32_t bytes, std::uint32_t offset, std::uint32_t total) {
    Words words{record_word(bytes, RecordKind::message, 2, 1), 5, 1, 0, offset | std::uint64_t{total} << 32};
    words.resize(words.size() + layout::padded(bytes) / 8);
    return problem_of_records(1, words);
  };
  const std::string outside = "a chunk does not lie within its message";
  CHECK(chunk(8, 0, 8) == "accepted");
  CHECK(chunk(8, 8, 16) == "accepted");
  CHECK(chunk(8, 0xffff'fff0, 0xffff'fff8) == "accepted");
  CHECK(chunk(8, 9, 16) == outside);
  CHECK(chunk(8, 0, 0) == outside);
  CHECK(chunk(8, 0xffff'fff8, 0xffff'ffff) == outside);
  CHECK(chunk(8, 17, 16) == outside);
  CHECK(chunk(0, 0, 16) == outside);
}

TEST_CASE("what a later version puts behind the known extension is skipped", "[hostile]") {
  const auto frame = forge(FrameKind::batch, batch_header(1),
                           {record_word(8, RecordKind::request, 1, 3), 5, 1, 0, 77, 0xdead, 0xbeef, 42});
  std::string problem;
  REQUIRE(inspect_frame(frame, problem));
  BatchReader reader;
  REQUIRE(reader.open(frame, problem));
  Record record;
  Ack ack;
  REQUIRE(reader.next(record, ack, problem) == BatchReader::Next::record);
  CHECK(record.request_id == 77);
  REQUIRE(record.payload.size() == 8);
  CHECK(layout::load<std::uint64_t>(record.payload.data()) == 42);
}

TEST_CASE("an acknowledgement speaks of what has a verdict, once and in order", "[hostile]") {
  const auto ack = [](std::uint64_t verdicts, const Words& ranges) {
    Words words{record_word(static_cast<std::uint32_t>(ranges.size() * 8), RecordKind::ack, 0, 1), 5, verdicts, 9, 9};
    words.insert(words.end(), ranges.begin(), ranges.end());
    return problem_of_records(1, words);
  };
  const auto range = [](std::uint32_t count, std::uint64_t kind, std::uint64_t cause = 0, std::uint64_t zero = 0) {
    return count | kind << 32 | cause << 40 | zero << 48;
  };
  const std::uint64_t end = ~std::uint64_t{0};
  CHECK(ack(0, {}) == "accepted");
  CHECK(ack(10, {1, range(10, 2)}) == "accepted");
  CHECK(ack(end, {end, range(1, 2)}) == "accepted");
  CHECK(ack(10, {1, range(5, 2), 6, range(5, 1)}) == "accepted");
  CHECK(ack(10, {1, range(1, 2, 255)}) == "accepted");  // a cause of a newer node

  const std::string order = "an acknowledgement's ranges are empty or out of order";
  const std::string beyond = "an acknowledgement speaks of sequences without a verdict";
  CHECK(ack(10, {0, range(1, 2)}) == order);
  CHECK(ack(10, {1, range(0, 2)}) == order);
  CHECK(ack(10, {6, range(1, 2), 5, range(1, 2)}) == order);
  CHECK(ack(10, {5, range(2, 2), 6, range(1, 2)}) == order);
  CHECK(ack(10, {10, range(2, 2)}) == beyond);
  CHECK(ack(10, {11, range(1, 2)}) == beyond);
  CHECK(ack(end, {end, range(2, 2)}) == beyond);
  CHECK(ack(end, {end - 1, range(0xffff'ffff, 2)}) == beyond);
  CHECK(ack(10, {1, range(1, 0)}) == "an acknowledgement holds a verdict that is no exception");
  CHECK(ack(10, {1, range(1, outcome_kind_count)}) == "an acknowledgement holds a verdict that is no exception");
  CHECK(ack(10, {1, range(1, static_cast<unsigned>(OutcomeKind::overloaded), 0, 1)}) == "accepted");  // a hint
  CHECK(ack(10, {1, range(1, 2, 0, 1)}) == "an acknowledgement's range has unknown bits");
  CHECK(ack(10, {1}) == "an acknowledgement ends within a range");
  CHECK(problem_of_records(1, {record_word(0, RecordKind::ack, 0, 0), 5, 1, 0}) ==
        "an acknowledgement grants no bytes");
  CHECK(problem_of_records(1, {record_word(0, RecordKind::ack, 1, 1), 5, 1, 0, 1}) == "an acknowledgement has flags");
}
