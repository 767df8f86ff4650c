// hawser disasters: what the kit promises of each failure, and that a node without it breaks the promise.
#include "command_line.hpp"
#include "disaster_promises.hpp"
#include "disaster_sweep.hpp"
#include "disasters_command.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace hawser;
using namespace hawser::tools;
using namespace std::chrono_literals;

namespace {

DisasterRow play_one(const std::string& name, std::uint64_t seed = 1) {
  std::vector<DisasterRow> rows = play_disasters({name, seed, false});
  REQUIRE(rows.size() == 1);
  return std::move(rows.front());
}

// Every call is in exactly one of the columns, but for those a naive node still holds at the very end.
void check_books(const DisasterSide& side, bool all_ended) {
  for (const DisasterPhase* phase : {&side.score.before(), &side.score.during()}) {
    CHECK(phase->calls > 0);
    CHECK(phase->good + phase->helped + phase->refused + phase->failed <= phase->calls);
    if (all_ended) CHECK(phase->open() == 0);
  }
}

std::set<std::string_view> names_of(const std::vector<BrokenPromise>& broken) {
  std::set<std::string_view> names;
  for (const BrokenPromise& each : broken) names.insert(each.promise);
  return names;
}

void check_row(const DisasterRow& row) {
  std::string all;
  for (const BrokenPromise& broken : broken_promises(row)) all += broken.sentence + "\n";
  INFO(all);
  CHECK(all.empty());
  check_books(row.naive, false);
  check_books(row.guarded, true);
  // The naive node does what is promised until the fault, and not while it lasts, or the comparison says nothing.
  const std::set<std::string_view> naive = names_of(broken_promises(*row.plot, row.naive));
  CHECK_FALSE(naive.contains(promises::before));
  CHECK(naive.contains(promises::during));
  // What is promised of a timeout is checked before the fault and after it.
  CHECK(row.guarded.timeout_before);
  CHECK(row.guarded.timeout_after);
  CHECK_FALSE(row.naive.timeout_before);
}

bool names(const DisasterSide& side, const std::string& reason) {
  return side.score.during().reasons.count(reason) + side.crowd.count(reason) > 0;
}

}  // namespace

TEST_CASE("disasters: the primary database vanishes, and the catalogue and the replica's readers do not notice") {
  const DisasterRow row = play_one("pool");
  check_row(row);
  CHECK(names(row.guarded, "breaker_open"));
  CHECK(row.guarded.score.during().refusals.quantile(990'000) < 1ms);
  CHECK(row.naive.score.during().served_permille() < 50);
}

TEST_CASE("disasters: a slow backend costs a guarded node nothing, and a naive one nearly everything") {
  const DisasterRow row = play_one("slow");
  check_row(row);
  CHECK(row.guarded.score.during().answered.quantile(990'000) < 100ms);
}

TEST_CASE("disasters: a node that is cut off is passed over, and asked again by itself") {
  const DisasterRow row = play_one("node");
  check_row(row);
  CHECK(row.guarded.score.during().helped > 0);
  CHECK(row.guarded.open_time > 0us);
}

TEST_CASE("disasters: a flood of strangers is turned away in no time, and whoever was here before logs in") {
  const DisasterRow row = play_one("flood");
  check_row(row);
  CHECK(names(row.guarded, "rate_limited"));
  CHECK(row.guarded.crowd_refusals.quantile(990'000) < 1ms);
  CHECK_FALSE(row.naive.score.healed());
  // Nobody tells the service who is a person: those who come for the first time share the lot of the flood.
  const DisasterPhase& during = row.guarded.score.during();
  CHECK(during.refused > 0);
  CHECK(during.served_permille() < 900);
}

TEST_CASE("disasters: when the deepest tier crawls, those above it answer what they can") {
  const DisasterRow row = play_one("cascade");
  check_row(row);
  // Two thirds of the calls do not need the database: all of them are answered.
  CHECK(row.guarded.score.during().served_permille() >= 660);
  CHECK(row.naive.score.during().served_permille() < 300);
}

TEST_CASE("disasters: a batch that would fill the memory is kept out, and the node lives") {
  const DisasterRow row = play_one("exhaustion");
  check_row(row);
  CHECK(names(row.guarded, "cascade_optional"));
  CHECK(row.guarded.open_time == 0us);  // it never dies, so nothing opens
}

TEST_CASE("disasters: on either side of a partition what is near goes on, and what is not is told at once") {
  const DisasterRow row = play_one("partition");
  check_row(row);
  CHECK(row.guarded.score.during().refusals.quantile(990'000) < 1ms);
}

TEST_CASE("disasters: reads go to the replicas at once, and writes as soon as one is promoted") {
  const DisasterRow row = play_one("failover");
  check_row(row);
  CHECK(row.guarded.score.during().helped > row.guarded.score.during().calls / 2);
}

TEST_CASE("disasters: equal seeds give equal tables, others do not, and both forms say the same") {
  const auto text = [](std::uint64_t seed, bool json) {
    const DisastersOptions options{"failover", seed, json};
    std::ostringstream out;
    print_disasters(play_disasters(options), options, out);
    return out.str();
  };
  const std::string first = text(3, true);
  CHECK(first == text(3, true));
  CHECK(first != text(4, true));
  const nlohmann::json json = nlohmann::json::parse(first);
  CHECK(json["problems"].empty());
  const nlohmann::json& failover = json["disasters"][0];
  CHECK(failover["kit"]["during"]["served_permille"].get<int>() >= 950);
  CHECK(failover["kit"]["timeout_before"]["measured_p95_us"].get<int>() > 0);
  CHECK(failover["naive"]["timeout_before"].is_null());
  const std::string table = text(3, false);
  for (const std::string part : {"failover", "open time", "what each side has"}) {
    CHECK(table.find(part) != std::string::npos);
  }
  CHECK(table.find("naive  " + failover["naive_has"].get<std::string>()) != std::string::npos);
}

namespace {

constexpr Duration patience = DisasterStage::patience;

// A side on which every promise is kept, with one call in a hundredth of a second.
DisasterSide good_side(Duration healed_after) {
  DisasterSide side{DisasterScore{1s, 1s, 20s, patience}, 0us, {}, {}, {}, {}};
  for (Instant at{}; at < side.score.last(); at += 10ms) {
    side.score.called(at);
    const bool helped = at >= side.score.begins() && at < side.score.ends() + healed_after;
    side.score.ended(at, at + 5ms, helped ? DisasterEnd::helped : DisasterEnd::good, PipelineCause::breaker_open);
  }
  return side;
}

const DisasterPlot plot_on_paper{"paper", "", "", "", "", "", 900, nullptr};

std::set<std::string_view> broken_on_paper(const DisasterSide& side) {
  return names_of(broken_promises(plot_on_paper, side));
}

}  // namespace

TEST_CASE("disasters: healing is promised within the measured open time and five seconds, to the tenth") {
  DisasterSide side = good_side(7s);
  REQUIRE(side.score.healed());
  const Duration healed = *side.score.healed();
  CHECK((healed > 6s && healed <= 7s));
  CHECK(broken_on_paper(side) == std::set{promises::healing});
  side.open_time = healed - 5s;
  CHECK(broken_on_paper(side).empty());
  side.open_time -= 1us;
  CHECK(broken_on_paper(side) == std::set{promises::healing});
}

TEST_CASE("disasters: a timeout is near what was measured, before the fault and after, or the promise is broken") {
  DisasterSide side = good_side(0us);
  CHECK(broken_on_paper(side).empty());
  side.timeout_before = side.timeout_after = DisasterTimeout{33ms, 10ms, 20ms};
  CHECK(broken_on_paper(side).empty());
  side.timeout_after->timeout = 34ms;
  CHECK(broken_on_paper(side) == std::set{promises::timeout});
  side.timeout_after->timeout = 30ms;
  side.timeout_before->timeout = 26ms;
  CHECK(broken_on_paper(side) == std::set{promises::timeout});
}

TEST_CASE("disasters: refusals of a crowd are to be as fast as those that are counted") {
  DisasterSide side = good_side(0us);
  side.crowd_refusals.record(90ms);
  CHECK(broken_on_paper(side).empty());
  side.crowd_refusals.record(150ms);
  CHECK(broken_on_paper(side) == std::set{promises::refusals});
  CHECK(*refused_in(side) >= 100ms);
}

namespace {

// Answers after the service time while `good`, fails at once otherwise.
struct Shop {
  DisasterWorld world{7};
  bool good = true;
  Duration service = 10ms;

  DisasterCaller::Operation operation() {
    return [this](const PipelineCall&, DisasterDone done) {
      const AttemptResult result{good ? AttemptEnd::success : AttemptEnd::failure, true, std::nullopt};
      world.after(good ? service : 1ms, [done = std::move(done), result] { done(result); });
    };
  }
};

}  // namespace

TEST_CASE("disasters: the world measures for itself how long a breaker stays open, and how long attempts take") {
  Shop shop;
  PipelineConfig config;
  config.breaker.emplace();
  config.breaker->open_jitter_permille = 0;
  DisasterCaller caller{shop.world, config, 1};
  shop.world.every(20ms, Instant{} + 10s, [&] { caller.call({}, shop.operation(), [](const PipelineCall&) {}); });
  shop.world.at(Instant{} + 2s, [&] { shop.good = false; });
  shop.world.at(Instant{} + 3500ms, [&] { shop.good = true; });
  shop.world.run_until(Instant{} + 2s);
  CHECK(caller.p95(1s) == 10ms);
  CHECK(caller.openings().empty());
  shop.world.run_until(Instant{} + 10s);
  // Opened by the fifth failure, again by the probe one second later, and then its probes are answered.
  REQUIRE(caller.openings().size() == 2);
  const Duration first = caller.openings()[0].until - caller.openings()[0].from;
  const Duration second = caller.openings()[1].until - caller.openings()[1].from;
  CHECK((first >= 1s && first <= 1s + 20ms));
  CHECK((second >= 2s && second <= 2s + 20ms));
  shop.service = 40ms;
  for (int i = 0; i < 10; ++i) caller.call({}, shop.operation(), [](const PipelineCall&) {});
  shop.world.run_until(Instant{} + 11s);
  CHECK(caller.p95(1s) == 40ms);
  CHECK(caller.p95(11s) == 10ms);
}

TEST_CASE("disasters: many seeds are played at once, and the worst of each is told") {
  std::ostringstream out;
  CHECK(sweep_disasters({"exhaustion", {1, 2}, 2, true}, out) == 0);
  const nlohmann::json json = nlohmann::json::parse(out.str());
  CHECK(json["seeds"] == 2);
  REQUIRE(json["disasters"].size() == 1);
  const nlohmann::json& worst = json["disasters"][0];
  CHECK(worst["name"] == "exhaustion");
  CHECK(worst["broken"] == 0);
  std::uint64_t least = 1000;
  for (const std::uint64_t seed : {1u, 2u}) {
    least = std::min(least, play_one("exhaustion", seed).guarded.score.during().served_permille());
  }
  CHECK(worst["kit_permille_min"] == least);
}

TEST_CASE("disasters: a name that is not known is refused, and seeds that run backwards") {
  for (const std::vector<std::string>& said : std::vector<std::vector<std::string>>{
           {"--only", "flooood"}, {"--seeds", "9..3"}, {"--seeds", "1..3", "--seed", "4"}}) {
    std::vector<std::string> words{"hawser", "disasters"};
    words.insert(words.end(), said.begin(), said.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    CHECK(run_command_line(static_cast<int>(arguments.size()), arguments.data()) == 2);
  }
}
