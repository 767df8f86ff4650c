// Sessions of one incarnation have a growing number: a hello that a later one has overtaken does not bring the old one
// back.
#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

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

// Says the hellos that it is told to, each on a connection of its own, and writes down what it hears.
class Sayer final : public sim::Process, public TransportEvents {
 public:
  struct Heard {
    std::vector<Hello> hellos;
    std::vector<Refusal> refusals;
    std::vector<LinkId> closed;
  };

  Sayer(sim::Host& host, Heard& heard) : heard_(heard) {
    TransportConfig config;
    config.self = host.name();
    config.frame_bytes_max = frame_bytes_max;
    config.connections_max = 8;
    transport_ = host.make_transport(config, *this);
    transport_->listen({host.name(), 7000});
  }

  LinkId say(std::uint64_t session) {
    sessions_.push_back(session);
    links_.push_back(transport_->dial({{"n1", 7000}, "n1", LaneClass::control}));
    return links_.back();
  }

  void link_up(LinkId link) override {
    const auto which = std::find(links_.begin(), links_.end(), link) - links_.begin();
    Hello hello;
    hello.cluster = "hawser";
    hello.from = "n2";
    hello.to = "n1";
    hello.from_incarnation = Incarnation{5};
    hello.session = sessions_[static_cast<std::size_t>(which)];
    hello.nonce = 100 + static_cast<std::uint64_t>(which);
    hello.generation_digest = configuration().generation_digest();
    transport_->send(link, encode(hello));
  }
  // Answers a hello of n1 on a connection of ours, for that incarnation of n1 and from this one of us.
  void welcome(LinkId link, const Hello& hello, Incarnation to, Incarnation from) {
    Welcome said;
    said.from = "n2";
    said.to = "n1";
    said.from_incarnation = from;
    said.to_incarnation = to;
    said.session = sessions_.back();
    said.peer_session = hello.session;
    said.nonce = hello.nonce;
    said.version = wire_version_max;
    transport_->send(link, encode(said));
  }
  // Every hello of n1 is answered as one that came too late.
  void refuse_all() { refuses_ = true; }

  void frame_received(ConnectionId from, const PeerIdentity&, BufferRef frame) override {
    std::string problem;
    Hello hello;
    const auto info = inspect_frame(frame.bytes(), problem);
    if (!info || info->kind != FrameKind::hello || !decode(frame.bytes(), hello, problem)) return;
    heard_.hellos.push_back(hello);
    if (!refuses_) return;
    Refusal refusal;
    refusal.from = "n2";
    refusal.from_incarnation = Incarnation{5};
    refusal.reason = RefusalReason::stale_session;
    transport_->answer(from, encode(refusal));
    transport_->drop(from, true);
  }
  void answer_received(LinkId, BufferRef frame) override {
    std::string problem;
    Refusal refusal;
    if (decode(frame.bytes(), refusal, problem)) heard_.refusals.push_back(refusal);
  }
  void link_down(LinkId link, LinkFailure, std::string_view) override { heard_.closed.push_back(link); }
  void link_writable(LinkId) override {}
  void connection_closed(ConnectionId) override {}
  void turn_ended() override {}

 private:
  Heard& heard_;
  bool refuses_ = false;
  std::vector<LinkId> links_;
  std::vector<std::uint64_t> sessions_;
  std::unique_ptr<Transport> transport_;
};

struct Meeting {
  sim::World world{{.seed = 7, .full_mesh = false}};
  Sayer::Heard heard;
  Meeting() {
    world.host("n1", configuration(), [](Node&) {});
    world.host("n2", [this](sim::Host& host) { return std::make_unique<Sayer>(host, heard); });
    world.run_for(10ms);
  }
  Sayer& sayer() { return dynamic_cast<Sayer&>(*world.at_host("n2").process()); }
  std::size_t sessions_begun() {
    const NodeSnapshot shown = world.node("n1").snapshot();
    return static_cast<std::size_t>(std::count_if(shown.events.begin(), shown.events.end(),
                                                  [](const Event& event) { return event.cause == "new_session"; }));
  }
};

}  // namespace

TEST_CASE("a hello that a later session of its incarnation has overtaken is refused, and the later one stands",
          "[world][session]") {
  Meeting run;
  const LinkId newer = run.sayer().say(20);
  run.world.run_for(50ms);
  CHECK(run.heard.refusals.empty());
  const LinkId overtaken = run.sayer().say(10);
  run.world.run_for(50ms);
  REQUIRE(run.heard.refusals.size() == 1);
  CHECK(run.heard.refusals.front().reason == RefusalReason::stale_session);
  CHECK(run.heard.refusals.front().text == "a later session of n2 is known");
  CHECK(std::count(run.heard.closed.begin(), run.heard.closed.end(), overtaken) == 1);
  CHECK(std::count(run.heard.closed.begin(), run.heard.closed.end(), newer) == 0);
  CHECK(run.sessions_begun() == 0);
  // One that is later still is another session, as it always was.
  run.sayer().say(30);
  run.world.run_for(50ms);
  CHECK(run.heard.refusals.size() == 1);
  CHECK(run.sessions_begun() == 1);
}

TEST_CASE("a node that forgets a peer and is given it again begins a session with a higher number",
          "[world][session]") {
  Meeting run;
  run.world.run_for(3s);
  REQUIRE_FALSE(run.heard.hellos.empty());
  std::uint64_t last = run.heard.hellos.back().session;
  for (int i = 0; i < 5; ++i) {
    run.heard.hellos.clear();
    run.world.node("n1").remove_peer("n2");
    run.world.node("n1").add_peer({"n2", {"n2", 7000}});
    run.world.run_for(3s);
    REQUIRE_FALSE(run.heard.hellos.empty());
    CHECK(run.heard.hellos.back().session > last);
    last = run.heard.hellos.back().session;
  }
}

TEST_CASE("a node whose hello came from an earlier time is not judged: it goes on looking as for an absent peer",
          "[world][session]") {
  Meeting run;
  run.sayer().refuse_all();
  run.world.run_for(20s);
  // At most a second apart; a peer that means its refusal is left alone for up to a minute.
  CHECK(run.heard.hellos.size() > 20);
}

TEST_CASE("a welcome for the process before, which its sender read late, is no offence; one from another process is",
          "[world][session]") {
  Meeting run;
  run.world.run_for(3s);
  REQUIRE_FALSE(run.heard.hellos.empty());
  const LinkId link = run.sayer().say(20);
  run.world.run_for(50ms);
  const Hello hello = run.heard.hellos.back();
  const Incarnation before{to_number(hello.from_incarnation) - 1};
  run.sayer().welcome(link, hello, before, Incarnation{5});
  run.world.run_for(50ms);
  CHECK(run.heard.refusals.empty());
  CHECK(std::count(run.heard.closed.begin(), run.heard.closed.end(), link) == 0);
  run.sayer().welcome(link, hello, hello.from_incarnation, Incarnation{6});
  run.world.run_for(50ms);
  REQUIRE(run.heard.refusals.size() == 1);
  CHECK(run.heard.refusals.front().reason == RefusalReason::malformed);
}
