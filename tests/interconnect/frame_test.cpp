// What a frame says arrives as it was said; and what version 1 says is written down byte by byte.
#include "frames.hpp"

#include <catch2/catch.hpp>

#include <cstdio>

using namespace hawser;
using namespace hawser::test;

namespace {

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(bytes[i]));
    text += digits;
    if (i % 8 == 7) text += i % 32 == 31 ? '\n' : ' ';
  }
  return text;
}

template <typename Value>
Value round_trip(const Value& value) {
  const BufferRef frame = encode(value);
  std::string problem;
  const auto info = inspect_frame(frame.bytes(), problem);
  INFO(problem);
  REQUIRE(info);
  Value back;
  const bool decoded = decode(frame.bytes(), back, problem);
  INFO(problem);
  REQUIRE(decoded);
  return back;
}

NodeId random_id(Random& random) {
  static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789._-";
  std::string text(1 + random.below(NodeId::size_max), ' ');
  for (char& c : text) c = letters[random.below(letters.size())];
  return NodeId{text};
}

}  // namespace

TEST_CASE("the frames of the handshake arrive as they were sent", "[frame]") {
  CHECK(round_trip(sample_hello()) == sample_hello());
  CHECK(round_trip(sample_welcome()) == sample_welcome());
  CHECK(round_trip(sample_refusal()) == sample_refusal());
  CHECK(round_trip(sample_goodbye()) == sample_goodbye());
}

TEST_CASE("hellos and welcomes of any content arrive as they were sent", "[frame]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    Random random{seed};
    Hello hello;
    hello.cluster.assign(1 + random.below(cluster_name_max), static_cast<char>('a' + random.below(26)));
    hello.from = random_id(random);
    hello.to = random_id(random);
    hello.from_incarnation = Incarnation{random.next() | 1};
    hello.to_incarnation = Incarnation{random.next()};
    hello.session = random.next();
    hello.nonce = random.next();
    hello.lane = static_cast<LaneClass>(random.below(lane_count));
    hello.generation_digest = random.next();
    hello.sent_at = static_cast<std::int64_t>(random.next());
    hello.batches_before = random.next();
    CHECK(round_trip(hello) == hello);

    Welcome welcome = sample_welcome();
    welcome.from = random_id(random);
    welcome.to = random_id(random);
    welcome.resume.clear();
    for (std::uint64_t n = random.below(50); n > 0; --n) {
      welcome.resume.push_back({TypeId{random.next()}, random.next(), random.next(), random.next(), random.next()});
    }
    CHECK(round_trip(welcome) == welcome);
  }
}

TEST_CASE("a session with as many channels as there may be is resumed in one welcome", "[frame]") {
  Welcome welcome = sample_welcome();
  welcome.resume.clear();
  for (std::uint64_t i = 0; i < resume_entries_max; ++i)
    welcome.resume.push_back({TypeId{i}, i * 3, i * 11, i * 5, i * 7});
  CHECK(round_trip(welcome) == welcome);
}

TEST_CASE("a refusal that has too much to say is cut, and cannot steer a terminal", "[frame]") {
  Refusal refusal = sample_refusal();
  refusal.text.assign(refusal_text_max + 100, 'x');
  CHECK(round_trip(refusal).text == std::string(refusal_text_max, 'x'));
  refusal.text = "red \x1b[31m\nalert";
  CHECK(round_trip(refusal).text == "red ?[31m?alert");
}

TEST_CASE("a reason for refusal that a newer node invented is still a refusal", "[frame]") {
  Refusal refusal = sample_refusal();
  refusal.reason = RefusalReason{200};
  const Refusal back = round_trip(refusal);
  CHECK(back.reason == RefusalReason::none);
  CHECK(back.text == refusal.text);
}

TEST_CASE("the preamble names kind, lane, version and number", "[frame]") {
  std::string problem;
  const auto hello = inspect_frame(encode(sample_hello()).bytes(), problem);
  REQUIRE(hello);
  CHECK(hello->kind == FrameKind::hello);
  CHECK(hello->lane == LaneClass::bulk);
  CHECK(hello->version == wire_version_max);
  CHECK(hello->number == 0);
  const auto batch = inspect_frame(sample_batch(), problem);
  REQUIRE(batch);
  CHECK(batch->kind == FrameKind::batch);
  CHECK(batch->lane == LaneClass::control);
  CHECK(batch->number == 6);
}

TEST_CASE("the highest version in both ranges is spoken, or none", "[frame][version]") {
  CHECK(choose_version({1, 1}, {1, 1}) == 1);
  CHECK(choose_version({1, 3}, {2, 5}) == 3);
  CHECK(choose_version({2, 5}, {1, 3}) == 3);
  CHECK(choose_version({1, 9}, {4, 4}) == 4);
  CHECK(choose_version({1, 2}, {3, 4}) == std::nullopt);
  CHECK(choose_version({3, 4}, {1, 2}) == std::nullopt);
  CHECK(choose_version({2, 1}, {1, 2}) == std::nullopt);
}

TEST_CASE("a node of the future is understood up to its hello, and told why not further", "[frame][version]") {
  std::string problem;
  Hello hello = sample_hello();
  hello.version_min = 7;
  hello.version_max = 9;
  CHECK(round_trip(hello) == hello);
  CHECK(choose_version({hello.version_min, hello.version_max}, {}) == std::nullopt);
  Refusal refusal = sample_refusal();
  refusal.reason = RefusalReason::no_common_version;
  refusal.version_min = 7;
  refusal.version_max = 9;
  CHECK(round_trip(refusal) == refusal);

  BatchWriter writer;
  writer.begin(LaneClass::control, 7, 1, sample_header(false), 0);
  const BufferRef batch = writer.finish();
  CHECK_FALSE(inspect_frame(batch.bytes(), problem));
  CHECK(problem == "a frame is of a wire version that we do not speak");
  CHECK(inspect_frame(batch.bytes(), problem, {1, 7}));
}

// Whoever changes one of these has changed the wire: docs/wire.md says when that needs a new version.
TEST_CASE("version 1 is these bytes", "[frame][golden]") {
  CHECK(hex(encode(sample_hello()).bytes()) == R"(4857535201010200 a000000010000000 9c7a3a861eb04eb6 0000000000000000
0000000008000300 1100000000000000 0400000000000000 8877665544332211
0807060504030201 0df0fecacefaedfe 87d6120000000000 0201010000000000
2800000000000000 0900000042000000 090000001a000000 0900000052000000
686172626f757200 6e31000000000000 6e322e7261636b2d 3700000000000000
)");
  CHECK(hex(encode(sample_welcome()).bytes()) == R"(4857535201020000 f00000001a000000 c7a67e7a2743fad2 0000000000000000
0000000008000300 0400000000000000 1100000000000000 1122334455667788
8877665544332211 0807060504030201 6300000000000000 87d6120000000000
0201000000000000 0900000052000000 0d0000001a000000 0d00000057000000
6e322e7261636b2d 3700000000000000 6e31000000000000 0800000005000000
a100000000000000 0c00000000000000 0010000000000000 0000100000000000
0903000000000000 0000000000000000 0300000000000000 0000000000000000
0000000000000000 0000000000000000 )");
  CHECK(hex(encode(sample_refusal()).bytes()) == R"(4857535201030000 800000000c000000 6e5107b43864bb2c 0000000000000000
0000000002000200 0400000000000000 0101010000000000 050000001a000000
0500000062010000 6e32000000000000 7468697320697320 636c757374657220
717561792c20796f 752062656c6f6e67 20746f2068617262 6f75720000000000
)");
  CHECK(hex(encode(sample_goodbye()).bytes()) == R"(4857535201050000 a800000011000000 3f99f2a211a6bdf9 0000000000000000
0000000002000200 1100000000000000 0100000000000000 050000001a000000
0500000057000000 6e31000000000000 0800000005000000 a100000000000000
0c00000000000000 0000000000000000 0000000000000000 0000000000000000
0000000000000000 0300000000000000 0000000000000000 0000000000000000
0000000000000000 )");
  CHECK(hex(sample_batch()) == R"(4857535201040000 d80200002c000000 b61ccb802e1d3eaf 0600000000000000
000000000b000100 0600000002000000 1100000000000000 0400000000000000
404b4c0000000000 0700000000000000 1100000000000000 2900000000000000
2a00000000000000 2b00000000000000 1122334455667788 8877665544332211
0000000005000300 6400000000000000 6200000000000000 fa00000000000000
6200000000000000 0102000000000000 4100000037000000 050000001f000000
1500000037000000 0400000002000100 0200000000000000 0000000000000000
010000001a000000 6e37000000000000 0800000002000100 0500000000000000
90d0030000000000 0d0000001a000000 0600000000000000 0100000000000000
050000001a000000 6e38000000000000 6e39000000000000 0800000002000100
0400000000000000 0100000000000000 0d0000001a000000 0900000000000000
0300000000000000 050000001a000000 6e32000000000000 6e33000000000000
0d00000001000000 a100000000000000 1500000000000000 808d5b0000000000
5a5a5a5a5a5a5a5a 5a5a5a5a5a000000 0d00000001020102 a100000000000000
1600000000000000 808d5b0000000000 400000004d000000 5a5a5a5a5a5a5a5a
5a5a5a5a5a000000 0800000002050500 a100000000000000 1700000000000000
808d5b0000000000 7700000000000000 0102030405060708 090a0b0c0d0e0f10
1112131415161718 1900000000000000 5a5a5a5a5a5a5a5a 0800000003010100
a100000000000000 1700000000000000 808d5b0000000000 7700000000000000
5a5a5a5a5a5a5a5a 0000000005010100 a100000000000000 0000000000000000
808d5b0000000000 7700000000000000 2000000004000100 a100000000000000
0c00000000000000 0c10000000000000 0000100000000000 0200000000000000
0300000002120000 0900000000000000 0100000001140000 )");
  CHECK(hex(sample_run()) == R"(4857535201040100 300100000d000000 30f5d524c84d761a 0700000000000000
000000000b000100 0500000002000000 1100000000000000 0400000000000000
404b4c0000000000 0700000000000000 1100000000000000 2900000000000000
2a00000000000000 2b00000000000000 1122334455667788 8877665544332211
0000000000000000 0d00000001080100 a100000000000000 1800000000000000
808d5b0000000000 dc05000000000000 5a5a5a5a5a5a5a5a 5a5a5a5a5a000000
0d00000001100000 2c010000b0040000 5a5a5a5a5a5a5a5a 5a5a5a5a5a000000
0000000001100000 ecfaffff00000000 0800000001000000 a200000000000000
1b00000000000000 808d5b0000000000 5a5a5a5a5a5a5a5a 0800000001100000
0000000000000000 5a5a5a5a5a5a5a5a )");
}
