// Clients of the HTTP side that behave as badly as they can, all at once, beside the traffic of two real nodes.
#include "channel_books.hpp"
#include "inspect/http_client.hpp"
#include "node_process.hpp"

#include <catch2/catch.hpp>
#include <support/sanitized.hpp>

#include <algorithm>
#include <deque>
#include <string>
#include <sys/resource.h>

using namespace hawser;
using namespace hawser::live;
using hawser::test::HttpClient;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t mebibyte = 1u << 20;
constexpr int kernel_room = 4096;  // of a receive buffer: what is not read soon fills it

// Room for a thousand sockets here; how many can be had.
std::size_t crowd_size() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  ::setrlimit(RLIMIT_NOFILE, &files);
  return std::min<std::size_t>(1000, files.rlim_cur - 100);
}

// All of them at one node, for as long as it lives.
class BadClients {
 public:
  BadClients(const Endpoint& at, std::size_t crowd) {
    for (int i = 0; i < 6; ++i) clients_.emplace_back(at, kernel_room).ask("/api/v1/stream");
    for (int i = 0; i < 4; ++i) clients_.emplace_back(at, kernel_room).ask("/metrics");
    for (int i = 0; i < 4; ++i) {
      // As many questions as it takes, and no answer is read.
      HttpClient& greedy = clients_.emplace_back(at, kernel_room);
      for (int times = 0; times < 50; ++times) greedy.ask("/api/v1/channels");
    }
    for (int i = 0; i < 4; ++i) clients_.emplace_back(at).say("GET /metrics HTTP/1.1\r\nHost: 127");
    for (int i = 0; i < 4; ++i) {
      clients_.emplace_back(at).say("GET / HTTP/1.1\r\nX: " + std::string(64u << 10, 'x') + "\r\n\r\n");
    }
    while (clients_.size() < crowd) clients_.emplace_back(at);
  }

 private:
  std::deque<HttpClient> clients_;
};

bool wavered(const NodeProcess& process) {
  return std::any_of(process.events.begin(), process.events.end(), [](const Json& event) {
    return event.at("kind") == "peer_state" && event.at("cause") != "session_open" && event.at("cause") != "starting";
  });
}

}  // namespace

TEST_CASE("bad clients of the HTTP side, all at once, cost the traffic nothing, and leave no trace", "[live]") {
  const std::size_t crowd = crowd_size();
  REQUIRE(crowd >= 500);
  Household house{{"n1", "n2"}};
  for (const std::string& id : house.ids()) house.rewrite(id, "[admin]\n", "[admin]\nrequest_time = \"1s\"\n");
  for (const std::string& id : house.ids()) house[id].start({"--traffic", "Greeting=100", "--traffic", "Order=20"});
  REQUIRE(house.all_up());
  const auto traffic = [&](const std::string& id) -> const Json& {
    return channel(house[id], id == "n1" ? "n2" : "n1", "Greeting");
  };
  const auto at = [&](const std::string& id) { return Endpoint{"127.0.0.1", house.admin_port(id)}; };
  // What was lost while they looked for each other, if anything, is not what this is about.
  REQUIRE(house.until(
      [&] { return ended_as(traffic("n1"), "delivered") > 0 && ended_as(traffic("n2"), "delivered") > 0; }));
  const std::uint64_t lost_before[] = {missing(traffic("n1")), missing(traffic("n2"))};
  const std::size_t small = std::max(house["n1"].resident(), house["n2"].resident());
  std::size_t largest = 0;
  for (int wave = 0; wave < 3; ++wave) {
    const BadClients at_one{at("n1"), crowd};
    const BadClients at_other{at("n2"), 40};
    const std::uint64_t before[] = {ended_as(traffic("n1"), "delivered"), ended_as(traffic("n2"), "delivered")};
    REQUIRE(house.until([&] {
      largest = std::max({largest, house["n1"].resident(), house["n2"].resident()});
      return ended_as(traffic("n1"), "delivered") > before[0] + 150 &&
             ended_as(traffic("n2"), "delivered") > before[1] + 150;
    }));
  }
  CHECK(missing(traffic("n1")) == lost_before[0]);
  CHECK(missing(traffic("n2")) == lost_before[1]);
  for (const std::string& id : house.ids()) {
    INFO(id);
    CHECK_FALSE(wavered(house[id]));
    CHECK(house[id].last.at("ledger").at("imbalance") == 0);
    REQUIRE(house.until([&] { return test::http_get(at(id), "/healthz").status == 200; }));
    const std::string page = test::http_get(at(id), "/metrics").body;
    CHECK(page.find("hawser_admin_failures_total 0\n") != std::string::npos);
    if (id == "n1") CHECK(page.find("hawser_admin_connections_refused_total 0\n") == std::string::npos);
    CHECK(page.find("hawser_admin_timeouts_total 0\n") == std::string::npos);
  }
  INFO("resident before " << small / mebibyte << " MiB, largest " << largest / mebibyte << " MiB");
#if !defined(HAWSER_SANITIZED)
  CHECK(largest < small + 64 * mebibyte);  // answers that wait: 32 MiB, and as much for the heap that holds them
#endif
}
