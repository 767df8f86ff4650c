#include <hawser/interconnect/config.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <limits>
#include <string>

using namespace hawser;
using namespace std::chrono_literals;

namespace {

// Every complaint about a file of this text, one a line.
std::string complaints(const std::string& text) {
  try {
    Config::parse(text, "n1.toml");
    return {};
  } catch (const ConfigError& error) {
    return error.what();
  }
}

bool mentions(const std::vector<std::string>& sentences, std::string_view what) {
  for (const std::string& sentence : sentences) {
    if (sentence.find(what) != std::string::npos) return true;
  }
  return false;
}

Config usable() {
  Config config;
  config.id = "n1";
  config.peers = {{"n2", {"127.0.0.1", 7002}}};
  return config;
}

}  // namespace

TEST_CASE("a small file is enough, and all else has the defaults") {
  const Config config = Config::parse("id = \"n1\"\n", "n1.toml");
  CHECK(config.id == NodeId{"n1"});
  CHECK(config.cluster == "hawser");
  CHECK(config.detector.heartbeat == 200ms);
  CHECK(config.bounds.message_bytes_max == 16u << 20);
  CHECK(config.problems().empty());
}

TEST_CASE("every kind of value reaches its field") {
  const Config config = Config::parse(R"(
cluster = "orders"
id = "n1"
listen = "127.0.0.1:7001"
state_dir = "/var/lib/orders"
ttl = "2.5s"
drain = "1s"
clock_drift = 0.01
strategy = "none"

[bounds]
channel_bytes = "64KiB"
channel_messages = 128
message_bytes_max = 1048576

[detector]
heartbeat = "100ms"
suspect = 4
unreachable = 7.5

[reconnect]
factor = 1.6

[breaker]
failure_percent = 40

[peer_breaker]
open_for = "2s"

[types.Order]
lane = "bulk"
priority = 6
overflow = "drop_oldest"
hold = "until_ttl"
ttl = "3s"
concurrency = 8
ungated = true
)",
                                      "n1.toml");
  CHECK(config.cluster == "orders");
  CHECK(config.listen == Endpoint{"127.0.0.1", 7001});
  CHECK(config.state_dir == "/var/lib/orders");
  CHECK(config.ttl == 2500ms);
  CHECK(config.clock_drift == 0.01);
  CHECK(config.bounds.channel_bytes == 65'536);
  CHECK(config.bounds.channel_messages == 128);
  CHECK(config.bounds.message_bytes_max == 1'048'576);
  CHECK(config.detector.heartbeat == 100ms);
  CHECK(config.detector.suspect == 4.0);
  CHECK(config.detector.unreachable == 7.5);
  CHECK(config.reconnect.factor_permille == 1600);
  CHECK(config.breaker.failure_percent == 40);
  CHECK(config.peer_breaker.open_for == 2s);
  TypePolicy policy;
  config.types.at("Order").apply_to(policy);
  CHECK(policy.lane == LaneClass::bulk);
  CHECK(policy.priority == 6);
  CHECK(policy.overflow == Overflow::drop_oldest);
  CHECK(policy.hold == Hold::until_ttl);
  CHECK(policy.ttl == 3s);
  CHECK(policy.concurrency == 8);
  CHECK(policy.ungated);
  CHECK(policy.channel_bytes == 0);
}

TEST_CASE("peers keep the order of the file, which is seniority, in both ways of writing them") {
  const Config table = Config::parse("id = \"n1\"\n[peers]\nz = \"127.0.0.1:7003\"\na = \"127.0.0.1:7002\"\n", "f");
  REQUIRE(table.peers.size() == 2);
  CHECK(table.peers[0].id == NodeId{"z"});
  CHECK(table.peers[1].endpoint == Endpoint{"127.0.0.1", 7002});
  const Config list = Config::parse(
      "id = \"n1\"\n[[peers]]\nid = \"z\"\nendpoint = \"127.0.0.1:7003\"\n"
      "[[peers]]\nid = \"a\"\nendpoint = \"[::1]:7002\"\n",
      "f");
  REQUIRE(list.peers.size() == 2);
  CHECK(list.peers[0].id == NodeId{"z"});
  CHECK(list.peers[1].endpoint == Endpoint{"::1", 7002});
}

TEST_CASE("an unknown key is an error with its place and the nearest valid name") {
  CHECK(complaints("id = \"n1\"\n[detector]\nhearbeat = \"1s\"\n") ==
        "n1.toml:3:1: unknown key detector.hearbeat; did you mean detector.heartbeat?");
  CHECK(complaints("id = \"n1\"\nheartbeat = \"1s\"\n") ==
        "n1.toml:2:1: unknown key heartbeat; did you mean detector.heartbeat?");
  CHECK(complaints("id = \"n1\"\n[detecter]\nwindow = 300\n") ==
        "n1.toml:2:2: unknown key detecter; did you mean detector?");
  CHECK(complaints("id = \"n1\"\n[types.Order]\nprio = 3\noverflw = \"wait\"\n") ==
        "n1.toml:3:1: unknown key types.Order.prio; `hawser config show` lists every key\n"
        "n1.toml:4:1: unknown key types.Order.overflw; did you mean types.Order.overflow?");
  CHECK(complaints("id = \"n1\"\ncolour = \"blue\"\n") ==
        "n1.toml:2:1: unknown key colour; `hawser config show` lists every key");
}

TEST_CASE("all problems of a file are told at once, in the order of the file") {
  const std::string told = complaints(
      "id = \"n1\"\n"
      "ttl = 10\n"
      "[detector]\n"
      "heartbeat = \"1ms\"\n"
      "window = \"many\"\n"
      "[breaker]\n"
      "failure_percent = 101\n");
  CHECK(told ==
        "n1.toml:2:7: ttl has no unit: write for example \"200ms\", \"1.5s\" or \"10min\"\n"
        "n1.toml:4:13: detector.heartbeat is \"1ms\", which is out of range: 10ms .. 1min\n"
        "n1.toml:5:10: detector.window is text, and must be a whole number\n"
        "n1.toml:7:19: breaker.failure_percent is 101, which is out of range: 1 .. 100");
}

TEST_CASE("a file that contradicts itself is refused where it does, with both keys named") {
  CHECK(complaints("id = \"n1\"\n[detector]\nsuspect = 8\nunreachable = 8\n") ==
        "n1.toml:3:11: detector.suspect is 8, and must be below detector.unreachable (8)");
  CHECK(
      complaints("id = \"n1\"\n[reconnect]\nbase = \"2s\"\ncap = \"1s\"\n") ==
      "n1.toml:3:8: reconnect.base is \"2s\", above reconnect.cap (\"1s\"): the first delay cannot exceed the longest");
  CHECK(
      complaints("id = \"n1\"\n[bounds]\nmessage_bytes_max = \"64 MiB\"\n") ==
      "n1.toml:3:21: bounds.message_bytes_max is \"64 MiB\", above bounds.peer_bytes (\"32 MiB\"): the largest message "
      "could never be held");
  CHECK(complaints("id = \"n1\"\n[types.Blob]\nchannel_bytes = \"64 MiB\"\n").find("above bounds.peer_bytes") !=
        std::string::npos);
}

TEST_CASE("the node must be named, and may not be its own peer") {
  CHECK(complaints("cluster = \"x\"\n") ==
        "n1.toml: id is missing: every node needs a name of its own, for example id = \"n1\"");
  CHECK(complaints("id = \"N 1\"\n") == "n1.toml:1:6: id: 'N 1' is no node id: 1 to 64 of a-z 0-9 . _ -");
  CHECK(complaints("id = \"n1\"\n[peers]\nn1 = \"127.0.0.1:7001\"\n") ==
        "n1.toml:3:1: peers.n1 is this node itself: peers names the others");
  CHECK(complaints("id = \"n1\"\nlisten = \"127.0.0.1:7001\"\n[peers]\nn2 = \"127.0.0.1:7001\"\n") ==
        "n1.toml:4:1: peers.n2 has the address this node listens on");
  CHECK(complaints("id = \"n1\"\n[peers]\nn2 = \"127.0.0.1:7002\"\nn3 = \"127.0.0.1:7002\"\n") ==
        "n1.toml:4:1: peers.n3 has the same address as peers.n2: 127.0.0.1:7002");
  CHECK(complaints("id = \"n1\"\n[[peers]]\nid = \"n2\"\nendpoint = \"127.0.0.1:7002\"\n[[peers]]\nid = \"n2\"\n"
                   "endpoint = \"127.0.0.1:7003\"\n")
            .find("peers.n2 is there twice") != std::string::npos);
}

TEST_CASE("addresses that cannot be meant are refused") {
  CHECK(complaints("id = \"n1\"\nlisten = \"127.0.0.1:65536\"\n").find("a port is at most 65535") != std::string::npos);
  CHECK(complaints("id = \"n1\"\n[peers]\nn2 = \"127.0.0.1:0\"\n").find("nobody can dial") != std::string::npos);
  CHECK(complaints("id = \"n1\"\n[peers]\nn2 = 7002\n").find("is a whole number, and must be text") !=
        std::string::npos);
  CHECK(complaints("id = \"n1\"\n[peers]\n\"n 2\" = \"127.0.0.1:7002\"\n").find("'n 2' is no node id") !=
        std::string::npos);
  CHECK(complaints("id = \"n1\"\ninsecure = true\n[peers]\nn2 = \"0.0.0.0:7002\"\n").find("every address and none") !=
        std::string::npos);
}

TEST_CASE("health and metrics are served on loopback, at a port of their own, or when it is asked for") {
  const auto told = [](const std::string& listen, const std::string& top = "") {
    return complaints("id = \"n1\"\nlisten = \"127.0.0.1:7001\"\n" + top + "[admin]\nlisten = \"" + listen + "\"\n");
  };
  CHECK(told("127.0.0.1:9001").empty());
  CHECK(told("").empty());
  CHECK(told("0.0.0.0:9001").find("n1.toml:4:10: admin.listen is 0.0.0.0:9001, beyond loopback") != std::string::npos);
  CHECK(told("0.0.0.0:9001", "insecure = true\n").empty());
  CHECK(told("9001").find("n1.toml:4:10: admin.listen: '9001' is no endpoint") != std::string::npos);
  CHECK(told("127.0.0.1:7001").find("where the node itself listens") != std::string::npos);
  CHECK(told("127.0.0.1:9001\"\nwrites = true\ntoken_file = \"token").empty());
  CHECK(told("127.0.0.1:9001\"\nwrites = true\nhosts = \"").find("admin.writes is true without admin.token_file") !=
        std::string::npos);
}

TEST_CASE("plain TCP beyond loopback must be asked for in so many words") {
  const std::string open = "id = \"n1\"\nlisten = \"0.0.0.0:7001\"\n[peers]\nn2 = \"db2.example:7001\"\n";
  const std::string told = complaints(open);
  CHECK(told.find("n1.toml:2:10: listen is 0.0.0.0:7001, beyond loopback") != std::string::npos);
  CHECK(told.find("n1.toml:4:1: peers.n2 is db2.example:7001, beyond loopback") != std::string::npos);
  CHECK(complaints("insecure = true\n" + open).empty());
  // A name that merely looks like a loopback address is none.
  CHECK_FALSE(complaints("id = \"n1\"\n[peers]\nn2 = \"127.evil.example:7001\"\n").empty());
}

TEST_CASE("numbers that are none, and numbers of the wrong sign or size") {
  CHECK(complaints("id = \"n1\"\n[detector]\nsuspect = nan\n") ==
        "n1.toml:3:11: detector.suspect is not a number (nan)");
  CHECK(complaints("id = \"n1\"\n[detector]\nunreachable = inf\n") == "n1.toml:3:15: detector.unreachable is infinite");
  CHECK(complaints("id = \"n1\"\n[bounds]\nchannel_messages = -1\n") ==
        "n1.toml:3:20: bounds.channel_messages is -1, which is out of range: 1 .. 1000000");
  CHECK(complaints("id = \"n1\"\nttl = \"-5s\"\n").find("is negative") != std::string::npos);
  CHECK(complaints("id = \"n1\"\nttl = \"1ms\"\n") == "n1.toml:2:7: ttl is \"1ms\", which is out of range: 5ms .. 1d");
  CHECK(complaints("id = \"n1\"\nttl = \"99999999999999999999s\"\n").find("does not fit") == std::string::npos);
  CHECK(complaints("id = \"n1\"\n[bounds]\nchannel_messages = 99999999999999999999\n").find("n1.toml:3:") == 0);
  CHECK(complaints("id = \"n1\"\n[types.A]\npriority = 256\n") ==
        "n1.toml:3:12: types.A.priority is 256, which is out of range: 0 .. 7");
  CHECK(complaints("id = \"n1\"\n[types.A]\nlane = \"control\"\n").find("is not one of ordinary bulk") !=
        std::string::npos);
}

TEST_CASE("wrong shapes are told apart: a section as a value, a value as a section, a list") {
  CHECK(complaints("id = \"n1\"\nbounds = 3\n").find("bounds is a section with keys of its own") != std::string::npos);
  CHECK(complaints("id = \"n1\"\n[ttl]\nx = 1\n").find("ttl is a table, and must be a duration") != std::string::npos);
  CHECK(complaints("id = [\"n1\"]\n").find("id is a list, and must be text") != std::string::npos);
  CHECK(complaints("id = \"n1\"\ninsecure = 1\n").find("insecure is a whole number, and must be true or false") !=
        std::string::npos);
  CHECK(complaints("id = \"n1\"\npeers = 3\n").find("must be a section [peers]") != std::string::npos);
  CHECK(complaints("id = \"n1\"\ntypes = 3\n").find("types is a section") != std::string::npos);
  CHECK(complaints("id = \"n1\"\nttl = 1979-05-27\n").find("a date or time") != std::string::npos);
}

TEST_CASE("a key that is there twice is the parser's complaint, with its place") {
  CHECK(complaints("id = \"n1\"\nid = \"n2\"\n").find("n1.toml:2:") == 0);
}

TEST_CASE("hostile files are refused quickly and quietly") {
  SECTION("a zero byte") { CHECK(complaints(std::string("id = \"n1\"\n\0ttl = 3\n", 19)).find("n1.toml:2:") == 0); }
  SECTION("a byte order mark is skipped") { CHECK(complaints("\xEF\xBB\xBFid = \"n1\"\n").empty()); }
  SECTION("lines may end in CR LF") { CHECK(Config::parse("id = \"n1\"\r\nttl = \"2s\"\r\n", "f").ttl == 2s); }
  SECTION("bytes that are no UTF-8") { CHECK(complaints("id = \"n\xff\"\n").find("n1.toml:1:") == 0); }
  SECTION("more than a mebibyte") {
    CHECK(complaints(std::string((1u << 20) + 1, '#')) == "n1.toml: is larger than 1 MiB, which no configuration is");
  }
  SECTION("half a million nested tables in one dotted key") {
    std::string deep = "a";
    for (int i = 0; i < 400'000; ++i) deep += ".a";
    CHECK(complaints(deep + " = 1\n").find("nested deeper") != std::string::npos);
    CHECK(complaints("x = '''\n'''\n" + deep + " = 1\n").find("over several lines") != std::string::npos);
  }
  SECTION("lists in lists") { CHECK(complaints("id = " + std::string(500'000, '[') + "\n").find("n1.toml:1:") == 0); }
  SECTION("tables in tables in lists, as deep as dots and brackets allow") {
    std::string deep = "id = ";
    for (int i = 0; i < 250; ++i) deep += "[\n{a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = ";
    CHECK_FALSE(complaints(deep).empty());
  }
  SECTION("a hundred thousand unknown keys are told a hundred times") {
    std::string text;
    for (int i = 0; i < 40'000; ++i) text += "key" + std::to_string(i) + " = 1\n";
    const std::string told = complaints(text);
    CHECK(std::count(told.begin(), told.end(), '\n') == 100);
    CHECK(told.find("and more") != std::string::npos);
  }
  SECTION("control characters do not reach the terminal") {
    CHECK(complaints("\"\\u001b[31m\" = 1\nid = \"n1\"\n").find('\x1b') == std::string::npos);
    CHECK(complaints("id = \"\\u001b[31m\"\n").find('\x1b') == std::string::npos);
  }
}

TEST_CASE("files that cannot be read say so") {
  CHECK_THROWS_WITH(Config::load("/nonexistent/n1.toml"), Catch::Contains("cannot be opened"));
  CHECK_THROWS_WITH(Config::load("/"), Catch::Contains("cannot be read"));
  CHECK_THROWS_WITH(Config::load("/dev/zero"), Catch::Contains("larger than 1 MiB"));
}

TEST_CASE("a configuration made in code is held to the same as a file") {
  Config config = usable();
  CHECK(config.problems().empty());

  SECTION("ranges") {
    config.ttl = 1ms;
    config.detector.suspect = std::numeric_limits<double>::quiet_NaN();
    config.bounds.connections_max = std::numeric_limits<std::size_t>::max();
    CHECK(mentions(config.problems(), "ttl is \"1ms\", which is out of range"));
    CHECK(mentions(config.problems(), "detector.suspect is nan, which is out of range"));
    CHECK(mentions(config.problems(), "bounds.connections_max"));
  }
  SECTION("bounds within bounds") {
    config.bounds.node_bytes = 16u << 20;
    config.bounds.chunk_bytes = 1u << 20;
    CHECK(mentions(config.problems(), "bounds.peer_bytes is \"32 MiB\", above bounds.node_bytes (\"16 MiB\")"));
    CHECK(mentions(config.problems(), "bounds.chunk_bytes is \"1 MiB\", above bounds.lane_window_bytes (\"512 KiB\")"));
  }
  SECTION("times that contradict each other") {
    config.detector.acceptable_pause = 100ms;
    config.breaker.open_for = 60s;
    config.peer_breaker.slow_limit = 20s;
    CHECK(mentions(config.problems(), "detector.heartbeat is \"200ms\", above detector.acceptable_pause (\"100ms\")"));
    CHECK(mentions(config.problems(), "breaker.open_for is \"1min\", above breaker.open_max (\"30s\")"));
    CHECK(mentions(config.problems(), "peer_breaker.slow_limit is \"20s\", above peer_breaker.window (\"10s\")"));
  }
  SECTION("types") {
    config.types["Order"].lane = LaneClass::control;
    config.types["Order"].priority = std::uint8_t{9};
    config.types["no name"];
    CHECK(mentions(config.problems(), "types.Order.lane is control"));
    CHECK(mentions(config.problems(), "types.Order.priority is 9, which is out of range: 0 .. 7"));
    CHECK(mentions(config.problems(), "types.no name is no name of a message type"));
  }
  SECTION("too few connections for so many peers") {
    config.bounds.connections_max = 3;
    config.peers.push_back({"n3", {"127.0.0.1", 7003}});
    CHECK(mentions(config.problems(), "too few for 2 peers with three lanes each"));
  }
  SECTION("streams that could take every connection of the HTTP side") {
    config.admin.streams_max = config.admin.connections_max;
    CHECK(config.problems().empty());  // there is no such side: nothing to be shut out from
    config.admin.listen = "127.0.0.1:9001";
    CHECK(mentions(config.problems(), "admin.streams_max (32) is not below admin.connections_max (32)"));
    config.admin.streams_max = config.admin.connections_max - 1;
    CHECK(config.problems().empty());
    config.admin.connections_max = 1;
    config.admin.streams_max = 0;
    CHECK(config.problems().empty());
  }
}

TEST_CASE("what is allowed and probably not meant is a warning, not an error") {
  Config config = usable();
  config.listen.port = 7001;
  CHECK(config.warnings().empty());
  config.ttl = 300ms;
  config.breaker.slow_limit = 300ms;
  config.listen.port = 0;
  CHECK(config.problems().empty());
  CHECK(mentions(config.warnings(), "below the time it takes to notice a dead peer"));
  CHECK(mentions(config.warnings(), "a call ends before it can be called slow"));
  CHECK(mentions(config.warnings(), "listen has port 0"));
  config.insecure = true;
  config.listen.host = "0.0.0.0";
  CHECK(mentions(config.warnings(), "anybody who can reach the port"));
  config.peers.clear();
  CHECK(mentions(config.warnings(), "peers is empty"));
}

TEST_CASE("the generation digest covers what must be equal on all nodes, and nothing that may differ") {
  const Config config = usable();
  Config other = usable();
  other.id = "n2";
  other.listen.port = 7002;
  other.peers.clear();
  other.detector.heartbeat = 1s;
  other.ttl = 1s;
  CHECK(config.generation_digest() == other.generation_digest());
  CHECK(config.generation_digest() == 0x870e74ab1115306cULL);  // it travels: it must not change with a compiler
  other.cluster = "another";
  CHECK(config.generation_digest() != other.generation_digest());
  other = usable();
  other.bounds.message_bytes_max = 1u << 20;
  CHECK(config.generation_digest() != other.generation_digest());
  other = usable();
  other.clock_drift = 0.02;
  CHECK(config.generation_digest() != other.generation_digest());
}

TEST_CASE("who votes and for how long is part of the digest once there is a strategy, and when to move is not") {
  Config config = usable();
  config.isolation.lease = 2s;
  CHECK(config.generation_digest() == usable().generation_digest());  // it means nothing without one
  config.strategy = Strategy::keep_majority;
  REQUIRE(config.problems().empty());
  CHECK(config.generation_digest() != usable().generation_digest());
  Config other = config;
  other.isolation.stable_after = 500ms;
  CHECK(other.generation_digest() == config.generation_digest());
  other.isolation.lease = 3s;
  CHECK(other.generation_digest() != config.generation_digest());
  other = config;
  other.isolation.weights = config.id.text() + "=3";
  CHECK(other.generation_digest() != config.generation_digest());
}

TEST_CASE("the members of the digest are the same seen from every node, whatever the order of its peers") {
  const auto seen_by = [](const NodeId& self, const std::vector<NodeId>& others) {
    Config config;
    config.id = self;
    config.strategy = Strategy::keep_majority;
    for (const NodeId& id : others) config.peers.push_back({id, {"127.0.0.1", 7001}});
    return config.generation_digest();
  };
  CHECK(seen_by("n1", {"n2", "n3"}) == seen_by("n2", {"n3", "n1"}));
  CHECK(seen_by("n1", {"n2", "n3"}) != seen_by("n1", {"n2"}));
}

TEST_CASE("a strategy is refused where its quorums, its members or its times do not fit together") {
  Config config;
  config.id = "n1";
  for (const char* id : {"n2", "n3", "n4"}) {
    const auto port = static_cast<std::uint16_t>(7000 + id[1] - '0');
    config.peers.push_back({id, {"127.0.0.1", port}});
  }
  config.strategy = Strategy::keep_majority;
  REQUIRE(config.problems().empty());
  const auto refused = [&](auto&& change, const char* why) {
    Config changed = config;
    change(changed);
    CAPTURE(why);
    CHECK(mentions(changed.problems(), why));
  };
  refused([](Config& c) { c.isolation.lease = 700ms; }, "isolation.lease 700 ms is shorter than four heartbeats");
  refused(
      [](Config& c) {
        c.strategy = Strategy::static_quorum;
        c.isolation.quorum = 2;
      },
      "for example {n1, n2} and {n3, n4}");
  refused([](Config& c) { c.strategy = Strategy::static_quorum; }, "needs `quorum`");
  refused(
      [](Config& c) {
        c.strategy = Strategy::referee;
        c.isolation.referee = "n9";
      },
      "the referee n9 is not a member");
  refused([](Config& c) { c.isolation.members = "n1 n2 n3"; }, "isolation.members leaves out n4");
  refused([](Config& c) { c.isolation.members = "n1 n2 n3 n4 n5"; }, "isolation.members names n5");
  refused([](Config& c) { c.isolation.weights = "n1=3 n2=x"; }, "'n2=x' is no weight");
  refused([](Config& c) { c.isolation.weights = "n1=0"; }, "weight 0");
  refused([](Config& c) { c.isolation.voters = "n7"; }, "isolation.voters names 'n7', which is not a member");
  refused([](Config& c) { c.isolation.quorum = 3; }, "means nothing with strategy keep_majority");
  refused(
      [](Config& c) {
        c.strategy = Strategy::none;
        c.isolation.voters = "n1";
      },
      "strategy is none, and [isolation] says who votes how");

  config.isolation.lease = 2500ms;
  CHECK(mentions(config.warnings(), "above 3 s"));
  CHECK(mentions(config.warnings(), "state_dir is empty: a node that starts again has forgotten its vote"));
}

TEST_CASE("a file that chooses the arbiter is told that the program must bring one") {
  const Config config = Config::parse("id = \"n1\"\nstrategy = \"arbiter\"\n", "n1.toml");
  CHECK(config.strategy == Strategy::arbiter);
  CHECK(mentions(config.warnings(), "the program must bring one"));
}
