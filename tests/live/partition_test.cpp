// Real processes in network namespaces, parted by nftables: who stops, who takes over, who comes back.
#include "cut_network.hpp"
#include <hawser/interconnect/runtime.hpp>
#include "node_process.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace hawser;
using namespace hawser::live;
using namespace std::chrono_literals;

namespace {

using Names = std::vector<std::string>;

// Null, after saying loudly why, where there can be no such network.
std::unique_ptr<tools::CutNetwork> network_of(std::size_t places) {
  try {
    return std::make_unique<tools::CutNetwork>(places);
  } catch (const StartError& error) {
    WARN("SKIPPED: nothing is cut here, so nothing is known about cuts: " << error.what()
                                                                          << ". `./run setup network` installs what it "
                                                                             "takes.");
    return nullptr;
  }
}

Names members_of(const Json& view) {
  Names names;
  for (const Json& member : view) names.push_back(member.at("id"));
  return names;
}

std::string stance(const NodeProcess& process) {
  return process.heard() ? process.last.at("stance").get<std::string>() : "";
}

bool told(const NodeProcess& process, const std::string& kind, const std::string& cause) {
  return std::any_of(process.events.begin(), process.events.end(),
                     [&](const Json& event) { return event.at("kind") == kind && event.at("cause") == cause; });
}

// When it was told of the view without the loser, on the machine's one clock; 0: it was not.
std::int64_t told_removed_at(const NodeProcess& process, const std::string& loser) {
  for (const Json& event : process.events) {
    const std::string text = event.at("text");
    const std::size_t removed = text.find(", removed {");
    if (event.at("kind") != "view" || removed == std::string::npos) continue;
    const std::string names = text.substr(removed, text.find('}', removed) - removed);
    if (names.find(loser) != std::string::npos) return event.at("at_us").get<std::int64_t>();
  }
  return 0;
}

// Its snapshots reached us without a gap. On a machine that starves us they may not, and then a missing word says
// nothing.
bool all_heard(const NodeProcess& process) {
  for (std::size_t i = 1; i < process.events.size(); ++i) {
    const auto number = process.events[i].at("number").get<std::uint64_t>();
    if (number != process.events[i - 1].at("number").get<std::uint64_t>() + 1) return false;
  }
  return true;
}

// Far below the lease: what keeps the others waiting then is nothing but what they promised.
const std::string hasty = "[isolation]\nstable_after = \"100ms\"\n";

// Five members, and the last instant at which each was seen to act in which epoch.
class PartedCluster {
 public:
  explicit PartedCluster(const tools::CutNetwork& network) : house_(names(), hasty, Acts::by_majority, &network) {
    for (const std::string& id : names()) {
      house_[id].seen = [this, id](const Json& snapshot) {
        if (!snapshot.at("may_serve").get<bool>()) return;
        const std::uint64_t epoch = std::stoull(snapshot.at("epoch").at("counter").get<std::string>());
        acted_[id][epoch] = snapshot.at("taken_at_us").get<std::int64_t>();
      };
    }
    house_.start_all();
  }

  static Names names() { return {"n1", "n2", "n3", "n4", "n5"}; }
  NodeProcess& operator[](const std::string& id) { return house_[id]; }

  bool until(const std::function<bool()>& reached) { return house_.until(reached, 60s); }
  // All of them act, in one view of just these.
  bool serve_together(const Names& wanted) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& id) {
      const NodeProcess& process = house_[id];
      return process.heard() && process.last.at("may_serve").get<bool>() &&
             members_of(process.last.at("view")) == wanted &&
             process.last.at("epoch") == house_[wanted.front()].last.at("epoch");
    });
  }
  bool isolated(const std::string& id) {
    return stance(house_[id]) == "isolated" && !house_[id].last.at("may_serve").get<bool>();
  }
  std::uint64_t epoch(const std::string& id) {
    return std::stoull(house_[id].last.at("epoch").at("counter").get<std::string>());
  }
  // Whether it was seen to act in an epoch up to that one after that instant.
  bool acted_after(const std::string& id, std::int64_t instant, std::uint64_t epoch_max) const {
    const auto of = acted_.find(id);
    return of != acted_.end() && std::any_of(of->second.begin(), of->second.end(), [&](const auto& row) {
             return row.first <= epoch_max && row.second > instant;
           });
  }

 private:
  std::map<std::string, std::map<std::uint64_t, std::int64_t>> acted_;
  Household house_;
};

}  // namespace

TEST_CASE("a minority cut off by nftables isolates itself, is replaced only then, and rejoins when it is healed",
          "[live]") {
  const auto network = network_of(5);
  if (network == nullptr) return;
  PartedCluster cluster{*network};
  const Names all = PartedCluster::names();
  REQUIRE(cluster.until([&] { return cluster.serve_together(all); }));
  const std::uint64_t before = cluster.epoch("n1");

  network->cut(tools::between({3, 4}, {0, 1, 2}));
  REQUIRE(cluster.until([&] { return cluster.isolated("n4") && cluster.isolated("n5"); }));
  REQUIRE(cluster.until([&] { return cluster.serve_together({"n1", "n2", "n3"}); }));
  CHECK(cluster.epoch("n1") > before);
  CHECK(cluster.isolated("n4"));
  CHECK(cluster.isolated("n5"));
  // They are alive and hear each other all the while.
  CHECK(cluster["n4"].peer_state("n5") == "up");

  network->heal();
  REQUIRE(cluster.until([&] { return cluster.serve_together(all); }));
  for (const std::string loser : {"n4", "n5"}) {
    CHECK(told(cluster[loser], "view", "rejoined"));
    for (const std::string winner : {"n1", "n2", "n3"}) {
      const std::int64_t removed = told_removed_at(cluster[winner], loser);
      CAPTURE(winner, loser, removed);
      if (removed == 0 && !all_heard(cluster[winner])) {
        WARN("this machine was too busy to hear all that " << winner << " told; nothing is known of it");
        continue;
      }
      CHECK(removed != 0);
      CHECK_FALSE(cluster.acted_after(loser, removed, before));
    }
  }
}

TEST_CASE("a member that hears everybody and is heard by nobody isolates itself, and so does one that is killed",
          "[live]") {
  const auto network = network_of(5);
  if (network == nullptr) return;
  PartedCluster cluster{*network};
  const Names all = PartedCluster::names();
  REQUIRE(cluster.until([&] { return cluster.serve_together(all); }));

  network->cut({{4, 0}, {4, 1}, {4, 2}, {4, 3}});
  REQUIRE(cluster.until([&] { return cluster.isolated("n5"); }));
  REQUIRE(cluster.until([&] { return cluster.serve_together({"n1", "n2", "n3", "n4"}); }));
  network->heal();
  REQUIRE(cluster.until([&] { return cluster.serve_together(all); }));
  CHECK(told(cluster["n5"], "view", "rejoined"));

  // The others are not told so before it is dead, and its next life begins without the right to act.
  cluster["n5"].signal(SIGKILL);
  CHECK(cluster["n5"].wait(20s) == -SIGKILL);
  REQUIRE(cluster.until([&] { return cluster.serve_together({"n1", "n2", "n3", "n4"}); }));
  cluster["n5"].start();
  REQUIRE(cluster.until([&] { return cluster.serve_together(all); }));
  CHECK(told(cluster["n5"], "view", "rejoined"));
}

TEST_CASE("two members with one bad link between them: one of the two makes room, and everybody else acts on",
          "[live]") {
  const auto network = network_of(5);
  if (network == nullptr) return;
  PartedCluster cluster{*network};
  const Names all = PartedCluster::names();
  REQUIRE(cluster.until([&] { return cluster.serve_together(all); }));
  network->cut(tools::between({3}, {4}));
  REQUIRE(cluster.until([&] { return cluster.serve_together({"n1", "n2", "n3", "n4"}); }));
  REQUIRE(cluster.until([&] { return cluster.isolated("n5"); }));
  network->heal();
  REQUIRE(cluster.until([&] { return cluster.serve_together(all); }));
}

namespace {

// The processes that it has started and that have not ended.
std::set<pid_t> children_of(pid_t parent) {
  const std::string of = std::to_string(parent);
  std::ifstream file{"/proc/" + of + "/task/" + of + "/children"};
  std::set<pid_t> children;
  for (pid_t child = 0; file >> child;) children.insert(child);
  return children;
}

bool runs(pid_t process) { return ::access(("/proc/" + std::to_string(process) + "/exe").c_str(), F_OK) == 0; }

// With room of its own for files: one that is killed outright cannot take them away.
class DemoFiles {
 public:
  DemoFiles() {
    path_ = (std::filesystem::temp_directory_path() / "hawser-live-demo-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error{"no directory for the demo"};
  }
  ~DemoFiles() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  DemoFiles(const DemoFiles&) = delete;
  DemoFiles& operator=(const DemoFiles&) = delete;
  const std::string& path() const { return path_; }
  bool empty() const { return std::filesystem::is_empty(path_); }

 private:
  std::string path_;
};

pid_t start_tool(const DemoFiles& files, std::vector<const char*> words) {
  const pid_t tool = ::fork();
  if (tool != 0) return tool;
  ::setenv("TMPDIR", files.path().c_str(), 1);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nowhere = ::open("/dev/null", O_WRONLY);
  ::dup2(nowhere, STDOUT_FILENO);
  words.insert(words.begin(), "hawser");
  words.push_back(nullptr);
  ::execv(HAWSER_TOOL, const_cast<char* const*>(words.data()));
  ::_exit(127);
}

bool wait_until(const std::function<bool()>& reached) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!reached() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(10ms);
  return reached();
}

// Its children, once they are three nodes, and not one of the helpers that make the network; empty when that never is.
std::set<pid_t> three_nodes_of(pid_t tool) {
  std::set<pid_t> nodes;
  const bool there = wait_until([&] {
    nodes = children_of(tool);
    return nodes.size() == 3 && std::all_of(nodes.begin(), nodes.end(), [](pid_t node) {
             std::ifstream file{"/proc/" + std::to_string(node) + "/cmdline"};
             std::string words;
             std::getline(file, words);
             return words.find("node") != std::string::npos;
           });
  });
  return there ? nodes : std::set<pid_t>{};
}

}  // namespace

TEST_CASE("whatever ends the demo of a cut ends its processes, and with them their network", "[live]") {
  if (network_of(1) == nullptr) return;
  for (const int ending : {SIGTERM, SIGINT, SIGKILL}) {
    CAPTURE(ending);
    const DemoFiles files;
    const pid_t demo = start_tool(files, {"demo", "--partition", "--json", "--nodes", "3"});
    const std::set<pid_t> nodes = three_nodes_of(demo);
    REQUIRE(nodes.size() == 3);
    ::kill(demo, ending);
    int status = 0;
    REQUIRE(::waitpid(demo, &status, 0) == demo);
    CHECK((ending == SIGKILL ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 1));
    CHECK(wait_until([&] { return std::none_of(nodes.begin(), nodes.end(), runs); }));
    CHECK((ending == SIGKILL || files.empty()));
  }
}

TEST_CASE("an interrupt ends failover with its processes, begins no others, and says that runs are missing", "[live]") {
  if (network_of(1) == nullptr) return;
  for (const int ending : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(ending);
    const DemoFiles files;
    // So many runs that without the interrupt it would go on for hours.
    const pid_t failover = start_tool(files, {"failover", "--nodes", "3", "--runs", "1000", "--json"});
    const std::set<pid_t> nodes = three_nodes_of(failover);
    REQUIRE(nodes.size() == 3);
    ::kill(failover, ending);
    int status = 0;
    bool ended = false;
    CHECK(wait_until([&] { return ended = ended || ::waitpid(failover, &status, WNOHANG) == failover; }));
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 2));
    CHECK(wait_until([&] { return std::none_of(nodes.begin(), nodes.end(), runs); }));
    CHECK(files.empty());
  }
}
