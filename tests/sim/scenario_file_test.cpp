// Scenario files: what is written is read back, and what is wrong is named with its place.
#include <hawser/sim/generate.hpp>
#include <hawser/sim/scenario_file.hpp>
#include <hawser/sim/scenario_keys.hpp>

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

using namespace hawser;
using namespace hawser::sim;
using namespace std::chrono_literals;

namespace {

std::string complaints(const std::string& text) {
  std::string all;
  for (const std::string& problem : parse_scenario(text, "s.toml").problems) {
    all += (all.empty() ? "" : "\n") + problem;
  }
  return all;
}

// The same after `nodes = 3` and one fault of a partition.
std::string of_fault(const std::string& keys) { return complaints("nodes = 3\n[[fault]]\n" + keys); }

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Scenario read(const std::string& text) {
  const ParsedScenario parsed = parse_scenario(text, "s.toml");
  for (const std::string& problem : parsed.problems) FAIL(problem);
  return parsed.scenario;
}

}  // namespace

TEST_CASE("a file says what a scenario is", "[scenario]") {
  const Scenario scenario = read(R"(
name = "a cut"
seed = 42
length = "30s"
nodes = ["n1", "n2", "n3"]
stable = "n1"

[config.detector]
heartbeat = "100ms"
[node.n2.config]
types.Order.ttl = "1s"

[[link]]
from = "n1"
delay = { shape = "uniform", min = "1ms", max = "3ms" }
loss = 0.01

[[stream]]
type = "Order"
request = true
arrival = "poisson"
every = "50ms"
size = { shape = "pareto", min = "100 B", alpha = 1.5, max = "64KiB" }

[[fault]]
at = "5s"
do = "partition"
for = "10s"
groups = [["n1"], ["n2", "n3"]]
cut = "jam"

[[fault]]
at = "6s"
do = "wall_step"
on = "n3"
by = "-2s"

[[expect]]
kind = "peer"
at = "14s"
nodes = "n2"
peers = "n1"
state = "unreachable"
)");
  CHECK(scenario.seed == 42);
  CHECK(scenario.stable == Names{"n1"});
  CHECK(config_of(scenario, "n1").detector.heartbeat == 100ms);
  CHECK(config_of(scenario, "n2").types.at("Order").ttl == Duration{1s});
  CHECK(config_of(scenario, "n1").types.empty());
  CHECK(link_of(scenario, "n3", "n1").loss == 10'000);
  CHECK(link_of(scenario, "n2", "n3").loss == 0);
  CHECK(scenario.streams.at(0).size.permille == 1500);
  CHECK(scenario.faults.at(0).cut == Cut::jam);
  CHECK(scenario.faults.at(0).lasts == 10s);
  CHECK(scenario.faults.at(0).groups == std::vector<Names>{{"n1"}, {"n2", "n3"}});
  CHECK(scenario.faults.at(1).by == -2s);
  CHECK(scenario.expectations.at(0).from == 14s);
  CHECK(scenario.expectations.at(0).to == 14s);
  CHECK(read(to_toml(scenario)) == scenario);
}

TEST_CASE("every scenario that a seed stands for can be played, and is the same after writing and reading",
          "[scenario]") {
  std::set<std::string> verbs;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const Scenario scenario = generate(seed);
    CAPTURE(seed);
    CHECK(problems_of(scenario).empty());
    CHECK(generate(seed) == scenario);
    const ParsedScenario parsed = parse_scenario(to_toml(scenario), "generated.toml");
    INFO(to_toml(scenario) << (parsed.ok() ? "" : parsed.problems.front()));
    REQUIRE(parsed.ok());
    CHECK(parsed.scenario == scenario);
    CHECK(scenario.faults.back().verb == "calm");
    for (const Fault& fault : scenario.faults) {
      verbs.insert(fault.verb);
      CHECK(fault.at + fault.lasts <= scenario.faults.back().at);
      if (!find_fault_verb(fault.verb)->of_processes) continue;
      for (const std::string& name : fault.on) {
        CHECK(std::find(scenario.stable.begin(), scenario.stable.end(), name) == scenario.stable.end());
      }
    }
  }
  CHECK(verbs.size() > 45);
}

TEST_CASE("every verb can be written with all its keys and is read back", "[scenario]") {
  for (const FaultVerb& verb : fault_verbs()) {
    Scenario scenario;
    scenario.nodes = {"n1", "n2"};
    Fault fault;
    fault.verb = verb.name;
    fault.at = 1s;
    const auto has = [&](std::string_view key) { return has_word(verb.keys, key) || has_word(verb.optional, key); };
    if (has("on")) fault.on = {"n2"};
    if (has("from")) fault.from = {"n1"};
    if (has("to")) fault.to = {"n2"};
    if (has("groups")) fault.groups = {{"n1"}, {"n2"}};
    if (has("for")) fault.lasts = 5s;
    if (has("down")) fault.down = 100ms;
    if (has("up")) fault.up = 100ms;
    if (has("delay")) fault.delay = Spread{Spread::Shape::empirical, 0, 0, 0, 0, {1, 2'500, 10'000'000}};
    if (has("rate")) fault.rate = 123'457;
    if (has("frames_up_to")) fault.frame_bytes_max = 1500;
    if (has("ppm")) fault.ppm = -200;
    if (has("loss")) fault.loss = 123'456;
    if (has("instead")) fault.instead = "n1";
    if (has("type")) fault.type = "Order";
    if (has("point")) fault.point = FaultPoint::completion_delayed;
    if (has("chance")) fault.chance = 30'000;
    if (has("held")) fault.held = 64'000;
    if (has("port")) fault.port = 7'010;
    if (has("version_min")) fault.version_min = fault.version_max = 2;
    scenario.faults = {fault};
    CAPTURE(verb.name);
    CHECK(problems_of(scenario).empty());
    CHECK(read(to_toml(scenario)) == scenario);
    CHECK(std::string{verb.sentence}.ends_with('.'));
    const std::string all = std::string{verb.keys} + " " + std::string{verb.optional};
    for (const std::string_view key : words_of(all)) {
      CAPTURE(key);
      const auto rows = fault_fields();
      CHECK(std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.name == key; }));
    }
    CHECK((verb.end != nullptr) == has("for"));
  }
}

TEST_CASE("what is wrong is named with its place and the nearest name", "[scenario]") {
  CHECK(complaints("nodes = 3\nlenght = \"3s\"\n") ==
        "s.toml:2:1: unknown key 'lenght' of a scenario; did you mean 'length'?");
  CHECK(complaints("length = \"3s\"\n") == "s.toml: nodes is missing: nodes = 3, or nodes = [\"n1\", \"n2\", \"n3\"]");
  CHECK(of_fault("at = \"1s\"\ndo = \"partitoin\"\n") ==
        "s.toml:4:6: there is no verb 'partitoin'; did you mean 'partition'?");
  CHECK(says(of_fault("at = \"1s\"\ndo = \"crash\"\non = \"n4\"\n"),
             "s.toml:5:6: on: there is no node 'n4'; did you mean"));
  CHECK(says(of_fault("at = \"1s\"\ndo = \"crash\"\n"), "s.toml:2:1: crash needs the key on"));
  CHECK(says(of_fault("at = \"1s\"\ndo = \"crash\"\non = \"n1\"\nloss = 0.5\n"),
             "s.toml:6:1: crash takes no key 'loss'; it knows"));
  CHECK(says(of_fault("at = \"1s\"\ndo = \"loss\"\nloss = 1.5\n"), "s.toml:5:8: loss is out of range"));
  CHECK(says(of_fault("at = \"1s\"\ndo = \"type_loss\"\ntype = \"Odrer\"\n"),
             "s.toml:5:8: type is 'Odrer'; did you mean 'Order'?"));
  CHECK(says(of_fault("at = \"1s\"\ndo = \"fault_point\"\non = \"n1\"\npoint = \"hello_late\"\nchance = 0.1\n"),
             "s.toml:6:9: point is 'hello_late'"));
  CHECK(says(of_fault("at = \"1s\"\ndo = \"kill_storm\"\non = \"n1\"\ndown = \"3s\"\nfor = \"2s\"\n"),
             "s.toml:7:7: for is 2s, shorter than down (3s), which each takes"));
  CHECK(says(of_fault("at = \"1s\"\ndo = \"version_skew\"\non = \"n1\"\nversion_min = 3\nversion_max = 2\n"),
             "s.toml:6:15: version_min is 3, above version_max (2)"));
  CHECK(says(of_fault("at = \"1s\"\ndo = \"swizzle\"\non = \"n1\"\nfor = \"0s\"\n"),
             "s.toml:6:7: for is 0s, and swizzle takes at least 1ms"));
  CHECK(says(complaints("nodes = 3\nstable = \"n1\"\n[[fault]]\nat = \"1s\"\ndo = \"cold_start\"\nfor = \"1s\"\n"),
             "s.toml:5:6: cold_start stops every node, and the stable core must be spared"));
  CHECK(says(of_fault("at = \"1s\"\ndo = \"partition\"\ngroups = [[\"n1\"], [\"n1\", \"n2\"]]\n"),
             "s.toml:5:10: groups: n1 stands on two sides"));
  CHECK(says(complaints("nodes = 3\nstable = \"n1\"\n[[fault]]\nat = \"1s\"\ndo = \"pause\"\non = \"n1\"\n"),
             "s.toml:6:6: on: n1 belongs to the stable core, which pause must spare"));
  CHECK(says(complaints("nodes = 2\n[config.detector]\nhearbeat = \"1s\"\n"),
             "s.toml:3:1: unknown key config.detector.hearbeat; did you mean config.detector.heartbeat?"));
  CHECK(says(complaints("nodes = 2\n[config.detector]\nsuspect = 9\n"), "s.toml:3:11: detector.suspect is 9"));
  CHECK(says(complaints("nodes = 2\n[config]\nid = \"n1\"\n"), "s.toml:3:1: unknown key config.id"));
  CHECK(says(complaints("nodes = 2\n[node.n7.config]\nttl = \"1s\"\n"), "there is no node 'n7'"));
  CHECK(says(complaints("nodes = 2\n[[stream]]\ntype = \"Note\"\nevery = 100\n"), "s.toml:4:9: every has no unit"));
  CHECK(says(complaints("nodes = 2\n[[stream]]\ntype = \"Notes\"\n"),
             "s.toml:3:8: type is 'Notes'; did you mean 'Note'?"));
  CHECK(says(complaints("nodes = 2\n[[expect]]\nkind = \"peer\"\nstate = \"upp\"\n"),
             "s.toml:4:9: state is 'upp'; did you mean 'up'?"));
  CHECK(says(complaints("nodes = 2\n[[expect]]\nkind = \"outcome\"\n"), "s.toml:2:1: outcome needs the key outcome"));
}

TEST_CASE("hostile scenario files are refused, quickly and with a reason", "[scenario]") {
  CHECK(says(complaints("nodes = 1000000000\n"), "s.toml:1:9: nodes is 1000000000, which is out of range: 1 .. 64"));
  CHECK(says(complaints("nodes = -1\n"), "out of range"));
  CHECK(says(complaints("nodes = [\"n1\", \"N 2\", \"\"]\n"), "'N 2' is no node id"));
  CHECK(says(complaints("nodes = [\"n1\", \"n1\"]\n"), "n1 is named twice"));
  CHECK(says(of_fault("at = \"1s\"\ndo = \"rate\"\nrate = \"1000000000000 GiB\"\n"), "s.toml:5:8:"));
  CHECK(says(of_fault("at = \"1s\"\ndo = \"rate\"\nrate = -5\n"), "rate is -5, which is out of range"));
  CHECK(says(of_fault("at = \"1s\"\ndo = \"loss\"\nloss = nan\n"), "loss is not a number (nan)"));
  CHECK(says(of_fault("at = \"1s\"\ndo = \"loss\"\nloss = -inf\n"), "loss is out of range"));
  CHECK(says(of_fault("at = \"-1s\"\ndo = \"heal\"\n"), "at is no duration"));
  CHECK(says(of_fault("at = \"99999999999999999999s\"\ndo = \"heal\"\n"), "at is no duration"));
  CHECK(says(of_fault("at = \"2h\"\ndo = \"heal\"\n"), "at is \"2h\", which is out of range"));
  CHECK(says(of_fault("at = \"2s\"\ndo = \"heal\"\n[[fault]]\nat = \"1s\"\ndo = \"heal\"\n"),
             "s.toml:6:6: at is 1s, and the entry before it is at 2s: entries stand in the order of time"));
  CHECK(says(
      of_fault("at = \"1s\"\ndo = \"flap\"\nfrom = \"n1\"\nto = \"n2\"\ndown = \"1ms\"\nup = \"1ms\"\nfor = \"29s\"\n"),
      "at most 10000 are allowed"));
  CHECK(says(complaints("nodes = 2\nlength = \"0s\"\n"), "length is"));
  CHECK(says(complaints("seed = 99999999999999999999\nnodes = 2\n"), "s.toml:1:"));
  std::string many = "nodes = 2\n";
  while (many.size() < 900'000) many += "[[fault]]\nat=\"1s\"\ndo=\"heal\"\n";
  CHECK(says(complaints(many), "and at most 10000 are allowed"));
  while (many.size() < (10u << 20)) many += many;
  CHECK(complaints(many) == "s.toml: is larger than 1 MiB, which no scenario is");
  CHECK(says(complaints(std::string("nodes = 2\n\0x = 3\n", 17)), "s.toml:2:"));
  CHECK(complaints("\xef\xbb\xbfnodes = 2\r\nlength = \"3s\"\r\n").empty());
  CHECK(says(complaints("nodes = " + std::string(500'000, '[') + "\n"), "s.toml:1:"));
  std::string dots = "a";
  for (int i = 0; i < 100'000; ++i) dots += ".a";
  CHECK(says(complaints(dots + " = 1\n"), "nested deeper"));
  std::string wrong = "nodes = 2\n";
  for (int i = 0; i < 1000; ++i) wrong += "k" + std::to_string(i) + " = 1\n";
  CHECK(parse_scenario(wrong, "s.toml").problems.size() <= 101);
  CHECK(says(load_scenario("/nonexistent/s.toml").problems.at(0), "cannot be opened"));
  CHECK(says(load_scenario("/dev/zero").problems.at(0), "larger than 1 MiB"));
}

TEST_CASE("docs/simulation.md has the tables of the format as they are", "[scenario]") {
  std::ifstream file{std::string{HAWSER_SOURCE_DIR} + "/docs/simulation.md"};
  const std::string page{std::istreambuf_iterator<char>{file}, {}};
  const bool there = page.find(scenario_reference_markdown()) != std::string::npos;
  if (!there) WARN("paste this between the markers:\n" << scenario_reference_markdown());
  CHECK(there);
}
