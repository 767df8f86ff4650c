// The example of the readme, compiled as it stands there, in the simulator.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>
#include <greeting/app.hpp>

#include <iostream>
#include <sstream>

using namespace std::chrono_literals;

namespace {

// What the program says goes to the standard output.
class Listening {
 public:
  Listening() : before_(std::cout.rdbuf(said_.rdbuf())) {}
  ~Listening() { std::cout.rdbuf(before_); }
  std::string said() const { return said_.str(); }

 private:
  std::ostringstream said_;
  std::streambuf* before_;
};

}  // namespace

TEST_CASE("the greeting of the readme says in the simulator what it says on real sockets", "[world][greeting]") {
  hawser::Config config;
  hawser::sim::World world{{.seed = 42}};
  std::string said;
  {
    const Listening listening;
    world.host("n1", config, app);
    world.host("n2", config, app);
    world.run_for(1s);
    said = listening.said();
  }
  CHECK(said.find("n1 says good morning\n") != std::string::npos);
  CHECK(said.find("n2 says good morning\n") != std::string::npos);
  CHECK(said.find("delivered; n2 is up\n") != std::string::npos);
  world.partition({"n1"}, {"n2"});
  world.run_for(10s);
  CHECK(world.node("n1").peer("n2").health().state == hawser::PeerState::unreachable);
}
