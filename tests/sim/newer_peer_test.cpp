// A node meets builds of the future: one that speaks our wire version among others, and one that no longer does.
#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <string>

using namespace hawser;
using namespace std::chrono_literals;

namespace {

Config configuration() {
  Config config;
  config.id = "n1";
  config.listen = {"n1", 7000};
  config.insecure = true;
  config.peers.push_back({"n2", {"n2", 7000}});
  return config;
}

// Says hello as a build that offers a range of versions, and writes down what it is told.
class Newer final : public sim::Process, public TransportEvents {
 public:
  struct Told {
    std::optional<Welcome> welcome;
    std::optional<Refusal> refusal;
    std::string problem;
  };

  Newer(sim::Host& host, VersionRange speaks, Told& told) : speaks_(speaks), told_(told) {
    TransportConfig config;
    config.self = host.name();
    config.frame_bytes_max = frame_bytes_max;
    config.connections_max = 8;
    transport_ = host.make_transport(config, *this);
    transport_->listen({host.name(), 7000});
    transport_->dial({{"n1", 7000}, "n1", LaneClass::control});
  }

  void link_up(LinkId link) override {
    Hello hello;
    hello.cluster = "hawser";
    hello.from = "n2";
    hello.to = "n1";
    hello.from_incarnation = Incarnation{5};
    hello.session = 77;
    hello.nonce = 78;
    hello.version_min = speaks_.min;
    hello.version_max = speaks_.max;
    hello.generation_digest = configuration().generation_digest();
    transport_->send(link, encode(hello));
  }
  void frame_received(ConnectionId, const PeerIdentity&, BufferRef frame) override {
    const auto info = inspect_frame(frame.bytes(), told_.problem, speaks_);
    Welcome welcome;
    if (info && info->kind == FrameKind::welcome && decode(frame.bytes(), welcome, told_.problem))
      told_.welcome = welcome;
  }
  void answer_received(LinkId, BufferRef frame) override {
    Refusal refusal;
    if (decode(frame.bytes(), refusal, told_.problem)) told_.refusal = refusal;
  }
  void link_down(LinkId, LinkFailure, std::string_view) override {}
  void link_writable(LinkId) override {}
  void connection_closed(ConnectionId) override {}
  void turn_ended() override {}

 private:
  VersionRange speaks_;
  Told& told_;
  std::unique_ptr<Transport> transport_;
};

Newer::Told meet(VersionRange speaks) {
  Newer::Told told;
  sim::World world{{.seed = 7, .full_mesh = false}};
  world.host("n1", configuration(), [](Node&) {});
  world.host("n2", [&](sim::Host& host) { return std::make_unique<Newer>(host, speaks, told); });
  world.run_for(2s);
  return told;
}

}  // namespace

TEST_CASE("a newer build that still speaks our version is welcomed in it", "[world][version]") {
  const Newer::Told told = meet({1, 9});
  INFO(told.problem);
  REQUIRE(told.welcome);
  CHECK(told.welcome->version == wire_version_max);
  CHECK(told.welcome->nonce == 78);
  CHECK_FALSE(told.refusal);
}

TEST_CASE("a build that shares no version with us is told so, with the versions that we speak", "[world][version]") {
  const Newer::Told told = meet({7, 9});
  INFO(told.problem);
  REQUIRE(told.refusal);
  CHECK(told.refusal->reason == RefusalReason::no_common_version);
  CHECK(told.refusal->version_max == wire_version_max);
  CHECK_FALSE(told.welcome);
}
