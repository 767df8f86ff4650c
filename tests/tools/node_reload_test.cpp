#include "node_reload.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace hawser;
using namespace hawser::tools;

namespace {

Config reload_config() {
  Config config;
  config.id = "n1";
  config.peers = {{"n2", {"127.0.0.1", 7002}}, {"n3", {"127.0.0.1", 7003}}};
  return config;
}

}  // namespace

TEST_CASE("reload: peers, types and the log are taken, everything else is named") {
  const Config current = reload_config();
  Config wanted = current;
  CHECK(compare(current, wanted).sentence() == "nothing was changed");
  wanted.peers = {{"n2", {"127.0.0.1", 7012}}, {"n4", {"127.0.0.1", 7004}}};
  wanted.log.level = LogLevel::debug;
  wanted.types["Order"].priority = 7;
  wanted.drain = Duration{1};
  wanted.bounds.channel_messages = 7;
  const Reload change = compare(current, wanted);
  CHECK(change.added.size() == 1);
  CHECK(change.removed.size() == 1);
  CHECK(change.moved.size() == 1);
  CHECK(change.types);
  CHECK(change.sentence().find("in force now: log.level, peer n4 added, peer n3 removed, peer n2 is at "
                               "127.0.0.1:7012, types") == 0);
  CHECK(change.sentence().find("needs a restart: drain, bounds.channel_messages") != std::string::npos);
  // What is in force is current from then on; what is not stays to be named.
  Config kept = current;
  keep(change, wanted, kept);
  CHECK(compare(kept, wanted).sentence() == "nothing was changed; needs a restart: drain, bounds.channel_messages");
}

TEST_CASE("reload: with a strategy members are agreed by all, and only their addresses change while running") {
  Config current = reload_config();
  current.strategy = Strategy::keep_majority;
  Config wanted = current;
  wanted.peers = {{"n2", {"127.0.0.1", 7012}}, {"n4", {"127.0.0.1", 7004}}};
  const Reload change = compare(current, wanted);
  CHECK(change.added.empty());
  CHECK(change.removed.empty());
  CHECK(change.moved.size() == 1);
  CHECK(change.sentence().find("needs a restart: peers") != std::string::npos);
}

TEST_CASE("reload: a type that is no longer named is a change, too") {
  Config current = reload_config();
  current.types["Order"].priority = 7;
  CHECK(compare(current, reload_config()).types);
  CHECK_FALSE(compare(current, current).types);
}
