#include <hawser/base/random.hpp>
#include <hawser/interconnect/isolation/pulse.hpp>

#include <catch2/catch.hpp>

#include <functional>

using namespace hawser;

namespace {

constexpr std::size_t places = 5;

Pulse a_pulse() {
  Pulse pulse;
  pulse.incarnation = Incarnation{3};
  pulse.sequence = 17;
  pulse.grant = {{7, 1, Incarnation{3}}, {{0, Incarnation{2}}, {1, Incarnation{3}}}};
  pulse.max_seen = {8, 2, Incarnation{4}};
  pulse.below = {6, 0, Incarnation{1}};
  MemberRow own{1, Incarnation{3}, 12, MemberSet::first(1), true, false, pulse.grant.epoch, pulse.grant.epoch};
  MemberRow other{4, Incarnation{1}, 2, MemberSet::first(3), false, true, {}, {}};
  pulse.rows = {own, other};
  pulse.proposal = View{{9, 1, Incarnation{3}}, {{1, Incarnation{3}}, {4, Incarnation{1}}}};
  pulse.refused = Epoch{8, 2, Incarnation{4}};
  pulse.answer = PulseAnswer{5, Incarnation{8}, true, Epoch{4, 0, Incarnation{1}}};
  return pulse;
}

bool refused(const Pulse& pulse) {
  Pulse read;
  std::string problem;
  const bool read_back = decode(encode(pulse, places), places, read, problem);
  CHECK(read_back == problem.empty());
  return !read_back;
}

bool refused_with(const std::function<void(Pulse&)>& change) {
  Pulse pulse = a_pulse();
  change(pulse);
  return refused(pulse);
}

}  // namespace

TEST_CASE("a pulse is read back as it was") {
  const Pulse pulse = a_pulse();
  Pulse read;
  std::string problem;
  REQUIRE(decode(encode(pulse, places), places, read, problem));
  CHECK(read == pulse);
  Pulse bare;
  bare.incarnation = Incarnation{1};
  bare.rows = {MemberRow{0, Incarnation{1}, 1, {}, false, false, {}, {}}};
  bare.below = last_epoch;
  REQUIRE(decode(encode(bare, places), places, read, problem));
  CHECK(read == bare);
}

TEST_CASE("the largest pulse fits its limit") {
  Pulse pulse = a_pulse();
  pulse.grant.members.clear();
  for (std::size_t i = 0; i < members_max; ++i) pulse.grant.members.push_back({static_cast<Place>(i), Incarnation{1}});
  pulse.proposal->members = pulse.grant.members;
  pulse.rows.resize(pulse_rows_max, pulse.rows.back());
  const auto bytes = encode(pulse, members_max);
  CHECK(bytes.size() <= pulse_bytes_max);
  Pulse read;
  std::string problem;
  CHECK(decode(bytes, members_max, read, problem));
}

TEST_CASE("a pulse that contradicts itself or its cluster is refused") {
  CHECK_FALSE(refused(a_pulse()));
  CHECK(refused_with([](Pulse& pulse) { pulse.incarnation = Incarnation::unknown; }));
  CHECK(refused_with([](Pulse& pulse) { pulse.rows.front().incarnation = Incarnation{2}; }));
  CHECK(refused_with([](Pulse& pulse) { pulse.rows.front().grant = {}; }));
  CHECK(refused_with([](Pulse& pulse) { pulse.rows.back().place = 5; }));
  CHECK(refused_with([](Pulse& pulse) { pulse.rows.back().hears.add(4); }));
  CHECK(refused_with([](Pulse& pulse) { pulse.rows.back().serving = {9, 0, Incarnation{1}}; }));
  CHECK(refused_with([](Pulse& pulse) { pulse.grant.members.push_back({1, Incarnation{4}}); }));
  CHECK(refused_with([](Pulse& pulse) { pulse.grant.members.push_back({9, Incarnation{4}}); }));
  CHECK(refused_with([](Pulse& pulse) { pulse.grant.members.clear(); }));
  CHECK(refused_with([](Pulse& pulse) { pulse.max_seen = {1, 0, Incarnation{1}}; }));
  CHECK(refused_with([](Pulse& pulse) { pulse.max_seen = last_epoch; }));
  CHECK(refused_with([](Pulse& pulse) { pulse.max_seen.counter = epoch_counter_max + 1; }));
  CHECK(refused_with([](Pulse& pulse) { pulse.max_seen.proposer = 5; }));
  CHECK(refused_with([](Pulse& pulse) { pulse.proposal = View{}; }));
  CHECK(refused_with([](Pulse& pulse) { pulse.refused = Epoch{}; }));
  CHECK(refused_with([](Pulse& pulse) { pulse.answer->sequence = 0; }));
  CHECK(refused_with([](Pulse& pulse) { pulse.answer->before = pulse.grant.epoch; }));
}

TEST_CASE("whatever the bytes, a pulse is read or refused") {
  const auto good = encode(a_pulse(), places);
  Pulse read;
  std::string problem;
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(decode(std::span{good}.first(size), places, read, problem));
  }
  Random random{7};
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = good;
    const std::uint64_t changes = 1 + random.below(4);
    for (std::uint64_t change = 0; change < changes; ++change) {
      bytes[random.below(bytes.size())] = static_cast<std::byte>(random.below(256));
    }
    if (random.chance(100'000)) bytes.resize(random.below(2 * bytes.size()));
    if (!decode(bytes, places, read, problem)) continue;
    // What is accepted is within bounds and says the same when it is passed on.
    const auto again = encode(read, places);
    Pulse copy;
    REQUIRE(decode(again, places, copy, problem));
    REQUIRE(copy == read);
  }
  CHECK_FALSE(decode(std::vector<std::byte>(pulse_bytes_max + 1), places, read, problem));
}
