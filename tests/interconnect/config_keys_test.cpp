#include <hawser/interconnect/config_keys.hpp>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

using namespace hawser;

TEST_CASE("every key is documented: unit, sentence, cost, and a default within its own range") {
  std::set<std::string> names;
  for (const ConfigKey& key : config_keys()) {
    CAPTURE(key.name);
    CHECK(names.insert(key.name).second);
    CHECK(key.sentence.ends_with('.'));
    CHECK(key.cost.ends_with('.'));
    CHECK_FALSE(default_text(key).empty());
    if (key.kind == KeyKind::choice) CHECK_FALSE(key.choices.empty());
    if (key.kind == KeyKind::duration || key.kind == KeyKind::size || key.kind == KeyKind::count) {
      CHECK(key.low < key.high);
    }
    if (!key.of_types()) CHECK(range_problem(key, key.name, *key.get(Config{}, {})).empty());
  }
}

TEST_CASE("a key changes its own field and no other") {
  const Config defaults;
  for (const ConfigKey& key : config_keys()) {
    CAPTURE(key.name);
    Config changed;
    std::string problem;
    KeyValue value;
    switch (key.kind) {
      case KeyKind::text:
        value = std::string{"other"};
        break;
      case KeyKind::node_id:
        value = std::string{"n9"};
        break;
      case KeyKind::endpoint:
        value = std::string{"127.0.0.1:7099"};
        break;
      case KeyKind::choice:
        value = std::string{key.choices.substr(key.choices.rfind(' ') + 1)};
        break;
      case KeyKind::flag:
        value = true;
        break;
      case KeyKind::number:
        value = key.high;
        break;
      default:
        value = static_cast<std::int64_t>(key.high);
        break;
    }
    REQUIRE(key.set(changed, "Order", value, problem));
    CHECK(key.get(changed, "Order") == value);
    for (const ConfigKey& other : config_keys()) {
      if (other.name == key.name) continue;
      CAPTURE(other.name);
      CHECK(other.get(changed, "Order") == other.get(defaults, "Order"));
    }
  }
}

TEST_CASE("values are written as a file would say them") {
  const auto text = [](std::string_view name) { return default_text(*find_config_key(name)); };
  CHECK(text("detector.heartbeat") == "\"200ms\"");
  CHECK(text("bounds.peer_bytes") == "\"32 MiB\"");
  CHECK(text("clock_drift") == "0.05");
  CHECK(text("reconnect.factor") == "2");
  CHECK(text("listen") == "\"127.0.0.1:0\"");
  CHECK(range_text(*find_config_key("types.*.overflow")) == "reject | drop_oldest | keep_latest | wait");
  CHECK(range_text(*find_config_key("ttl")) == "5ms .. 1d");
}

TEST_CASE("docs/configuration.md holds the table as it is") {
  std::ifstream file{std::filesystem::path{HAWSER_SOURCE_DIR} / "docs" / "configuration.md"};
  REQUIRE(file);
  const std::string page{std::istreambuf_iterator<char>{file}, {}};
  // When this fails, replace the part between the marks by the output of `hawser config show --markdown`.
  const std::string begin = "<!-- keys: from the table in config_keys.cpp -->\n";
  const std::string end = "<!-- end of keys -->";
  const std::size_t from = page.find(begin);
  const std::size_t to = page.find(end);
  REQUIRE(from != std::string::npos);
  REQUIRE(to != std::string::npos);
  CHECK(page.substr(from + begin.size(), to - from - begin.size()) == config_reference_markdown());
}
