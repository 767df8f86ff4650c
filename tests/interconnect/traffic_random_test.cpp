// Channel and Inbox under everything at once: a seed decides, the books are checked after every step.
#include <hawser/base/random.hpp>

#include <catch2/catch.hpp>
#include <interconnect/traffic_bench.hpp>

#include <cstdlib>
#include <string>

using namespace hawser;
using namespace hawser::test;

namespace {

struct Hardship {
  bool breaks = true;
  bool restarts = true;
  bool stalls = true;
};

std::size_t random_size(Random& random) {
  if (random.chance(700'000)) return static_cast<std::size_t>(random.between(16, 200));
  if (random.chance(700'000)) return static_cast<std::size_t>(random.between(200, 3'000));
  return static_cast<std::size_t>(
      random.between(4'000, 17'000));  // beyond the receiver's share, some too large for all
}

void random_submit(TrafficBench& bench, Random& random) {
  const auto channel = static_cast<std::size_t>(random.below(bench.channels.size()));
  const auto count = random.below(6) + 1;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Duration ttl{random.chance(800'000) ? random.between(50'000, 3'000'000) : random.between(0, 20'000)};
    const auto kind = random.chance(200'000) ? RecordKind::request : RecordKind::message;
    bench.submit(channel, random_size(random), ttl, kind, random.below(4));
  }
}

// Its caller does not wait any more, wherever it is.
void random_give_up(TrafficBench& bench, Random& random) {
  const std::uint64_t id = random.below(bench.book.size() + 1);
  const auto found = bench.book.find(id);
  if (found == bench.book.end() || found->second.outcome) return;
  bench.channels[found->second.channel]->cancel(id, random.chance(500'000), bench.now, bench.endings, bench.cancelled);
}

void random_step(TrafficBench& bench, Random& random, const Hardship& hardship) {
  switch (random.below(17)) {
    case 0:
    case 1:
    case 2:
      random_submit(bench, random);
      break;
    case 3:
    case 4:
    case 5:
      bench.send_batch();
      break;
    case 6:
    case 7:
      bench.deliver_data();
      break;
    case 8:
      bench.send_acks();
      break;
    case 9:
    case 10:
      bench.deliver_ack();
      break;
    case 11:
      bench.deliver_wants();
      break;
    case 12:
      bench.end_one_handler();
      bench.answer_all();
      break;
    case 13:
      if (hardship.breaks && random.chance(300'000)) {
        bench.open ? bench.break_data() : bench.resume_data();
      }
      if (hardship.breaks && random.chance(300'000)) {
        bench.control_open ? bench.break_control() : bench.resume_control();
      }
      break;
    case 14:
      if (hardship.restarts && random.chance(20'000)) bench.restart_receiver();
      break;
    case 15:
      bench.now += Duration{random.between(0, hardship.stalls && random.chance(30'000) ? 400'000 : 4'000)};
      break;
    case 16:
      for (int i = 0; i < 4; ++i) random_give_up(bench, random);
      break;
  }
  if (random.chance(500'000)) bench.expire();
  bench.settle();
}

LedgerRow live_through(std::uint64_t seed, const Hardship& hardship) {
  INFO("replay: HAWSER_TEST_SEED=" << seed << " interconnect_tests '[traffic]'");
  Random random{seed};
  TrafficBench bench;
  constexpr Overflow overflows[] = {Overflow::reject, Overflow::drop_oldest, Overflow::keep_latest, Overflow::wait};
  for (std::size_t i = 0; i < 4; ++i) {
    TypePolicy policy;
    policy.overflow = overflows[i];
    policy.concurrency = static_cast<std::uint32_t>(random.between(1, 3));
    bench.add(policy, i % 2 == 1);
  }
  bench.refuse = [](std::uint64_t id) { return id % 7 == 0; };
  for (int step = 0; step < 500; ++step) {
    random_step(bench, random, hardship);
    if (step % 4 == 0) bench.check();
  }
  if (!bench.open) bench.resume_data();
  if (!bench.control_open) bench.resume_control();
  bench.drain();
  // What is left waits for a grant behind one that was never used, or for its deadline.
  for (int i = 0; i < 40; ++i) {
    bench.pass(Duration{100'000});
    bench.drain();
  }
  bench.check_at_rest();
  LedgerRow sum;
  for (const auto& channel : bench.channels) sum += channel->ledger();
  return sum;
}

void sweep(std::uint64_t first, const Hardship& hardship) {
  if (const char* chosen = std::getenv("HAWSER_TEST_SEED")) {
    live_through(std::stoull(chosen), hardship);
    return;
  }
  LedgerRow sum;
  for (std::uint64_t seed = first; seed < first + 40; ++seed) sum += live_through(seed, hardship);
  // A sweep that never meets an end proves nothing about it.
  for (const OutcomeKind kind : {OutcomeKind::delivered, OutcomeKind::refused, OutcomeKind::expired,
                                 OutcomeKind::queue_full, OutcomeKind::too_large, OutcomeKind::unknown}) {
    INFO(kind);
    CHECK(sum[kind].messages > 20);
  }
}

}  // namespace

TEST_CASE("traffic: on a good line the books balance whatever is sent and however it ends", "[traffic]") {
  sweep(1'000, {false, false, true});
}

TEST_CASE("traffic: breaks at every point lose nothing, repeat nothing and keep the order", "[traffic]") {
  sweep(2'000, {true, false, true});
}

TEST_CASE("traffic: a peer that starts again in the middle gets nothing that was meant for the one before",
          "[traffic]") {
  sweep(3'000, {true, true, true});
}

TEST_CASE("traffic: without breaks and restarts every message that can live is handled and nothing stays unknown",
          "[traffic]") {
  TrafficBench bench;
  bench.add({});
  Random random{7};
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 300; ++i) {
    ids.push_back(bench.submit(0, static_cast<std::size_t>(random.between(16, 9'000)), Duration{60'000'000}));
    bench.drain();
  }
  for (const std::uint64_t id : ids) {
    REQUIRE(bench.outcome(id).delivered());
    REQUIRE(bench.runs(id) == 1);
  }
  bench.check_at_rest();
}
