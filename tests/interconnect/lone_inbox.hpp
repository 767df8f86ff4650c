// An inbox alone: records are made by hand, and handlers end when the test says so.
#pragma once

#include <catch2/catch.hpp>
#include <interconnect/traffic_bench.hpp>

namespace hawser::test {

// An inbox alone: records are made by hand.
struct LoneInbox {
  Config config;
  Registry registry{config};
  BenchHost host;
  Pool peer_pool;
  NodePools own_node{64u << 20};
  NodePools& node;
  Inbox inbox;
  BufferRef frame = numbered(1, 4'096);
  Instant now = instant_from_us(1'000'000);
  std::string problem;
  std::vector<std::uint64_t> handled;
  std::vector<Ack> acks;
  std::vector<VerdictRange> ranges;

  static constexpr std::size_t largest = 4u << 20;
  static constexpr Inbox::Limits small{4, 65'536, largest, 64};

  explicit LoneInbox(NodePools* shared = nullptr, Inbox::Limits limits = small, std::size_t peer_bytes = 8u << 20)
      : peer_pool(peer_bytes, peer_bytes),
        node(shared == nullptr ? own_node : *shared),
        inbox(registry, limits, host, Room{peer_pool, node.in}, node.line) {
    Delivery from;
    from.node = "n1";
    inbox.reset(from);
  }
  void handle(TypeId type, bool asynchronous = false) {
    registry.set_handler({type, "T"}, std::make_unique<ScriptedHandler>(
                                          asynchronous,
                                          [this, asynchronous](const Delivery&, const InboundBytes& in,
                                                               const HandlerDone&) -> std::optional<HandlerEnd> {
                                            handled.push_back(in.payload.size());
                                            if (asynchronous) return std::nullopt;
                                            return HandlerEnd{};
                                          }));
  }
  bool take(RecordKind kind, TypeId type, std::uint64_t sequence, std::size_t bytes = 16, std::int64_t ttl = 1'000'000,
            std::int64_t sent_at = 0) {
    Record record;
    record.kind = kind;
    record.type = type;
    record.sequence = sequence;
    record.expires_at = ttl;
    record.request_id = sequence;
    body = numbered(sequence, bytes);
    record.payload = kind == RecordKind::want ? std::span<const std::byte>{} : body.bytes();
    const LaneClass lane = kind == RecordKind::want ? LaneClass::control : LaneClass::ordinary;
    return inbox.take(record, {body, lane, now, Duration{0}, sent_at}, problem);
  }
  std::vector<InboundReply> answers() {
    std::vector<InboundReply> result;
    inbox.take_answers(result);
    return result;
  }
  // The wish for so much credit, and how much is given up.
  bool want(TypeId type, std::uint64_t credit, std::uint64_t given_up = 0) {
    Record record;
    record.kind = RecordKind::want;
    record.type = type;
    record.sequence = credit;
    record.given_up = given_up;
    return inbox.take(record, {frame, LaneClass::control, now, Duration{0}, 0}, problem);
  }
  bool piece(std::uint64_t sequence, std::uint32_t offset, std::uint32_t bytes, std::uint32_t total,
             RecordKind kind = RecordKind::message, std::int64_t ttl = 1'000'000, TypeId type = TypeId{1}) {
    Record record;
    record.kind = kind;
    record.type = type;
    record.sequence = sequence;
    record.request_id = kind == RecordKind::message ? 0 : sequence;
    record.expires_at = ttl;
    record.offset = offset;
    record.total_bytes = total;
    body = numbered(sequence, total);
    record.payload = body.bytes().subspan(offset, bytes);
    return inbox.take(record, {body, LaneClass::ordinary, now, Duration{0}, 0}, problem);
  }
  // What the next acknowledgement says of one channel.
  Ack ack(TypeId type, std::uint64_t batch = 1) {
    BatchWriter writer;
    writer.begin(LaneClass::control, 1, batch, {}, 256);
    inbox.acknowledge(writer, 65'536, batch);
    said = writer.finish();
    BatchReader reader;
    REQUIRE(reader.open(said.bytes(), problem));
    Record record;
    Ack each;
    Ack result;
    while (reader.next(record, each, problem) == BatchReader::Next::ack) {
      if (each.type != type) continue;
      ranges.assign(each.exceptions.begin(), each.exceptions.end());
      result = each;
    }
    result.exceptions = ranges;
    return result;
  }
  BufferRef body;
  BufferRef said;
};

inline constexpr TypeId one{1};
inline constexpr TypeId two{2};

}  // namespace hawser::test
