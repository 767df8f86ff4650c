// hawser sim run and generate: exit codes, what is told, and that a file is the run of its seed.
#include "command_line.hpp"
#include <hawser/sim/generate.hpp>
#include <hawser/sim/scenario_file.hpp>
#include "sim_command.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace hawser;
using namespace hawser::tools;

namespace {

class Directory {
 public:
  Directory() : path_(std::filesystem::temp_directory_path() / "hawser-sim-command-XXXXXX") {
    std::string name = path_.string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{file(name)} << text;
    return file(name);
  }
  nlohmann::json json(const std::string& name) const { return nlohmann::json::parse(read(name)); }
  std::string read(const std::string& name) const {
    std::ifstream stream{file(name)};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }

 private:
  std::filesystem::path path_;
};

int hawser_command(std::vector<std::string> words) {
  words.insert(words.begin(), "hawser");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  return run_command_line(static_cast<int>(arguments.size()), arguments.data());
}

const std::string cut_for_good =
    "nodes = 2\nlength = \"5s\"\n[[fault]]\nat = \"2s\"\ndo = \"isolate\"\non = \"n2\"\n"
    "[[expect]]\nkind = \"recovery\"\nwithin = \"1s\"\n";

}  // namespace

TEST_CASE("the exit code is the verdict") {
  const Directory here;
  const std::string passes = here.write("pass.toml", "nodes = 2\nlength = \"3s\"\n[[expect]]\nkind = \"recovery\"\n");
  const std::string fails = here.write("fail.toml", cut_for_good);
  const std::string open =
      here.write("open.toml", "nodes = 2\nlength = \"3s\"\n[[expect]]\nkind = \"handled\"\nmin = 1\n");
  const std::string wrong = here.write("wrong.toml", "nodes = 2\nlenght = \"3s\"\n");
  CHECK(hawser_command({"sim", "run", passes}) == 0);
  CHECK(hawser_command({"sim", "run", fails}) == 1);
  CHECK(hawser_command({"sim", "run", open}) == 2);
  CHECK(hawser_command({"sim", "run", wrong}) == 2);
  CHECK(hawser_command({"sim", "run", here.file("nowhere.toml")}) == 2);
  CHECK(hawser_command({"sim", "run", passes, "--until-event", "10"}) == 2);
  CHECK(hawser_command({"sim", "run", passes, "--seed", "99999999999999999999"}) == 2);
  CHECK(hawser_command({"sim", "run", passes, "--trace", here.file("no/such/place")}) == 2);
}

TEST_CASE("a violation is told with its place, its story and the command that replays it") {
  const Directory here;
  const std::string fails = here.write("fail.toml", cut_for_good);
  CHECK(hawser_command({"sim", "run", fails, "--json", here.file("report.json"), "--trace", here.file("trace.txt")}) ==
        1);
  const nlohmann::json report = here.json("report.json");
  CHECK(report["verdict"] == "fail");
  CHECK(report["replay"] == "hawser sim run " + fails);
  REQUIRE(report["violations"].size() == 1);
  const nlohmann::json& violation = report["violations"][0];
  CHECK(violation["invariant"].get<std::string>().find("recovery") != std::string::npos);
  CHECK(violation["event"].get<std::uint64_t>() <= report["events"].get<std::uint64_t>());
  CHECK_FALSE(violation["nodes"].empty());
  CHECK_FALSE(violation["story"].empty());
  CHECK(report["sometimes"]["fault/isolate"] == 1);
  CHECK(here.read("trace.txt").find("isolate n2") != std::string::npos);
}

TEST_CASE("the file that generate writes is the run of its seed") {
  const Directory here;
  REQUIRE(hawser_command({"sim", "generate", "--seed", "4", "--out", here.file("4.toml")}) == 0);
  CHECK(sim::load_scenario(here.file("4.toml")).scenario == sim::generate(4));
  // The first events are enough to see that they agree.
  CHECK(hawser_command({"sim", "run", "--seed", "4", "--until-event", "5000", "--json", here.file("seed.json")}) == 2);
  CHECK(hawser_command(
            {"sim", "run", here.file("4.toml"), "--until-event", "5000", "--json", here.file("file.json")}) == 2);
  const nlohmann::json of_seed = here.json("seed.json");
  const nlohmann::json of_file = here.json("file.json");
  CHECK(of_seed["trace_hash"] == of_file["trace_hash"]);
  CHECK(of_seed["events"] == 5000);
  CHECK(of_seed["replay"] == "hawser sim run --seed 4");
  CHECK(hawser_command({"sim", "run", here.file("4.toml"), "--seed", "5", "--until-event", "5000", "--json",
                        here.file("other.json")}) == 2);
  CHECK(here.json("other.json")["trace_hash"] != of_file["trace_hash"]);
}
