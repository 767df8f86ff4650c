// A real Prometheus scrapes a real node.
#include "child_nodes.hpp"
#include <hawser/interconnect/endpoint.hpp>
#include "inspect/http_client.hpp"
#include "node_process.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace hawser::live;
using hawser::Endpoint;
using namespace std::chrono_literals;

namespace {

class PrometheusProcess {
 public:
  PrometheusProcess(std::string tool, const std::string& directory, const std::string& target) {
    endpoint_ = {"127.0.0.1", hawser::tools::free_ports(1).front()};
    const std::string config = directory + "/prometheus.yml";
    std::ofstream{config} << "global:\n  scrape_interval: 250ms\n  scrape_timeout: 200ms\nscrape_configs:\n"
                             "  - job_name: hawser\n    static_configs:\n      - targets: ['"
                          << target << "']\n";
    said_ = directory + "/prometheus.said";
    std::vector<std::string> words{std::move(tool), "--config.file=" + config,
                                   "--storage.tsdb.path=" + directory + "/tsdb",
                                   "--web.listen-address=" + endpoint_.text()};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = ::open(said_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ~PrometheusProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  PrometheusProcess(const PrometheusProcess&) = delete;
  PrometheusProcess& operator=(const PrometheusProcess&) = delete;

  // The value of the first series that the query gives; empty: none yet. `query`: as it stands in an address.
  std::string ask(const std::string& query) const {
    const hawser::test::HttpReply reply = hawser::test::http_get(endpoint_, "/api/v1/query?query=" + query);
    const Json said = Json::parse(reply.body, nullptr, false);
    if (!said.is_object() || !said.contains("data") || said["data"]["result"].empty()) return {};
    return said["data"]["result"][0]["value"][1].get<std::string>();
  }

 private:
  Endpoint endpoint_;
  std::string said_;
  pid_t pid_ = 0;
};

}  // namespace

TEST_CASE("prometheus: scrapes a node, and queries give what the node says", "[live]") {
  const char* const named = std::getenv("HAWSER_PROMETHEUS");
  const std::string tool = named == nullptr ? "prometheus" : named;
  if (std::system(("command -v " + tool + " >/dev/null 2>&1").c_str()) != 0) {
    WARN("SKIPPED: there is no prometheus here. `./run setup metrics` installs it, HAWSER_PROMETHEUS names another.");
    return;
  }
  Household house{{"n1", "n2"}};
  house.start_all();
  REQUIRE(house.all_up());
  const PrometheusProcess prometheus{tool, house.directory(), "127.0.0.1:" + std::to_string(house.admin_port("n1"))};
  REQUIRE(house.until([&] { return prometheus.ask("up%7Bjob=%22hawser%22%7D") == "1"; }));
  REQUIRE(house.until([&] { return prometheus.ask("hawser_peer_state%7Bpeer=%22n2%22,state=%22up%22%7D") == "1"; }));
  CHECK(prometheus.ask("hawser_node_ledger_imbalance_messages") == "0");
  // A histogram is one: a quantile of it is a number, and its parts agree.
  const std::string quantile =
      "histogram_quantile(0.5,rate(hawser_type_queue_wait_seconds_bucket%7Btype=%22Greeting%22%7D%5B10s%5D))";
  REQUIRE(house.until([&] {
    const std::string value = prometheus.ask(quantile);
    return !value.empty() && value != "NaN";
  }));
  CHECK(prometheus.ask("hawser_type_queue_wait_seconds_count-ignoring(le)hawser_type_queue_wait_seconds_bucket"
                       "%7Ble=%22%2BInf%22%7D") == "0");
  CHECK_FALSE(prometheus.ask("hawser_peer_heartbeat_seconds_count%3E0").empty());
  CHECK_FALSE(prometheus.ask("hawser_node_timer_lag_seconds_count%3E0").empty());
  REQUIRE(house.until(
      [&] { return !prometheus.ask("hawser_type_handler_seconds_count%7Btype=%22Greeting%22%7D%3E0").empty(); }));
  // What it has scraped is what the node says: never more than it says by now.
  const std::string scraped = prometheus.ask("hawser_node_messages_submitted_total");
  REQUIRE_FALSE(scraped.empty());
  const std::uint64_t then = std::stoull(scraped);
  REQUIRE(house.until(
      [&] { return house["n1"].last.at("ledger").at("submitted").at("messages").get<std::uint64_t>() >= then; }));
  CHECK(then > 0);
}
