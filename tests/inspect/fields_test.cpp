// docs/operations.md names every field that the API has, and none that it has not.
#include <hawser/inspect/config_json.hpp>
#include <hawser/inspect/json.hpp>
#include <hawser/inspect/matrix.hpp>
#include "inspect/shown_node.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace hawser;
using namespace hawser::test;
using nlohmann::json;

namespace {

// Objects whose keys are words of a vocabulary, or names from elsewhere, and no fields.
const std::set<std::string> vocabularies{"outcomes", "causes", "verdicts", "hears", "types", "rejected"};

void collect(const json& value, std::set<std::string>& fields) {
  if (value.is_array()) {
    for (const json& each : value) collect(each, fields);
  }
  if (!value.is_object()) return;
  for (const auto& [key, inner] : value.items()) {
    fields.insert(key);
    if (vocabularies.count(key) == 0) collect(inner, fields);
    // The values of outcomes are objects with fields again.
    if (key == "outcomes") {
      for (const auto& [word, count] : inner.items()) collect(count, fields);
    }
  }
}

NodeSnapshot node_with_everything() {
  NodeSnapshot node = shown_node();
  node.peers[0].channels[0].groups.push_back({7, 1, 25, 0});
  node.peers[0].hears = std::make_shared<const std::vector<Hears>>(std::vector<Hears>{{"n1", {}, PeerState::up}});
  node.peers[1].health.reason.cause = "cut_outbound";
  return node;
}

std::set<std::string> said_fields() {
  const NodeSnapshot node = node_with_everything();
  Config config;
  config.peers = {{"n2", {"127.0.0.1", 7002}}};
  std::set<std::string> fields;
  for (const std::string& text :
       {status_json(node), peers_json(node), channels_json(node), events_json(node), matrix_json(node, matrix_of(node)),
        stream_json(node, 100), "{\"writes\":false," + config_fields(config) + "}"}) {
    collect(json::parse(text), fields);
  }
  return fields;
}

// The words in backquotes of the first column of the table, and those of the states of peers.
std::set<std::string> documented_fields() {
  std::ifstream file{std::string{HAWSER_SOURCE_DIR} + "/docs/operations.md"};
  std::string page{std::istreambuf_iterator<char>{file}, {}};
  const std::size_t from = page.find("<!-- fields:");
  const std::size_t to = page.find("<!-- end of fields -->");
  REQUIRE(from < to);
  REQUIRE(to != std::string::npos);
  std::set<std::string> fields{"connecting", "up", "suspect", "unreachable"};
  page = page.substr(from, to - from);
  for (std::size_t row = page.find("\n| `"); row != std::string::npos; row = page.find("\n| `", row + 1)) {
    const std::string first = page.substr(row + 2, page.find(" |", row + 2) - row - 2);
    for (std::size_t begin = first.find('`'); begin != std::string::npos;) {
      const std::size_t end = first.find('`', begin + 1);
      fields.insert(first.substr(begin + 1, end - begin - 1));
      begin = first.find('`', end + 1);
    }
  }
  return fields;
}

}  // namespace

TEST_CASE("fields: what the API says and what docs/operations.md explains are the same") {
  const std::set<std::string> said = said_fields();
  const std::set<std::string> documented = documented_fields();
  for (const std::string& field : said) {
    CAPTURE(field);
    CHECK(documented.count(field) == 1);
  }
  for (const std::string& field : documented) {
    CAPTURE(field);
    CHECK(said.count(field) == 1);
  }
}
