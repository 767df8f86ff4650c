#include "probe.hpp"

#include <catch2/catch.hpp>

using namespace hawser;
using namespace hawser::sim;
using namespace hawser::sim::test;

namespace {

bool write(Host& host, const std::string& name, std::string_view text) {
  std::string problem;
  return host.open_storage("state")->write(name, std::as_bytes(std::span{text}), problem);
}

// The text, or the problem in angle brackets, or "nothing".
std::string read(Host& host, const std::string& name) {
  std::string problem;
  const auto bytes = host.open_storage("state")->read(name, problem);
  if (!problem.empty()) return "<" + problem.substr(0, problem.find(':')) + ">";
  if (!bytes) return "nothing";
  return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

}  // namespace

TEST_CASE("what was written survives a crash and a restart") {
  Stage stage;
  stage.start();
  Host& a = stage.world.at_host("a");
  CHECK(read(a, "vote") == "nothing");
  CHECK(write(a, "vote", "e7"));
  stage.world.crash("a");
  stage.world.restart("a");
  CHECK(read(a, "vote") == "e7");
  CHECK(read(stage.world.at_host("b"), "vote") == "nothing");  // a disk of its own
}

TEST_CASE("a restart without storage forgets") {
  Stage stage;
  stage.start();
  Host& a = stage.world.at_host("a");
  write(a, "vote", "e7");
  stage.world.restart("a", false);
  CHECK(read(a, "vote") == "nothing");
}

TEST_CASE("a torn write is said loudly, the other records are sound, and writing again mends it") {
  Stage stage;
  stage.start();
  Host& a = stage.world.at_host("a");
  write(a, "vote", "e7");
  write(a, "lease", "3");
  stage.world.disk_tear("a");
  CHECK(read(a, "lease") == "<state/lease is torn>");
  CHECK(read(a, "vote") == "e7");
  write(a, "lease", "4");
  CHECK(read(a, "lease") == "4");
}

TEST_CASE("a full disk refuses, and what is there can be read") {
  Stage stage;
  stage.start();
  Host& a = stage.world.at_host("a");
  write(a, "vote", "e7");
  stage.world.disk_full("a", true);
  CHECK_FALSE(write(a, "vote", "e8"));
  CHECK(read(a, "vote") == "e7");
  stage.world.disk_full("a", false);
  CHECK(write(a, "vote", "e8"));
  CHECK(read(a, "vote") == "e8");
}

TEST_CASE("directories do not share records, and no directory is no storage") {
  Stage stage;
  stage.start();
  Host& a = stage.world.at_host("a");
  write(a, "vote", "e7");
  std::string problem;
  CHECK_FALSE(a.open_storage("elsewhere")->read("vote", problem));
  CHECK(a.open_storage("") == nullptr);
}
