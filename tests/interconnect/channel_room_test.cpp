// Channel: its room, its groups, and what it does when there is none.
#include <catch2/catch.hpp>
#include <interconnect/traffic_bench.hpp>

#include <vector>

using namespace hawser;
using namespace hawser::test;

namespace {

constexpr Duration second{1'000'000};

std::uint64_t submit_to(TrafficBench& bench, std::uint64_t group, std::size_t bytes = 16, std::uint64_t key = 0) {
  return bench.submit(0, bytes, second, RecordKind::message, key, group);
}

std::size_t admitted(TrafficBench& bench, std::uint64_t group, int tries, std::size_t bytes = 16) {
  std::size_t count = 0;
  for (int i = 0; i < tries; ++i) count += bench.book.at(submit_to(bench, group, bytes)).outcome ? 0 : 1;
  return count;
}

}  // namespace

TEST_CASE("channel room: the shares of all channels together stay below the bound of peer and node") {
  BenchOptions options;
  options.shares = 100'000;
  options.sender = {4'096, 60'000, 60'000, 60'000, 64, 4};
  options.reserve = 0;
  options.batch_bytes = 100'000;
  TrafficBench bench{options};
  for (int i = 0; i < 4; ++i) bench.add({});
  bench.open = false;
  std::size_t held = 0;
  bool refused = false;
  for (std::size_t i = 0; i < 40; ++i) {
    const auto id = bench.submit(i % 4, 10'000);
    if (bench.book.at(id).outcome) {
      CHECK(bench.outcome(id) == Outcome{OutcomeKind::queue_full, Cause::peer_bytes, {}});
      refused = true;
    } else {
      held += 10'000;
    }
  }
  CHECK(refused);
  CHECK(held <= 100'000);
  CHECK(held >= 60'000);
  bench.open = true;
  bench.drain();
  bench.check_at_rest();
}

TEST_CASE("channel room: a channel that is idle for a while keeps no room from others") {
  TrafficBench bench;
  bench.add({});
  bench.submit(0, 4'000);
  CHECK(bench.peer_out.shares.used() > 0);
  bench.drain();
  for (int i = 0; i < 70; ++i) bench.settle();
  CHECK(bench.peer_out.shares.used() == 0);
  CHECK(bench.node_out.shares.used() == 0);
  bench.submit(0, 4'000);
  bench.drain();
  bench.check_at_rest();
}

TEST_CASE("channel room: a channel that is destroyed gives back what it held") {
  TrafficBench bench;
  bench.add({});
  bench.submit(0, 10'000);
  bench.channels.clear();
  CHECK(bench.peer_out.used() == 0);
  CHECK(bench.node_out.used() == 0);
}

TEST_CASE("channel room: new limits hold from the next message on") {
  BenchOptions options;
  options.sender.messages = 4;
  TrafficBench bench{options};
  Channel& channel = bench.add({});
  bench.open = false;
  CHECK(admitted(bench, 0, 10) == 4);
  options.sender.messages = 6;
  channel.set_limits(options.sender);
  CHECK(admitted(bench, 0, 10) == 2);
  options.sender.messages = 1;
  channel.set_limits(options.sender);
  CHECK(admitted(bench, 0, 1) == 0);
  bench.open = true;
  bench.drain();
  CHECK(admitted(bench, 0, 3) == 1);
  bench.drain();
  bench.check_at_rest();
}

// ---- groups

TEST_CASE("channel groups: a group that floods takes what others do not need, never their share") {
  BenchOptions options;
  options.sender = {64, 1u << 20, 1u << 20, 1u << 20, 64, 4};  // 16 messages to a share
  options.receiver = {4'096, 1u << 20, 1u << 20, 64};
  options.inbound_reserve = 1u << 20;
  options.batch_bytes = 1u << 20;
  TrafficBench bench{options};
  bench.add({});
  bench.open = false;
  bench.unordered = true;
  SECTION("alone it has the channel") { CHECK(admitted(bench, 0, 100) == 64); }
  SECTION("known groups keep their share") {
    submit_to(bench, 7);
    submit_to(bench, 8);
    CHECK(admitted(bench, 9, 100) == 64 - 3 * 16);  // the shares of 7, 8 and those without a group
    CHECK(admitted(bench, 7, 100) == 15);
    CHECK(admitted(bench, 8, 100) == 15);
    CHECK(admitted(bench, 0, 100) == 16);
  }
  SECTION("one that comes late finds its share all the same") {
    CHECK(admitted(bench, 0, 100) == 64);
    CHECK(admitted(bench, 7, 100) == 16);
    CHECK(bench.channels[0]->held() == 80);  // at most twice the bound, with all groups
  }
  SECTION("the bound in bytes is shared as the bound in messages") {
    CHECK(admitted(bench, 7, 100, 100'000) >= 2);
    CHECK(admitted(bench, 8, 2, 100'000) == 2);
  }
  bench.check();
  bench.open = true;
  bench.drain();
  bench.check_at_rest();
}

TEST_CASE("channel groups: there are no more groups at once than shares, and one that is empty makes way") {
  BenchOptions options;
  options.sender.groups = 3;  // those without a group, and two more
  TrafficBench bench{options};
  Channel& channel = bench.add({});
  bench.open = false;
  submit_to(bench, 1);
  submit_to(bench, 2);
  CHECK(bench.outcome(submit_to(bench, 3)) == Outcome{OutcomeKind::queue_full, Cause::channel_groups, {}});
  CHECK(channel.snapshot(bench.now).groups.size() == 3);
  bench.open = true;
  bench.drain();
  CHECK_FALSE(bench.book.at(submit_to(bench, 3)).outcome);
  bench.drain();
  for (std::uint64_t group = 100; group < 1'000; ++group) {
    CHECK_FALSE(bench.book.at(submit_to(bench, group)).outcome);
    bench.drain();
  }
  CHECK(channel.snapshot(bench.now).groups.size() <= 3);
  bench.check_at_rest();
}

TEST_CASE("channel groups: they take turns, so that one message does not wait for the flood of another group") {
  BenchOptions options;
  options.sender = {1'000, 1u << 20, 1u << 20, 1u << 20, 64, 4};
  options.batch_bytes = 2'000;
  TrafficBench bench{options};
  bench.add({});
  bench.open = false;
  submit_to(bench, 2);  // known before the flood
  for (int i = 0; i < 400; ++i) submit_to(bench, 1, 104);
  bench.open = true;
  const auto single = submit_to(bench, 2);
  int batches = 0;
  while (bench.runs(single) == 0 && batches < 100) {
    bench.unordered = true;
    REQUIRE(bench.send_batch());
    bench.deliver_data();
    bench.send_acks();
    bench.deliver_ack();
    ++batches;
  }
  CHECK(batches <= 2);  // 400 x 136 bytes are 27 batches
  bench.drain();
  bench.check_at_rest();
}

TEST_CASE("channel groups: only messages of the same group make way") {
  BenchOptions options;
  options.sender = {8, 1u << 20, 1u << 20, 1u << 20, 64, 4};
  TrafficBench bench{options};
  TypePolicy policy;
  policy.overflow = GENERATE(Overflow::drop_oldest, Overflow::keep_latest);
  bench.add(policy);
  bench.open = false;
  const auto other = submit_to(bench, 1, 16, 5);
  const auto first = submit_to(bench, 2, 16, 5);
  std::vector<std::uint64_t> later;
  for (int i = 0; i < 8; ++i) later.push_back(submit_to(bench, 2, 16, 5));
  bench.settle();
  CHECK(bench.outcome(first) == OutcomeKind::queue_full);
  CHECK_FALSE(bench.book.at(other).outcome);
  bench.open = true;
  bench.drain();
  CHECK(bench.outcome(other).delivered());
  CHECK(bench.outcome(later.back()).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel groups: with wait, a group waits for its own room only") {
  BenchOptions options;
  options.sender = {8, 1u << 20, 1u << 20, 1u << 20, 64, 4};
  TrafficBench bench{options};
  TypePolicy policy;
  policy.overflow = Overflow::wait;
  bench.add(policy);
  bench.open = false;
  submit_to(bench, 2);
  for (int i = 0; i < 12; ++i) submit_to(bench, 1);
  submit_to(bench, 2);
  const ChannelSnapshot seen = bench.channels[0]->snapshot(bench.now);
  REQUIRE(seen.groups.size() >= 2);
  for (const GroupSnapshot& group : seen.groups) {
    if (group.group == 1) CHECK(group.turned_away > 0);
    if (group.group == 2) CHECK(group.held_messages == 2);
    if (group.group == 2) CHECK(group.turned_away == 0);
  }
  bench.open = true;
  bench.unordered = true;
  bench.drain();
  bench.check_at_rest();
}

// ---- overflow

TEST_CASE("channel room: only what has not left makes way, even for a message of the same key") {
  BenchOptions options;
  options.sender.messages = 2;
  TrafficBench bench{options};
  TypePolicy policy;
  policy.overflow = GENERATE(Overflow::drop_oldest, Overflow::keep_latest);
  bench.add(policy);
  const auto first = submit_to(bench, 0, 16, 1);
  const auto second_one = submit_to(bench, 0, 16, 1);
  bench.send_batch();
  const auto third = submit_to(bench, 0, 16, 1);
  CHECK(bench.outcome(third) == Outcome{OutcomeKind::queue_full, Cause::channel_messages, {}});
  bench.break_data();  // what has left is kept, and sent again
  bench.resume_data();
  bench.drain();
  CHECK(bench.outcome(first).delivered());
  CHECK(bench.outcome(second_one).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel room: without a key, keep_latest keeps the latest of all") {
  BenchOptions options;
  options.sender.messages = 1;
  TrafficBench bench{options};
  TypePolicy policy;
  policy.overflow = Overflow::keep_latest;
  bench.add(policy);
  bench.open = false;
  for (int i = 0; i < 5; ++i) submit_to(bench, 0);
  bench.settle();
  for (std::uint64_t id = 1; id <= 4; ++id) {
    CHECK(bench.outcome(id) == Outcome{OutcomeKind::queue_full, Cause::superseded, {}});
  }
  bench.open = true;
  bench.drain();
  CHECK(bench.outcome(5).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel room: what waits for room moves up when some is free, and gives up at its deadline") {
  BenchOptions options;
  options.sender.messages = 1;
  TrafficBench bench{options};
  TypePolicy policy;
  policy.overflow = Overflow::wait;
  bench.add(policy);
  bench.open = false;
  const auto first = bench.submit(0, 16, 2 * second);
  const auto hasty = bench.submit(0, 16, second);
  bench.pass(second);
  CHECK(bench.outcome(hasty) == Outcome{OutcomeKind::expired, Cause::in_queue, {}});
  const auto patient = bench.submit(0, 16, second);
  bench.open = true;
  bench.drain();
  CHECK(bench.outcome(first).delivered());
  CHECK(bench.outcome(patient).delivered());
  bench.check_at_rest();
}

// ---- replies

TEST_CASE("channel room: a request keeps room for its reply until it has ended") {
  TrafficBench bench;
  bench.add({});
  const auto id = bench.submit(0, 16, second, RecordKind::request);
  CHECK(bench.peer_in.shares.used() > 0);
  bench.submit(0, 16);
  bench.drain();
  CHECK(bench.outcome(id).delivered());
  for (int i = 0; i < 70; ++i) bench.settle();
  bench.check_at_rest();
}

TEST_CASE("channel room: without room for the reply a request is refused, a message is not") {
  BenchOptions options;
  options.sender.reply_bytes = 4'096;
  TrafficBench bench{options};
  bench.add({});
  REQUIRE(bench.peer_in.shares.try_take(bench.peer_in.shares.limit()));
  CHECK(bench.outcome(bench.submit(0, 16, second, RecordKind::request)) ==
        Outcome{OutcomeKind::queue_full, Cause::reply_room, {}});
  CHECK_FALSE(bench.book.at(bench.submit(0, 16)).outcome);
  bench.peer_in.shares.give_back(bench.peer_in.shares.limit());
  bench.drain();
  bench.check_at_rest();
}

TEST_CASE("channel room: replies are bounded by the room that was kept for them, and what is larger borrows") {
  TrafficBench bench;
  TypePolicy policy;
  policy.hold = Hold::until_ttl;
  const ChannelLimits limits{SIZE_MAX, SIZE_MAX, 100'000, 65'536, 0, 1};
  Channel replies{TypeInfo{TypeId::none, "replies"},
                  true,
                  policy,
                  limits,
                  bench.peer_breaker.config(),
                  bench.peer_breaker,
                  1,
                  ChannelRooms{{bench.peer_out, bench.node_out}, {bench.peer_in, bench.node_in}}};
  const auto answer_with = [&](std::size_t bytes, std::uint32_t room) {
    Outgoing message;
    message.payload = numbered(1, bytes);
    message.kind = RecordKind::reply;
    message.request_id = 1u << 16;
    message.expires = bench.now + second;
    message.reply_bytes = room;
    bool tell = false;
    return replies.admit(message, bench.now, tell);
  };
  REQUIRE(replies.reserve_reply(1'000));
  CHECK(answer_with(800, 1'000).delivered());
  CHECK(bench.peer_out.reserve.used() == 0);
  REQUIRE(replies.reserve_reply(1'000));
  CHECK(answer_with(31'000, 1'000).delivered());
  CHECK(bench.peer_out.reserve.used() == 30'000);
  REQUIRE(replies.reserve_reply(1'000));
  CHECK(answer_with(66'000, 1'000) == Outcome{OutcomeKind::queue_full, Cause::reply_room, {}});
  CHECK(answer_with(100'008, 1'000) == OutcomeKind::too_large);
  replies.release_reply(1'000);
  CHECK(replies.ledger().submitted.messages == 4);  // a row of its own
  Endings endings;
  replies.end_unsent({OutcomeKind::closed, Cause::stopping, {}}, true, bench.now, endings);
  replies.settle(bench.now, endings);
  CHECK(bench.peer_out.reserve.used() == 0);
  CHECK(replies.ledger().balanced());
  CHECK(replies.held() == 0);
  for (int i = 0; i < 70; ++i) replies.settle(bench.now, endings);
  CHECK(bench.peer_out.shares.used() == 0);
  while (replies.reserve_reply(1u << 20)) {
  }
  CHECK(bench.peer_out.shares.used() > bench.peer_out.shares.limit() / 2);
  CHECK(bench.peer_out.shares.used() <= bench.peer_out.shares.limit());
}

// ---- credit that is not needed

TEST_CASE("channel room: credit for a large message that has expired is given up, and the next type gets its turn") {
  BenchOptions options;
  options.sender = {64, 1u << 20, 1u << 20, 65'536, 64, 4};
  options.receiver = {32, 65'536, 1u << 20, 64};
  options.inbound_reserve = 700'000;
  options.batch_bytes = 1u << 20;
  TrafficBench bench{options};
  bench.add({});
  bench.add({});
  const auto gone = bench.submit(0, 600'000, Duration{100'000});
  bench.send_batch();
  bench.deliver_wants();
  CHECK(bench.peer_in.reserve.used() > 500'000);
  const bool granted = GENERATE(true, false);  // the grant has arrived when the message is gone, or comes later
  bench.send_acks();
  if (granted) bench.deliver_ack();
  bench.pass(Duration{100'000});
  CHECK(bench.outcome(gone) == OutcomeKind::expired);
  const auto other = bench.submit(1, 600'000);
  bench.drain();
  CHECK(bench.outcome(other).delivered());
  const auto again = bench.submit(0, 600'000);
  bench.drain();
  CHECK(bench.outcome(again).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel room: credit that was given up counts once, whatever breaks meanwhile") {
  BenchOptions options;
  options.sender = {64, 1u << 20, 1u << 20, 65'536, 64, 4};
  options.receiver = {32, 65'536, 1u << 20, 64};
  options.inbound_reserve = 700'000;
  options.batch_bytes = 1u << 20;
  TrafficBench bench{options};
  bench.add({});
  const auto gone = bench.submit(0, 600'000, Duration{100'000});
  bench.send_batch();
  bench.deliver_wants();
  bench.send_acks();
  bench.deliver_ack();
  bench.pass(Duration{100'000});
  CHECK(bench.outcome(gone) == OutcomeKind::expired);
  bench.submit(0, 16);
  bench.send_batch();  // says that it gives up
  REQUIRE(bench.wants.size() == 1);
  bench.break_control();  // and is not heard
  bench.break_data();
  bench.resume_control();
  bench.resume_data();
  const auto next = bench.submit(0, 600'000);
  bench.drain();
  CHECK(bench.outcome(next).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel room: what is given up of a message that is half sent may overtake the half that has left") {
  BenchOptions options;
  options.sender = {64, 1u << 20, 1u << 20, 65'536, 64, 4};
  options.receiver = {32, 65'536, 1u << 20, 64};
  options.inbound_reserve = 700'000;
  options.batch_bytes = 200'000;
  TrafficBench bench{options};
  bench.add({});
  bench.submit(0);
  bench.drain();
  const auto gone = bench.submit(0, 600'000, Duration{100'000});
  bench.send_batch();
  bench.deliver_wants();
  bench.send_acks();
  bench.deliver_ack();
  const bool resent = GENERATE(true, false);
  CAPTURE(resent);
  if (resent) {
    for (int i = 0; i < 4; ++i) bench.send_batch();
    bench.break_data();
    bench.resume_data();
  }
  bench.send_batch();
  bench.send_batch();
  REQUIRE(bench.data.size() == 2);
  bench.deliver_data();
  bench.pass(Duration{120'000});
  CHECK(bench.outcome(gone).kind == (resent ? OutcomeKind::unknown : OutcomeKind::expired));
  bench.send_batch();  // says that it gives up
  REQUIRE(bench.wants.size() == 1);
  bench.deliver_wants();
  CHECK(bench.peer_in.reserve.used() == 0);
  bench.deliver_data();  // on another lane, and later
  const auto next = bench.submit(0, 600'000);
  bench.drain();
  CHECK(bench.outcome(next).delivered());
  CHECK(bench.runs(gone) == 0);
  bench.check_at_rest();
}

TEST_CASE("channel room: the loop is told of the first message in a queue, and not again until it has taken it") {
  TrafficBench bench;
  Channel& channel = bench.add({});
  bench.submit(0);
  CHECK(bench.told_loop);
  bench.submit(0);
  CHECK_FALSE(bench.told_loop);
  bench.drain();
  bench.submit(0);
  CHECK(bench.told_loop);
  // While the loop looks by itself nobody tells it, but of what has to end before anything it knows of.
  bench.drain();
  channel.withhold_wakes(true);
  bench.submit(0);
  bench.submit(0, 16, Duration{3'000'000});
  CHECK_FALSE(bench.told_loop);
  bench.submit(0, 16, Duration{1'000});
  CHECK(bench.told_loop);
  bench.drain();
  channel.withhold_wakes(false);
  bench.submit(0);
  CHECK(bench.told_loop);
  bench.drain();
  bench.check_at_rest();
}

TEST_CASE("channel room: the loop is told of those that made way, since it tells them") {
  TypePolicy policy;
  policy.overflow = Overflow::drop_oldest;
  BenchOptions options;
  options.sender.messages = 2;
  TrafficBench bench{options};
  bench.add(policy);
  bench.open = false;
  bench.submit(0);
  bench.submit(0);
  CHECK_FALSE(bench.told_loop);
  bench.submit(0);
  CHECK(bench.told_loop);
  bench.open = true;
  bench.drain();
  bench.check_at_rest();
}
