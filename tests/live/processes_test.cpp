// Real processes on real sockets, and what happens to processes.
#include <hawser/base/random.hpp>
#include "node_process.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <csignal>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

using namespace hawser;
using namespace hawser::live;
using namespace std::chrono_literals;

namespace {

bool balanced(const NodeProcess& process) { return process.last.at("ledger").at("balanced").get<bool>(); }

std::uint64_t held(const NodeProcess& process) {
  return process.last.at("ledger").at("held").at("messages").get<std::uint64_t>();
}

bool saw(const NodeProcess& process, const std::string& kind, const std::string& cause) {
  return std::any_of(process.events.begin(), process.events.end(),
                     [&](const Json& event) { return event.at("kind") == kind && event.at("cause") == cause; });
}

std::size_t times_suspected(const NodeProcess& process) {
  return static_cast<std::size_t>(std::count_if(process.events.begin(), process.events.end(), [](const Json& event) {
    const std::string text = event.at("text");
    return event.at("kind") == "peer_state" && text.find(" is up") == std::string::npos;
  }));
}

// A stranger who connects, says what he has to say, and perhaps waits for the door to be shut.
class Stranger {
 public:
  explicit Stranger(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Stranger() { ::close(socket_); }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  bool connected() const { return connected_; }
  void say(const std::string& bytes) const { (void)::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

 private:
  int socket_;
  bool connected_ = false;
};

std::string noise(Random& random, std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(random.below(256)));
  return bytes;
}

// ZMTP 3.0 with the NULL mechanism, as a client, up to the end of the handshake.
std::string greeting_and_ready() {
  std::string bytes{"\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL", 16};
  bytes.resize(64, '\0');
  const std::string ready{
      "\x05READY\x0bSocket-Type\0\0\0\x06"
      "DEALER\x08Identity\0\0\0\x05"
      "rogue",
      6 + 12 + 10 + 9 + 9};
  bytes += '\x04';
  bytes += static_cast<char>(ready.size());
  return bytes + ready;
}

}  // namespace

TEST_CASE("garbage on the port: counted, and nobody else notices", "[live]") {
  Household house{{"n1", "n2"}};
  house.start_all();
  REQUIRE(house.all_up());
  NodeProcess& one = house["n1"];
  NodeProcess& two = house["n2"];
  const std::size_t suspected = times_suspected(one) + times_suspected(two);
  const std::uint64_t before = two.delivered();
  Random random{4711};
  for (int i = 0; i < 60; ++i) {
    const Stranger loud{house.port("n1")};
    REQUIRE(loud.connected());
    loud.say(noise(random, 1 + random.below(4000)));
    const Stranger silent{house.port("n1")};
    // The handshake is right, and what follows is a frame of a kind nobody knows.
    const Stranger polite{house.port("n1")};
    polite.say(greeting_and_ready());
    polite.say(std::string{"\0\x20", 2} + noise(random, 32));
    house.until([] { return false; }, 10ms);
  }
  REQUIRE(house.until([&] { return two.delivered() >= before + 200; }));
  REQUIRE(house.until([&] {
    // All the noise and the silence, and of the polite ones those that spoke before the other side was ready.
    return one.last.at("transport").at("handshakes_failed").get<std::uint64_t>() +
               one.last.at("frames_rejected").get<std::uint64_t>() >=
           120;
  }));
  CHECK(one.peer_state("n2") == "up");
  CHECK(two.peer_state("n1") == "up");
  CHECK(times_suspected(one) + times_suspected(two) == suspected);
  CHECK(balanced(one));
  CHECK(balanced(two));
}

TEST_CASE("a port in use: one clear sentence and exit code 1", "[live]") {
  Household house{{"n1", "n2"}};
  const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(house.port("n1"));
  REQUIRE(::bind(taken, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(taken, 1) == 0);
  house["n1"].start();
  CHECK(house["n1"].wait(20s) == 1);
  const std::string words = house["n1"].complaints();
  INFO(words);
  CHECK(std::count(words.begin(), words.end(), '\n') == 1);
  CHECK(words.find(std::to_string(house.port("n1"))) != std::string::npos);
  CHECK(words.find("in use") != std::string::npos);
  ::close(taken);
}

TEST_CASE("SIGTERM: what is held ends, the peer is told, the exit code is 0", "[live]") {
  Household house{{"n1", "n2"}};
  house.start_all();
  REQUIRE(house.all_up());
  REQUIRE(house.until([&] { return house["n2"].delivered() > 20; }));
  house["n2"].signal(SIGTERM);
  CHECK(house["n2"].wait(20s) == 0);
  CHECK(held(house["n2"]) == 0);
  CHECK(balanced(house["n2"]));
  CHECK(house["n2"].complaints().empty());
  REQUIRE(house.until([&] { return saw(house["n1"], "session", "peer_stopped"); }));
  CHECK(house["n1"].peer_state("n2") == "unreachable");
  CHECK(balanced(house["n1"]));
}

TEST_CASE("a peer that is stopped is noticed, and healed when it goes on", "[live]") {
  Household house{{"n1", "n2"}};
  house.start_all();
  REQUIRE(house.all_up());
  house["n2"].signal(SIGSTOP);
  REQUIRE(house.until([&] { return house["n1"].peer_state("n2") == "unreachable"; }));
  CHECK(house["n1"].peer("n2").at("reason").at("cause") == "silent");
  const std::string incarnation = house["n1"].peer("n2").at("incarnation");
  house["n2"].signal(SIGCONT);
  REQUIRE(house.all_up());
  CHECK(house["n1"].peer("n2").at("incarnation") == incarnation);
  // It knows that it was itself that slept, and accuses nobody for it.
  CHECK(saw(house["n2"], "stall", "loop_late"));
  const std::uint64_t before = house["n1"].delivered();
  REQUIRE(house.until([&] { return house["n1"].delivered() > before + 100; }));
  CHECK(balanced(house["n1"]));
  CHECK(balanced(house["n2"]));
}

namespace {

// Stops n1 for so long, kills `dies` (if anybody) meanwhile, and looks whom n1 accuses of its silence when it goes on.
void observer_sleeps(std::chrono::milliseconds span, const std::string& dies) {
  // Patient, so that a starved machine is not taken for a fault of the peers.
  Household house{{"n1", "n2", "n3", "n4"}, "[detector]\nacceptable_pause = \"800ms\"\n"};
  house.start_all();
  REQUIRE(house.all_up());
  const auto sleeps_on = [&] { return house.until([] { return false; }, span / 2); };
  const std::size_t before = house["n1"].events.size();
  house["n1"].signal(SIGSTOP);
  sleeps_on();
  if (!dies.empty()) house[dies].signal(SIGKILL);
  sleeps_on();
  house["n1"].signal(SIGCONT);
  REQUIRE(house.until([&] { return saw(house["n1"], "stall", "loop_late"); }));
  if (dies.empty()) {
    REQUIRE(house.all_up());
  } else {
    REQUIRE(house.until([&] { return house["n1"].peer_state(dies) == "unreachable"; }));
    for (const std::string id : {"n2", "n3"}) {
      REQUIRE(house.until([&] { return house["n1"].peer_state(id) == "up"; }));
    }
  }
  for (std::size_t i = before; i < house["n1"].events.size(); ++i) {
    const Json& event = house["n1"].events[i];
    const std::string cause = event.at("cause");
    const bool of_silence = cause == "silent" || cause.starts_with("cut_");
    INFO(event.dump());
    CHECK_FALSE((event.at("kind") == "peer_state" && of_silence && event.at("peer") != dies));
  }
}

}  // namespace

TEST_CASE("an observer that is stopped for 3 s accuses nobody who lives", "[live]") { observer_sleeps(3s, ""); }

TEST_CASE("an observer that is stopped for 10 s finds who died meanwhile, and accuses nobody else", "[live]") {
  observer_sleeps(10s, "n4");
}

// Too long for every run.
TEST_CASE("an observer that is stopped for 30 s finds who died meanwhile, and accuses nobody else", "[.live][long]") {
  observer_sleeps(30s, "n4");
}

TEST_CASE("kill -9 and a restart: a new incarnation, and the books balance", "[live]") {
  Household house{{"n1", "n2"}};
  house.start_all();
  REQUIRE(house.all_up());
  REQUIRE(house.until([&] { return house["n1"].delivered() > 20; }));
  const std::string before = house["n1"].peer("n2").at("incarnation");
  house["n2"].signal(SIGKILL);
  CHECK(house["n2"].wait(20s) == -SIGKILL);
  REQUIRE(house.until([&] { return house["n1"].peer_state("n2") == "unreachable"; }));
  house["n2"].start();
  REQUIRE(house.all_up());
  CHECK(house["n1"].peer("n2").at("incarnation") != before);
  CHECK(saw(house["n1"], "session", "peer_restarted"));
  const std::uint64_t delivered = house["n1"].delivered();
  REQUIRE(house.until([&] { return house["n1"].delivered() > delivered + 100; }));
  house["n1"].signal(SIGTERM);
  CHECK(house["n1"].wait(20s) == 0);
  CHECK(balanced(house["n1"]));
  CHECK(held(house["n1"]) == 0);
  CHECK(balanced(house["n2"]));
}

TEST_CASE("three processes restart in turn, on purpose: nobody is left in doubt about a single message", "[live]") {
  Household house{{"n1", "n2", "n3"}};
  house.start_all();
  REQUIRE(house.all_up());
  const auto doubts = [](const NodeProcess& process) {
    const Json& outcomes = process.last.at("ledger").at("outcomes");
    return outcomes.contains("unknown") ? outcomes.at("unknown").at("messages").get<std::uint64_t>() : 0;
  };
  for (const std::string id : {"n1", "n2", "n3"}) {
    const std::uint64_t before = house[id].delivered();
    REQUIRE(house.until([&] { return house[id].delivered() > before + 100; }));
    house[id].signal(SIGTERM);
    CHECK(house[id].wait(20s) == 0);
    INFO(id << " " << house[id].last.at("ledger").dump());
    CHECK(held(house[id]) == 0);
    CHECK(balanced(house[id]));
    CHECK(doubts(house[id]) == 0);
    house[id].start();
    REQUIRE(house.all_up());
  }
  for (const std::string id : {"n1", "n2", "n3"}) {
    const std::uint64_t before = house[id].delivered();
    REQUIRE(house.until([&] { return house[id].delivered() > before + 100; }));
    INFO(id << " " << house[id].last.at("ledger").dump());
    CHECK(balanced(house[id]));
    CHECK(doubts(house[id]) == 0);
  }
}
