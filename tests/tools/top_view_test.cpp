#include "exit_code.hpp"
#include <hawser/inspect/json.hpp>
#include "inspect/shown_node.hpp"
#include "looked.hpp"
#include "top_view.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace hawser;
using namespace hawser::tools;
using hawser::test::answer_of;
using hawser::test::Looked;

namespace {

void show(TopView& view, const NodeSnapshot& node) {
  view.take({answer_of(status_json(node))}, {answer_of(peers_json(node))}, {answer_of(channels_json(node))});
}

std::string text_of(const TopView& view, std::size_t height = 40) {
  const Terminal terminal{stdout, false, false, 200};
  std::string text;
  for (const std::string& line : view.lines(terminal, height)) text += line + "\n";
  return text;
}

Key typed(char character) { return {Key::Kind::text, std::string(1, character)}; }

NodeSnapshot busy_node() {
  NodeSnapshot node = test::shown_node();
  node.peers[0].channels.push_back(test::shown_channel("Blob", TypeId{9}));
  node.peers[0].channels.back().queued_messages = 77;
  return node;
}

}  // namespace

TEST_CASE("top: rates are what happened between two looks at one life of a node") {
  TopView view;
  NodeSnapshot node = busy_node();
  show(view, node);
  CHECK(view.json()["rows"][0]["submitted_per_second"] == 0.0);
  node.taken_at = node.taken_at + Duration{2'000'000};
  for (int i = 0; i < 10; ++i) node.peers[0].channels.back().ledger.submit(1);
  show(view, node);
  CHECK(view.sort_by("in/s"));
  CHECK(view.json()["rows"][0]["name"] == "Blob");
  CHECK(view.json()["rows"][0]["submitted_per_second"] == 5.0);
  node.incarnation = Incarnation{99};
  node.taken_at = node.taken_at + Duration{1'000'000};
  show(view, node);
  CHECK(view.json()["rows"][0]["submitted_per_second"] == 0.0);
}

TEST_CASE("top: keys sort, reverse, filter, change the page and leave") {
  TopView view;
  show(view, busy_node());
  CHECK(view.sort_by("queued"));
  CHECK_FALSE(view.sort_by("colour"));
  CHECK(view.json()["rows"][0]["name"] == "Blob");
  CHECK(view.press(typed('r')));
  CHECK(view.json()["rows"][0]["name"] != "Blob");
  CHECK(view.press(typed('/')));
  for (const char c : std::string{"Blobq"}) CHECK(view.press(typed(c)));  // q is a letter here
  CHECK(view.json()["rows"].empty());
  CHECK(view.press({Key::Kind::erase, {}}));
  CHECK(view.press({Key::Kind::enter, {}}));
  CHECK(view.json()["rows"].size() == 1);
  CHECK(text_of(view).find("filter: Blob") != std::string::npos);
  CHECK(view.press({Key::Kind::escape, {}}));
  CHECK(view.json()["rows"].size() > 1);
  CHECK(view.press(typed('p')));
  CHECK(text_of(view).find("unreachable") != std::string::npos);
  CHECK(view.press(typed('>')));
  CHECK(text_of(view).find("peers by peer") != std::string::npos);
  CHECK_FALSE(view.press(typed('q')));
  CHECK_FALSE(view.press({Key::Kind::quit, {}}));
}

TEST_CASE("top: whatever the height, it does not draw more lines, and scrolls no further than its rows") {
  TopView view;
  show(view, busy_node());
  const Terminal terminal{stdout, false, false, 80};
  for (const std::size_t height : {4u, 6u, 10u, 24u}) CHECK(view.lines(terminal, height).size() <= height);
  for (int i = 0; i < 100; ++i) view.press({Key::Kind::page_down, {}});
  CHECK(text_of(view).find("replies") != std::string::npos);
  view.press({Key::Kind::home, {}});
  CHECK(text_of(view).find("Blob") != std::string::npos);
}

TEST_CASE("top: a node that does not answer is named, and odd rows are passed over") {
  TopView view;
  Answer silent;
  silent.problem = "nobody answers at 127.0.0.1:1";
  Answer odd = answer_of("{\"api\":1,\"channels\":[1,null,{\"peer\":3}],\"peers\":[7]}");
  view.take({silent, odd}, {silent, odd}, {silent, odd});
  CHECK(text_of(view).find("nobody answers") != std::string::npos);
  CHECK(view.json()["problems"].size() == 1);
  CHECK(view.json()["rows"].size() == 1);
}

TEST_CASE("top: as JSON it says by its exit code what the answers were, one of several that is silent too") {
  Looked node;
  node.options.json = true;
  node.options.looks = 1;
  CHECK(nlohmann::json::parse(node.top())["problems"].empty());
  CHECK(node.code == exit_fine);
  std::string gone;
  {
    Looked other;
    gone = other.options.at[0];
  }
  node.options.at.push_back(gone);
  const nlohmann::json said = nlohmann::json::parse(node.top());
  CHECK(node.code == exit_unreachable);
  CHECK(said["problems"].size() == 1);
  CHECK(said["rows"].size() == 4);
}
