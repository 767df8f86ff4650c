#include "delivery_costs.hpp"

#include <hawser/interconnect/channel.hpp>
#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/grant_line.hpp>
#include <hawser/interconnect/inbox.hpp>
#include <hawser/interconnect/registry.hpp>
#include "stopwatch.hpp"

#include <boost/asio/io_context.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace hawser::bench {
namespace {

constexpr std::size_t messages = 512;  // of one batch
constexpr std::size_t payload_bytes = 64;
constexpr std::size_t batch_bytes = 1u << 17;
constexpr Duration step{500};  // between two batches
constexpr Duration ttl{5'000'000};
constexpr TypeInfo type{TypeId{1}, "Sixty"};

class Counting final : public Handler {
 public:
  explicit Counting(std::uint64_t& handled) : handled_(handled) {}
  std::optional<HandlerEnd> start(const Delivery&, const InboundBytes&, HandlerExecutors&,
                                  const HandlerDone&) override {
    ++handled_;
    return HandlerEnd{};
  }
  bool asynchronous() const noexcept override { return false; }

 private:
  std::uint64_t& handled_;
};

// Of an inbox whose handlers end before they return.
class Host final : public InboxHost {
 public:
  HandlerDone handler_done(TypeId, std::uint64_t) override { return nullptr; }
  boost::asio::any_io_executor loop() override { return io_.get_executor(); }
  boost::asio::any_io_executor pool() override { return io_.get_executor(); }
  bool reserve_reply(std::size_t) override { return false; }
  void release_reply(std::size_t) override {}
  void look_again() override {}

 private:
  boost::asio::io_context io_;
};

enum Step : std::size_t { admission, transmission, sealing, opening, receipt, verdicts, settling, step_count };
constexpr std::array<const char*, step_count> labels{"admission: room, ledger, TTL, a copy of its bytes",
                                                     "transmission: credit, TTL, number, record",
                                                     "the batch is sealed (hash)",
                                                     "the batch is checked (hash)",
                                                     "receipt: order, credit, TTL, intake, the handler, verdict",
                                                     "acknowledgement: credit renewed, verdicts taken",
                                                     "settlement: ledger, room given back"};

// A channel and the inbox at the other end.
class Line {
 public:
  Line() : inbox_(registry_, {config_.bounds.channel_messages}, host_, rooms_.in, pools_.line) {
    registry_.set_handler(type, std::make_unique<Counting>(handled_));
    Delivery from;
    from.node = "sender";
    inbox_.reset(from);
    channel_.set_gate(std::nullopt, true);
    for (std::size_t i = 0; i < payload_bytes; ++i) content_->data()[i] = std::byte{0};
    content_->data()[4] = std::byte{payload_bytes / 8 - 1};  // one segment
  }

  // One batch, from admission to the books; adds what each step took, in seconds.
  void batch(std::array<double, step_count>& seconds) {
    now_ += step;
    auto begin = WallClock::now();
    const auto ends = [&](Step step) {
      const auto now = WallClock::now();
      seconds[step] += std::chrono::duration<double>(now - begin).count();
      begin = WallClock::now();
    };
    for (std::size_t i = 0; i < messages; ++i) {
      Outgoing message;
      message.payload = Buffer::copy(content_.bytes());
      message.submitted = now_;
      message.expires = now_ + ttl;
      message.type = type.id;
      bool tell = false;
      must(channel_.admit(message, now_, tell).delivered(), "admitted");
    }
    ends(admission);
    writer_.begin(LaneClass::ordinary, 1, ++number_, {}, batch_bytes);
    channel_.fill(writer_, batch_bytes, {now_, began_}, endings_);
    ends(transmission);
    const BufferRef frame = writer_.finish();
    ends(sealing);
    must(inspect_frame(frame.bytes(), problem_).has_value(), "whole");
    ends(opening);
    must(reader_.open(frame.bytes(), problem_), "read");
    const Arrival arrival{frame, LaneClass::ordinary, now_, Duration{0}, to_us(now_ - began_)};
    while (reader_.next(record_, ack_, problem_) == BatchReader::Next::record) {
      must(inbox_.take(record_, arrival, problem_), "taken");
    }
    inbox_.run(now_);
    inbox_.detach();
    ends(receipt);
    writer_.begin(LaneClass::control, 1, number_, {}, 1024);
    inbox_.acknowledge(writer_, batch_bytes, number_);
    const BufferRef answer = writer_.finish();
    must(inspect_frame(answer.bytes(), problem_) && reader_.open(answer.bytes(), problem_), "answered");
    while (reader_.next(record_, ack_, problem_) == BatchReader::Next::ack) channel_.acknowledge(ack_, now_, endings_);
    ends(verdicts);
    channel_.settle(now_, endings_);
    ends(settling);
    submitted_ += messages;
    must(handled_ <= submitted_, "handled once");
  }

  // Credit grows while it is used: at first not all of a batch may leave.
  void warm_up() {
    std::array<double, step_count> nobody_minds{};
    for (int i = 0; i < 200; ++i) batch(nobody_minds);
    must(channel_.held() == 0, "delivered");
  }
  void done() const { must(handled_ == submitted_ && channel_.held() == 0, "delivered"); }

 private:
  void must(bool good, const char* what) const {
    if (!good) throw std::runtime_error(std::string{"a message was not "} + what + ": " + problem_);
  }

  Config config_;
  Registry registry_{config_};
  Host host_;
  NodePools pools_{config_.bounds.node_bytes};
  Pool peer_out_{config_.bounds.peer_bytes, config_.bounds.peer_bytes};
  Pool peer_in_{config_.bounds.peer_bytes, config_.bounds.peer_bytes};
  ChannelRooms rooms_{{peer_out_, pools_.out}, {peer_in_, pools_.in}};
  CircuitBreaker peer_breaker_{BreakerConfig{}};
  Channel channel_{type, false, TypePolicy{}, ChannelLimits{}, BreakerConfig{}, peer_breaker_, 1, rooms_};
  Inbox inbox_;
  BatchWriter writer_;
  BatchReader reader_;
  Record record_;
  Ack ack_;
  Endings endings_;
  std::string problem_;
  BufferRef content_ = Buffer::make(payload_bytes);
  const Instant began_ = instant_from_us(1'000'000);
  Instant now_ = began_;
  std::uint64_t number_ = 0;
  std::uint64_t submitted_ = 0;
  std::uint64_t handled_ = 0;
};

}  // namespace

std::vector<PartCost> ask_delivery(const Settings& settings) {
  std::vector<PartCost> costs;
  for (const char* label : labels) costs.push_back({label, {}});
  costs.push_back({"all of it", {}});
  for (unsigned run = 0; run < settings.pairs; ++run) {
    Line line;
    line.warm_up();
    std::array<double, step_count> seconds{};
    std::uint64_t batches = 0;
    for (const auto start = WallClock::now(); seconds_since(start) * 1000 < settings.measured_ms; ++batches) {
      line.batch(seconds);
    }
    line.done();
    double all = 0;
    for (std::size_t i = 0; i < step_count; ++i) {
      const double each = seconds[i] * 1e9 / static_cast<double>(batches * messages);
      costs[i].nanoseconds.push_back(each);
      all += each;
    }
    costs.back().nanoseconds.push_back(all);
  }
  return costs;
}

}  // namespace hawser::bench
