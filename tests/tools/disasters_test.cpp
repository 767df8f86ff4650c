// hawser disasters: what the kit promises of each failure, and that a node without it breaks the promise.
#include "command_line.hpp"
#include "disasters_command.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>
#include <string>
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

void check_row(const DisasterRow& row) {
  std::string all;
  for (const std::string& sentence : disaster_problems(row)) all += sentence + "\n";
  INFO(all);
  CHECK(all.empty());
  check_books(row.naive, false);
  check_books(row.guarded, true);
  // The naive node must fail what is asked of the guarded one, or the comparison says nothing.
  const DisasterRow swapped{row.plot, row.guarded, row.naive};
  CHECK_FALSE(disaster_problems(swapped).empty());
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
  CHECK(row.guarded.timeout);
  CHECK(row.guarded.score.during().answered.quantile(990'000) < 100ms);
}

TEST_CASE("disasters: a node that is cut off is passed over, and asked again by itself") {
  const DisasterRow row = play_one("node");
  check_row(row);
  CHECK(row.guarded.score.during().helped > 0);
  CHECK(row.guarded.open_time > 0us);
}

TEST_CASE("disasters: a flood of strangers is turned away in no time, and people log in") {
  const DisasterRow row = play_one("flood");
  check_row(row);
  CHECK(names(row.guarded, "rate_limited"));
  CHECK(row.guarded.crowd_refusals.quantile(990'000) < 1ms);
  CHECK_FALSE(row.naive.score.healed());
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
  CHECK(json["disasters"][0]["kit"]["during"]["served_permille"].get<int>() >= 950);
  CHECK(text(3, false).find("failover") != std::string::npos);
}

TEST_CASE("disasters: a name that is not known is refused") {
  std::vector<std::string> words{"hawser", "disasters", "--only", "flooood"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  CHECK(run_command_line(static_cast<int>(arguments.size()), arguments.data()) == 2);
}
