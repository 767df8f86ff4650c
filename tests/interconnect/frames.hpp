// Sample frames, and a reader that takes any bytes to the end, for the tests and the fuzzer.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/frame_layout.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hawser::test {

inline std::vector<std::byte> bytes_of(const BufferRef& frame) {
  const auto bytes = frame.bytes();
  return {bytes.begin(), bytes.end()};
}

// The bytes at an address of their own with nothing behind them, so that a sanitizer sees every step outside.
class Alone {
 public:
  explicit Alone(std::span<const std::byte> bytes) : bytes_(new std::byte[bytes.size()]), size_(bytes.size()) {
    if (size_ != 0) std::memcpy(bytes_.get(), bytes.data(), size_);
  }
  std::span<const std::byte> span() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_;
};

inline Hello sample_hello() {
  Hello hello;
  hello.cluster = "harbour";
  hello.from = "n1";
  hello.to = "n2.rack-7";
  hello.from_incarnation = Incarnation{17};
  hello.to_incarnation = Incarnation{4};
  hello.session = 0x1122334455667788;
  hello.nonce = 0x0102030405060708;
  hello.lane = LaneClass::bulk;
  hello.generation_digest = 0xfeedfacecafef00d;
  hello.sent_at = 1'234'567;
  hello.batches_before = 40;
  return hello;
}

inline Welcome sample_welcome() {
  Welcome welcome;
  welcome.from = "n2.rack-7";
  welcome.to = "n1";
  welcome.from_incarnation = Incarnation{4};
  welcome.to_incarnation = Incarnation{17};
  welcome.session = 0x8877665544332211;
  welcome.peer_session = 0x1122334455667788;
  welcome.nonce = 0x0102030405060708;
  welcome.lane = LaneClass::bulk;
  welcome.version = 1;
  welcome.sent_at = 99;
  welcome.hello_sent_at = 1'234'567;
  welcome.resume = {{TypeId{0xa1}, 12, 777, 4096, 1 << 20}, {TypeId::none, 3, 0, 0, 0}};
  return welcome;
}

inline Refusal sample_refusal() {
  Refusal refusal;
  refusal.from = "n2";
  refusal.from_incarnation = Incarnation{4};
  refusal.reason = RefusalReason::wrong_cluster;
  refusal.text = "this is cluster quay, you belong to harbour";
  return refusal;
}

inline Goodbye sample_goodbye() {
  Goodbye goodbye;
  goodbye.from = "n1";
  goodbye.from_incarnation = Incarnation{17};
  goodbye.settled = true;
  goodbye.taken = {{TypeId{0xa1}, 12, 0, 0, 0}, {TypeId::none, 3, 0, 0, 0}};
  return goodbye;
}

inline BatchHeader sample_header(bool with_heartbeat) {
  BatchHeader header;
  header.from_incarnation = Incarnation{17};
  header.to_incarnation = Incarnation{4};
  header.session = 0x8877665544332211;
  header.peer_session = 0x1122334455667788;
  header.sent_at = 5'000'000;
  header.epoch = Epoch{7, 2, Incarnation{17}};
  header.received[0] = 41;
  header.received[1] = 42;
  header.received[2] = 43;
  if (with_heartbeat) {
    Heartbeat beat;
    beat.sequence = 100;
    beat.reply_to = 98;
    beat.reply_hold_us = 250;
    beat.stance = Stance::serving;
    beat.last_heard = 98;
    beat.asks = {{"n7", Incarnation{2}, 0}};
    beat.answers = {{"n8", Incarnation{5}, 250'000}, {"n9", Incarnation{6}, 1}};
    beat.lanes_silent = 2;
    beat.hears = {{"n2", Incarnation{4}, PeerState::up}, {"n3", Incarnation{9}, PeerState::unreachable}};
    header.heartbeat = beat;
  }
  return header;
}

// A batch with one record of each kind, a chunk and a trace among them.
inline std::vector<std::byte> sample_batch() {
  const std::vector<std::byte> text(13, std::byte{0x5a});
  Traceparent trace;
  for (std::size_t i = 0; i < 25; ++i) trace.bytes[i] = static_cast<std::byte>(i + 1);
  const VerdictRange exceptions[] = {{2, 3, OutcomeKind::expired, Cause::on_arrival},
                                     {9, 1, OutcomeKind::refused, Cause::handler_threw}};

  BatchWriter writer;
  writer.begin(LaneClass::control, 1, 6, sample_header(true), 512);
  Record record;
  record.type = TypeId{0xa1};
  record.sequence = 21;
  record.expires_at = 6'000'000;
  record.payload = text;
  writer.add(record);
  record.sequence = 22;
  record.attempt = 2;
  record.offset = 64;
  record.total_bytes = 77;
  writer.add(record);
  record.kind = RecordKind::request;
  record.sequence = 23;
  record.attempt = 0;
  record.offset = record.total_bytes = 0;
  record.request_id = 0x77;
  record.traceparent = trace;
  record.payload = std::span{text}.first(8);
  writer.add(record);
  record.kind = RecordKind::reply;
  record.traceparent.reset();
  writer.add(record);
  record.kind = RecordKind::cancel;
  record.sequence = 0;
  record.payload = {};
  writer.add(record);
  writer.add(Ack{TypeId{0xa1}, 12, 4108, 1 << 20, exceptions});
  return bytes_of(writer.finish());
}

// A batch as a busy channel fills it: the first message says everything, the others only what is new.
inline std::vector<std::byte> sample_run() {
  const std::vector<std::byte> text(13, std::byte{0x5a});
  constexpr std::size_t anything = 1 << 20;
  BatchWriter writer;
  writer.begin(LaneClass::ordinary, 1, 7, sample_header(false), 512);
  writer.add_plain(TypeId{0xa1}, 24, 6'000'000, 1'500, text, anything);
  writer.add_plain(TypeId{0xa1}, 25, 6'000'300, 1'200, text, anything);
  writer.add_plain(TypeId{0xa1}, 26, 5'999'000, 0, {}, anything);
  writer.add_plain(TypeId{0xa2}, 27, 6'000'000, 0, std::span{text}.first(8), anything);
  writer.add_plain(TypeId{0xa2}, 28, 6'000'000, 0, std::span{text}.first(8), anything);
  return bytes_of(writer.finish());
}

struct Sample {
  std::string name;
  std::vector<std::byte> frame;
};

inline std::vector<Sample> sample_frames() {
  BatchWriter writer;
  writer.begin(LaneClass::ordinary, 1, 1, sample_header(false), 0);
  return {{"hello", bytes_of(encode(sample_hello()))},
          {"welcome", bytes_of(encode(sample_welcome()))},
          {"refusal", bytes_of(encode(sample_refusal()))},
          {"goodbye", bytes_of(encode(sample_goodbye()))},
          {"probe", bytes_of(writer.finish())},
          {"batch", sample_batch()},
          {"run", sample_run()}};
}

// Touches every byte of what a decoder hands out.
inline std::uint64_t touch(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0;
  for (const std::byte byte : bytes) sum = sum * 31 + static_cast<std::uint64_t>(byte);
  return sum;
}

// Decodes whatever kind the frame says it is. True when every part of it was accepted; otherwise `problem` says why.
inline bool decode_as_claimed(std::span<const std::byte> frame, FrameKind kind, std::string& problem) {
  switch (kind) {
    case FrameKind::hello: {
      Hello hello;
      return decode(frame, hello, problem);
    }
    case FrameKind::welcome: {
      Welcome welcome;
      return decode(frame, welcome, problem);
    }
    case FrameKind::refusal: {
      Refusal refusal;
      return decode(frame, refusal, problem);
    }
    case FrameKind::goodbye: {
      Goodbye goodbye;
      return decode(frame, goodbye, problem);
    }
    case FrameKind::batch:
      break;
  }
  BatchReader reader;
  if (!reader.open(frame, problem)) return false;
  Record record;
  Ack ack;
  for (;;) {
    switch (reader.next(record, ack, problem)) {
      case BatchReader::Next::record:
        touch(record.payload);
        break;
      case BatchReader::Next::ack:
        break;
      case BatchReader::Next::end:
        return true;
      case BatchReader::Next::malformed:
        return false;
    }
  }
}

inline bool accept(std::span<const std::byte> frame, std::string& problem) {
  const auto info = inspect_frame(frame, problem);
  return info && decode_as_claimed(frame, info->kind, problem);
}

}  // namespace hawser::test
