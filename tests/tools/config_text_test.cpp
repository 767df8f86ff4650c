#include "config_text.hpp"
#include <hawser/interconnect/config_keys.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace hawser;
using namespace hawser::tools;
using namespace std::chrono_literals;

TEST_CASE("what `config init` writes can be read again and says the same") {
  Config config;
  config.id = "n1";
  config.cluster = "orders";
  config.listen = {"127.0.0.1", 7001};
  config.ttl = 3s;
  config.detector.heartbeat = 100ms;
  config.types["Order"].ttl = 2s;
  config.types["Order"].lane = LaneClass::bulk;
  config.peers = {{"z.example", {"127.0.0.1", 7003}}, {"a", {"127.0.0.1", 7002}}};
  const Config again = Config::parse(config_template(config), "written");
  for (const ConfigKey& key : config_keys()) {
    CAPTURE(key.name);
    CHECK(key.get(again, "Order") == key.get(config, "Order"));
  }
  REQUIRE(again.peers.size() == 2);
  CHECK(again.peers[0].id == NodeId{"z.example"});
}

TEST_CASE("every key is in the template, and every default there is one that a file may say") {
  Config config;
  config.id = "n1";
  std::string text = config_template(config);
  for (const ConfigKey& key : config_keys()) {
    CAPTURE(key.name);
    if (key.of_types()) continue;
    CHECK(text.find(std::string{key.last_word()} + " = ") != std::string::npos);
  }
  // Uncomment what looks like a setting, but not the example of a peer.
  for (std::size_t at = 0; (at = text.find("\n# ", at)) != std::string::npos; ++at) {
    const std::string line = text.substr(at + 3, text.find('\n', at + 1) - at - 3);
    const std::size_t equals = line.find(" = ");
    if (equals != std::string::npos && line.find(' ') == equals && !line.starts_with("n2")) text.erase(at + 1, 2);
  }
  const Config again = Config::parse(text, "uncommented");
  CHECK(again.detector.heartbeat == 200ms);
}
