// One sender's channels and one receiver's inbox, with a line between them that the test holds in its hands.
//
// Frames are real, time is made up. What is under way waits in queues until the test delivers or loses it. The bench
// keeps books of its own, which check() holds against the ledger, the inbox and the handlers after every step.
#pragma once

#include <hawser/interconnect/channel.hpp>
#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/inbox.hpp>
#include <hawser/interconnect/registry.hpp>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hawser::test {

// Cap'n Proto framing of one segment whose first word is `id`; the rest repeats it, so that a torn message shows.
inline BufferRef numbered(std::uint64_t id, std::size_t bytes = 16) {
  BufferRef made = Buffer::make(std::max<std::size_t>((bytes + 7) / 8 * 8, 16));
  const auto words = static_cast<std::uint32_t>(made.size() / 8 - 1);
  const std::uint32_t table[2] = {0, words};
  std::memcpy(made->data(), table, sizeof table);
  for (std::size_t i = 1; i <= words; ++i) std::memcpy(made->data() + 8 * i, &id, sizeof id);
  return made;
}

inline std::uint64_t number_in(std::span<const std::byte> payload) {
  std::uint64_t id = 0;
  std::memcpy(&id, payload.data() + 8, sizeof id);
  bool whole = true;
  for (std::size_t at = 16; at < payload.size(); at += 8) whole &= std::memcmp(payload.data() + at, &id, 8) == 0;
  REQUIRE(whole);
  return id;
}

class ScriptedHandler final : public Handler {
 public:
  using Script = std::function<std::optional<HandlerEnd>(const Delivery&, const InboundBytes&, const HandlerDone&)>;
  ScriptedHandler(bool asynchronous, Script script) : asynchronous_(asynchronous), script_(std::move(script)) {}

  std::optional<HandlerEnd> start(const Delivery& delivery, const InboundBytes& bytes, HandlerExecutors&,
                                  const HandlerDone& done) override {
    return script_(delivery, bytes, done);
  }
  bool asynchronous() const noexcept override { return asynchronous_; }

 private:
  bool asynchronous_;
  Script script_;
};

// Shows the time of the test.
class BenchClock final : public Scheduler {
 public:
  explicit BenchClock(const Instant& now) : now_(now) {}
  Instant now() const noexcept override { return now_; }
  TimerId at(Instant, UniqueFunction<void()>) override { return TimerId::none; }
  void cancel(TimerId) noexcept override {}

 private:
  const Instant& now_;
};

// Remembers which asynchronous handlers run; they end when the test says so.
class BenchHost final : public InboxHost {
 public:
  HandlerDone handler_done(TypeId type, std::uint64_t sequence) override {
    working.emplace_back(type, sequence);
    return [](HandlerEnd) {};
  }
  boost::asio::any_io_executor loop() override { return io_.get_executor(); }
  boost::asio::any_io_executor pool() override { return io_.get_executor(); }

  bool reserve_reply(std::size_t bytes) override {
    if (reply_room + bytes > reply_room_max) return false;
    reply_room += bytes;
    return true;
  }
  void release_reply(std::size_t bytes) override {
    REQUIRE(bytes <= reply_room);
    reply_room -= bytes;
  }
  void look_again() override { ++looks; }

  std::deque<std::pair<TypeId, std::uint64_t>> working;
  std::size_t reply_room = 0;
  std::size_t reply_room_max = 1u << 30;
  int looks = 0;

 private:
  boost::asio::io_context io_;
};

struct BenchOptions {
  ChannelLimits sender{64, 8192, 16384, 1024, 64, 4};
  Inbox::Limits receiver{32, 4096, 16384, 64};
  BreakerConfig breaker = [] {
    BreakerConfig off;
    off.consecutive_failures = 0;
    off.failure_percent = 0;
    off.slow_percent = 0;
    return off;
  }();
  std::size_t reserve = 65'536;
  std::size_t shares = 1u << 24;         // of peer and node, each way
  std::size_t inbound_reserve = 16'384;  // of peer and node
  std::size_t batch_bytes = 4096;
  Duration verdict_window{20'000};
};

class TrafficBench {
 public:
  struct Sent {
    std::size_t channel = 0;
    Instant expires{};
    unsigned runs = 0;
    std::optional<Outcome> outcome;
    std::uint64_t life = 0;  // of the receiver, at submission
  };

  explicit TrafficBench(BenchOptions options = {})
      : options_(options),
        peer_breaker(options.breaker),
        peer_out(options.shares, options.reserve),
        node_out(options.shares, options.reserve),
        peer_in(options.shares, options.inbound_reserve),
        node_in(options.shares, options.inbound_reserve) {
    inbox = std::make_unique<Inbox>(registry, options_.receiver, host, Room{peer_in, node_in}, line);
    inbox->reset(sender());
  }

  static TypeId type_of(std::size_t channel) { return TypeId{channel + 101}; }

  Channel& add(const TypePolicy& policy, bool asynchronous = false) {
    const std::size_t index = channels.size();
    const TypeInfo type{type_of(index), "T"};
    registry.set_policy(type, policy);
    registry.set_handler(type, std::make_unique<ScriptedHandler>(
                                   asynchronous, [this, index, asynchronous](
                                                     const Delivery& from, const InboundBytes& in, const HandlerDone&) {
                                     return handle(index, asynchronous, from, in);
                                   }));
    channels.push_back(std::make_unique<Channel>(type, false, policy, options_.sender, options_.breaker, peer_breaker,
                                                 index, ChannelRooms{{peer_out, node_out}, {peer_in, node_in}}));
    channels.back()->set_gate(std::nullopt, true);
    ran_last_.push_back(0);
    return *channels.back();
  }

  // Returns the message's number; what was refused has its outcome at once.
  std::uint64_t submit(std::size_t channel, std::size_t bytes = 16, Duration ttl = Duration{1'000'000},
                       RecordKind kind = RecordKind::message, std::uint64_t key = 0, std::uint64_t group = 0) {
    const std::uint64_t id = ++last_id_;
    Sent& sent = book[id];
    sent.channel = channel;
    sent.expires = now + ttl;
    sent.life = life_;
    Outgoing message;
    message.payload = numbered(id, bytes);
    message.completion = std::make_unique<Told>(*this, id);
    message.submitted = now;
    message.expires = sent.expires;
    message.type = type_of(channel);
    message.kind = kind;
    message.key = key;
    message.group = group;
    message.ticket = id;
    if (kind == RecordKind::request) message.request_id = id << 16;
    const Outcome outcome = channels[channel]->admit(message, now, told_loop);
    if (!outcome.delivered()) sent.outcome = outcome;
    return id;
  }

  // ---- out and in

  // One batch with what all channels have to say; false when there was nothing.
  bool send_batch() {
    if (!open) return false;
    BatchHeader header;
    header.sent_at = to_us(now - began);
    header.received[0] = acks_received_;
    writer_.begin(LaneClass::ordinary, 1, data_number_ + 1, header, 512);
    std::size_t written = 0;
    for (std::size_t i = 0; i < channels.size(); ++i) {
      Channel& channel = *channels[(i + data_number_) % channels.size()];
      written +=
          channel.fill(writer_, options_.batch_bytes - std::min(written, options_.batch_bytes), {now, began}, endings);
    }
    const bool any = writer_.records() > 0;
    BufferRef frame = writer_.finish();
    if (any) {
      ++data_number_;
      data.push_back(std::move(frame));
    }
    for (const auto& channel : channels) {
      if (!control_open) continue;
      if (const auto want = channel->say_want()) wants.push_back(*want);
    }
    return any;
  }

  void deliver_data() {
    if (data.empty()) return;
    const BufferRef frame = std::move(data.front());
    data.pop_front();
    std::string problem;
    BatchReader reader;
    REQUIRE(reader.open(frame.bytes(), problem));
    inbox->confirmed(reader.header().received[0]);
    const Duration under_way = now - (began + Duration{reader.header().sent_at});
    const Arrival arrival{frame, LaneClass::ordinary, now, under_way, reader.header().sent_at};
    Record record;
    Ack ack;
    while (reader.next(record, ack, problem) == BatchReader::Next::record) {
      const bool taken = inbox->take(record, arrival, problem);
      INFO(problem);
      REQUIRE(taken);
    }
    REQUIRE(problem.empty());
    inbox->run(now);
    inbox->detach();
  }

  void deliver_wants() {
    const BufferRef none = Buffer::make(8);
    for (const Record& want : std::exchange(wants, {})) {
      std::string problem;
      const bool taken = inbox->take(want, {none, LaneClass::control, now, Duration{0}, 0}, problem);
      INFO(problem);
      REQUIRE(taken);
    }
  }

  void send_acks() {
    if (!control_open || !inbox->ack_due()) return;
    ++acks_sent_;
    ack_writer_.begin(LaneClass::control, 1, acks_sent_, {}, 256);
    inbox->acknowledge(ack_writer_, 65'536, acks_sent_);
    acks.push_back(ack_writer_.finish());
  }

  void deliver_ack() {
    if (acks.empty()) return;
    const BufferRef frame = std::move(acks.front());
    acks.pop_front();
    std::string problem;
    const auto info = inspect_frame(frame.bytes(), problem);
    REQUIRE(info);
    acks_received_ = info->number;
    BatchReader reader;
    REQUIRE(reader.open(frame.bytes(), problem));
    Record record;
    Ack ack;
    while (reader.next(record, ack, problem) == BatchReader::Next::ack) {
      Channel& to = *channels[to_number(ack.type) - 101];
      REQUIRE(to.plausible(ack));
      to.acknowledge(ack, now, endings);
    }
    REQUIRE(problem.empty());
  }

  void answer_all() {
    for (OutgoingReply& reply : std::exchange(inbox->replies(), {})) {
      const bool failed = reply.reply.type.id == TypeId::none;
      const Outcome outcome = failed ? Outcome{OutcomeKind::refused, Cause::handler_threw, {}}
                                     : Outcome{OutcomeKind::delivered, Cause::none, {}};
      host.release_reply(reply.room);
      channels[book.at(reply.request_id >> 16).channel]->answer(reply.request_id, outcome, {}, now, endings);
    }
  }

  void end_one_handler() {
    if (host.working.empty()) return;
    const auto [type, sequence] = host.working.front();
    host.working.pop_front();
    HandlerEnd end;
    end.reply.type.id = type;
    end.reply.bytes = numbered(0);
    inbox->handler_ended(type, sequence, end, now);
  }

  // Everything there and back again until nothing moves.
  void drain() {
    bool moved = true;
    for (int round = 0; moved && round < 10'000; ++round) {
      moved = send_batch() || !data.empty() || !acks.empty() || !host.working.empty();
      deliver_wants();
      deliver_data();
      end_one_handler();
      send_acks();
      moved |= !acks.empty();
      deliver_ack();
      answer_all();
      settle();
    }
    REQUIRE_FALSE(moved);
  }

  void settle() {
    for (const auto& channel : channels) channel->settle(now, endings);
    for (Ending& ending : std::exchange(endings, {}))
      ending.completion->finish(ending.outcome, std::move(ending.reply));
  }

  void expire() {
    for (const auto& channel : channels) channel->expire(now, options_.verdict_window, endings, cancelled);
    inbox->run(now);
    settle();
  }

  void pass(Duration time) {
    now += time;
    expire();
  }

  // ---- trouble

  void break_data() {
    open = false;
    data.clear();
  }
  void resume_data() {
    inbox->lane_reopened(LaneClass::ordinary);
    const auto known = inbox->resume(LaneClass::ordinary);
    for (const auto& channel : channels) {
      const ChannelResume* entry = nullptr;
      for (const ChannelResume& each : known) entry = each.type == channel->type() ? &each : entry;
      if (entry == nullptr) {
        channel->resume_fresh(now, endings);
      } else {
        channel->resume(*entry, now, endings);
      }
    }
    open = true;
  }
  void break_control() {
    control_open = false;
    acks.clear();
    wants.clear();
  }
  void resume_control() {
    control_open = true;
    inbox->repeat_all();
    for (const auto& channel : channels) channel->control_opened();
  }
  // The receiver starts again, as another incarnation.
  void restart_receiver() {
    break_data();
    break_control();
    ++life_;
    host.working.clear();
    inbox->reset(sender());
    for (const auto& channel : channels) {
      channel->end_sent({OutcomeKind::unknown, Cause::peer_restarted, {}}, now, endings);
      channel->end_unsent({OutcomeKind::unreachable, Cause::peer_restarted, {}}, true, now, endings);
    }
    settle();
    ran_last_.assign(channels.size(), 0);
  }

  // ---- what must hold

  void check() const {
    REQUIRE(peer_out.shares.used() == node_out.shares.used());
    REQUIRE(peer_out.reserve.used() == node_out.reserve.used());
    REQUIRE(peer_in.shares.used() == node_in.shares.used());
    REQUIRE(peer_in.reserve.used() == node_in.reserve.used());
    std::size_t kept = 0;
    for (const InboundSnapshot& inbound : inbox->snapshot()) kept += inbound.held_bytes + inbound.promised_bytes;
    REQUIRE(kept <= peer_in.used());
    std::size_t out = 0;
    for (const auto& channel : channels) out += channel->ledger().held.bytes;
    REQUIRE(out <= peer_out.used());
    std::vector<LedgerRow> own(channels.size());
    for (const auto& [id, sent] : book) {
      INFO("message " << id);
      LedgerRow& row = own[sent.channel];
      row.submitted.messages += 1;
      if (!sent.outcome) row.held.messages += 1;
      if (sent.outcome) row.outcomes[static_cast<std::size_t>(sent.outcome->kind)].messages += 1;
      REQUIRE(sent.runs <= 1);
      if (!sent.outcome) continue;
      INFO("ended as " << *sent.outcome);
      if (sent.outcome->handled() == Handled::yes) REQUIRE(sent.runs == 1);
      if (sent.outcome->handled() == Handled::no) REQUIRE(sent.runs == 0);
    }
    for (std::size_t i = 0; i < channels.size(); ++i) {
      INFO("channel " << i);
      const LedgerRow row = channels[i]->ledger();
      REQUIRE(row.balanced());
      REQUIRE(row.submitted.messages == own[i].submitted.messages);
      REQUIRE(row.held.messages == own[i].held.messages);
      for (std::size_t kind = 0; kind < outcome_kind_count; ++kind) {
        REQUIRE(row.outcomes[kind].messages == own[i].outcomes[kind].messages);
      }
      const ChannelSnapshot seen = channels[i]->snapshot(now);
      REQUIRE(seen.queued_messages + seen.sent_messages == row.held.messages);
    }
  }

  void check_at_rest() const {
    check();
    for (const auto& channel : channels) {
      REQUIRE(channel->held() == 0);
      REQUIRE(channel->ledger().held.bytes == 0);
    }
    REQUIRE(peer_out.reserve.used() == 0);
    REQUIRE(peer_in.reserve.used() == 0);
    REQUIRE(host.reply_room == 0);
    REQUIRE(inbox->queued() == 0);
    REQUIRE(inbox->running() == 0);
    REQUIRE(inbox->bytes_held() == 0);
  }

  const Outcome& outcome(std::uint64_t id) const {
    REQUIRE(book.at(id).outcome);
    return *book.at(id).outcome;
  }
  unsigned runs(std::uint64_t id) const { return book.at(id).runs; }

 private:
  class Told final : public Completion {
   public:
    Told(TrafficBench& bench, std::uint64_t id) : bench_(bench), id_(id) {}
    void finish(const Outcome& outcome, InboundBytes) override {
      REQUIRE_FALSE(bench_.book.at(id_).outcome);
      bench_.book.at(id_).outcome = outcome;
    }

   private:
    TrafficBench& bench_;
    std::uint64_t id_;
  };

  Delivery sender() const {
    Delivery from;
    from.node = "n1";
    from.clock = &clock_;
    return from;
  }

  std::optional<HandlerEnd> handle(std::size_t channel, bool asynchronous, const Delivery& from,
                                   const InboundBytes& in) {
    const std::uint64_t id = number_in(in.payload);
    INFO("handling " << id);
    Sent& sent = book.at(id);
    ++sent.runs;
    REQUIRE(sent.runs == 1);
    REQUIRE(sent.channel == channel);
    REQUIRE(sent.life == life_);
    REQUIRE(from.deadline > now);
    REQUIRE(sent.expires > now);
    REQUIRE((unordered || id > ran_last_[channel]));  // in order
    ran_last_[channel] = id;
    if (on_run) on_run(id);
    if (asynchronous) return std::nullopt;
    HandlerEnd end;
    end.failed = refuse && refuse(id);
    end.cause = end.failed ? Cause::handler_threw : Cause::none;
    if (from.request && !end.failed) {
      end.reply.type.id = type_of(channel);
      end.reply.bytes = numbered(id);
    }
    return end;
  }

  BenchOptions options_;
  Config config_;

 public:
  Registry registry{config_};
  BenchHost host;
  CircuitBreaker peer_breaker;
  Pool peer_out;
  Pool node_out;
  Pool peer_in;
  Pool node_in;
  GrantLine line;
  std::vector<std::unique_ptr<Channel>> channels;
  std::unique_ptr<Inbox> inbox;
  const Instant began = instant_from_us(5'000'000);
  bool told_loop = false;  // whether the last message that was submitted had to be told to the loop
  Instant now = instant_from_us(6'000'000);
  bool open = true;
  bool control_open = true;
  std::deque<BufferRef> data;
  std::deque<BufferRef> acks;
  std::vector<Record> wants;
  Endings endings;
  std::vector<std::uint64_t> cancelled;
  std::map<std::uint64_t, Sent> book;
  std::function<bool(std::uint64_t)> refuse;
  bool unordered = false;                     // messages of several groups overtake each other
  std::function<void(std::uint64_t)> on_run;  // what a handler does

 private:
  const BenchClock clock_{now};
  BatchWriter writer_;
  BatchWriter ack_writer_;
  std::uint64_t last_id_ = 0;
  std::uint64_t life_ = 1;
  std::uint64_t data_number_ = 0;
  std::uint64_t acks_sent_ = 0;
  std::uint64_t acks_received_ = 0;
  std::vector<std::uint64_t> ran_last_;
};

}  // namespace hawser::test
