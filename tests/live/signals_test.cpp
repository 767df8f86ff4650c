// What a running node does when it is told to, by a signal or over HTTP.
#include "inspect/http_client.hpp"
#include "node_process.hpp"
#include "terminal_process.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

using namespace hawser::live;
using hawser::test::HttpClient;
using hawser::test::HttpReply;
using namespace std::chrono_literals;

namespace {

std::string content_of(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

bool complains(const NodeProcess& node, const std::string& text) {
  return node.complaints().find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("SIGUSR1: the node and its last events, as lines of JSON, and it goes on", "[live]") {
  Household house{{"n1", "n2"}};
  house.start_all();
  REQUIRE(house.all_up());
  house["n1"].signal(SIGUSR1);
  REQUIRE(house.until([&] { return complains(house["n1"], "\"cause\":\"session_open\""); }));
  // It is written in one piece; the last line is whole once the newest event is there.
  std::istringstream lines{house["n1"].complaints()};
  std::string line;
  REQUIRE(std::getline(lines, line));
  const Json status = Json::parse(line);
  CHECK(status.at("node") == "n1");
  CHECK(status.at("stance") == "serving");
  REQUIRE(std::getline(lines, line));
  CHECK(Json::parse(line).at("cause") == "started");
  const std::uint64_t before = house["n1"].delivered();
  REQUIRE(house.until([&] { return house["n1"].delivered() > before + 100; }));
  house["n1"].signal(SIGTERM);
  CHECK(house["n1"].wait(20s) == 0);
}

TEST_CASE("SIGUSR1: who does not read what was asked for costs the node nothing", "[live]") {
  Household house{{"n1", "n2"}};
  // In place of the file of its error stream: a pipe that holds a page, and nobody reads it.
  const std::string words = house.directory() + "/n1.stderr";
  REQUIRE(::mkfifo(words.c_str(), S_IRUSR | S_IWUSR) == 0);
  const int reader = ::open(words.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(reader >= 0);
  REQUIRE(::fcntl(reader, F_SETPIPE_SZ, 4096) >= 0);
  house.start_all();
  REQUIRE(house.all_up());
  for (int times = 0; times < 5; ++times) {
    house["n1"].signal(SIGUSR1);
    const std::uint64_t before = house["n1"].delivered();
    REQUIRE(house.until([&] { return house["n1"].delivered() > before + 20; }));
  }
  std::string written(4096, '\0');
  const ssize_t got = ::read(reader, written.data(), written.size());
  REQUIRE(got > 0);
  written.resize(static_cast<std::size_t>(got));
  std::size_t begun = 0;
  for (std::size_t at = 0; (at = written.find("\"stance\":", at)) != std::string::npos; ++at) ++begun;
  CHECK(begun < 5);  // so the others waited for somebody to read
  CHECK(house["n2"].peer_state("n1") == "up");
  ::close(reader);
  house["n1"].signal(SIGTERM);
  CHECK(house["n1"].wait(20s) == 0);
}

TEST_CASE("SIGHUP: what can change does, what needs a restart is named, and a broken file changes nothing", "[live]") {
  Household house{{"n1", "n2"}, "[log]\nlevel = \"warn\"\n"};
  house.start_all();
  REQUIRE(house.all_up());
  const auto rewrite = [&](const std::string& from, const std::string& to) { house.rewrite("n1", from, to); };
  rewrite("level = \"warn\"", "level = \"info\"");
  rewrite("drain = \"2s\"", "drain = \"3s\"");
  rewrite("[peers]\n", "[peers]\nn3 = \"127.0.0.1:1\"\n");
  house["n1"].signal(SIGHUP);
  REQUIRE(house.until([&] { return complains(house["n1"], "needs a restart"); }));
  CHECK(complains(house["n1"], "in force now: log.level, peer n3 added"));
  CHECK(complains(house["n1"], "needs a restart: drain"));
  REQUIRE(house.until([&] { return !house["n1"].peer("n3").is_null(); }));
  // The same once more: only what is not in force is still to be named.
  house["n1"].signal(SIGHUP);
  REQUIRE(house.until([&] { return complains(house["n1"], "nothing was changed; needs a restart: drain"); }));
  rewrite("drain = \"3s\"", "drain = \"soon\"");
  rewrite("n3 = \"127.0.0.1:1\"\n", "");
  house["n1"].signal(SIGHUP);
  REQUIRE(house.until([&] { return complains(house["n1"], "nothing was reloaded"); }));
  CHECK_FALSE(house["n1"].peer("n3").is_null());
  rewrite("drain = \"soon\"", "drain = \"2s\"");
  house["n1"].signal(SIGHUP);
  REQUIRE(house.until([&] { return complains(house["n1"], "peer n3 removed"); }));
  REQUIRE(house.until([&] { return house["n1"].peer("n3").is_null(); }));
  CHECK(house["n1"].peer_state("n2") == "up");
}

TEST_CASE("actions: the log's level is set, and the configuration read again, over HTTP", "[live]") {
  Household house{{"n1", "n2"}, "[log]\nlevel = \"warn\"\n"};
  const std::string token_file = house.directory() + "/token";
  std::ofstream{token_file} << "a-token-of-the-test\n";
  REQUIRE(::chmod(token_file.c_str(), S_IRUSR) == 0);
  const auto rewrite = [&](const std::string& from, const std::string& to) { house.rewrite("n1", from, to); };
  rewrite("[admin]\n", "[admin]\nwrites = true\ntoken_file = \"" + token_file + "\"\n");
  house.start_all();
  REQUIRE(house.all_up());
  const auto order = [&](const std::string& action) {
    HttpClient client{hawser::Endpoint{"127.0.0.1", house.admin_port("n1")}};
    client.say("POST /api/v1/actions/" + action + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n" +
               "Authorization: Bearer a-token-of-the-test\r\n\r\n");
    return client.reply();
  };
  HttpReply reply = order("log_level?level=loud");
  CHECK(reply.status == 409);
  CHECK_THAT(reply.body, Catch::Contains("is not one of debug info warn error"));
  CHECK(order("log_level?level=info").status == 200);
  rewrite("drain = \"2s\"", "drain = \"3s\"");
  reply = order("reload");
  CHECK(reply.status == 200);
  CHECK_THAT(reply.body, Catch::Contains("needs a restart: drain"));
  REQUIRE(house.until([&] {
    const auto& events = house["n1"].events;
    return std::any_of(events.begin(), events.end(), [](const Json& event) {
      return event.at("kind") == "admin" && event.at("text") == "by an operator: the log tells info and above";
    });
  }));
  rewrite("drain = \"3s\"", "drain = \"soon\"");
  reply = order("reload");
  CHECK(reply.status == 409);
  CHECK_THAT(reply.body, Catch::Contains("nothing was reloaded"));
}

TEST_CASE("event file: every event is a line, and a file that cannot be written costs nothing but itself", "[live]") {
  Household house{{"n1", "n2"}, "[log]\nevents_file = \"events.jsonl\"\n"};
  for (const std::string id : {"n1", "n2"}) {
    house.rewrite(id, "events.jsonl", house.directory() + "/" + id + "/events.jsonl");
  }
  REQUIRE(std::filesystem::create_directory(house.directory() + "/n1"));
  house.start_all();
  REQUIRE(house.all_up());
  REQUIRE(house.until([&] { return complains(house["n2"], "cannot be opened"); }));
  house["n1"].signal(SIGTERM);
  CHECK(house["n1"].wait(20s) == 0);
  std::istringstream lines{content_of(house.directory() + "/n1/events.jsonl")};
  std::uint64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    const Json event = Json::parse(line);
    CHECK(event.at("number") == ++number);
    CHECK(event.at("node") == "n1");
  }
  CHECK(number == house["n1"].events.size());
  // Said once, however many events there were.
  const std::string words = house["n2"].complaints();
  CHECK(words.find("cannot be opened") == words.rfind("cannot be opened"));
}

TEST_CASE("log: key=value lines with their level, for machines", "[live]") {
  Household house{{"n1", "n2"}};
  TerminalProcess node{{"node", "--config", house.config("n1"), "--log", "key_values", "--log-level", "info"}, 200, 50};
  REQUIRE(node.until([&] { return node.has("kind=peer_state peer=n2"); }));
  CHECK(node.has("level=info node=n1 kind=node cause=started"));
  CHECK(node.has("level=warn node=n1 kind=peer_state peer=n2"));
  node.signal(SIGTERM);
  CHECK(node.wait() == 0);
}
