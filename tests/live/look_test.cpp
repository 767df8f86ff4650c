// The commands that look at running nodes, as a person uses them.
#include "node_process.hpp"
#include "terminal_process.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

using namespace hawser::live;
using namespace std::chrono_literals;

namespace {

std::string at_of(const Household& house, const std::string& id) {
  return "127.0.0.1:" + std::to_string(house.admin_port(id));
}

std::size_t widest(const std::vector<std::string>& lines) {
  std::size_t width = 0;
  for (const std::string& line : lines) width = std::max(width, line.size());
  return width;
}

std::string said(const std::vector<std::string>& arguments, int& code) {
  TerminalProcess command{arguments, 200, 50};
  code = command.wait().value_or(-1000);
  return command.output();
}

}  // namespace

TEST_CASE("top: draws, sorts, filters, follows the size of the terminal, and leaves it clean", "[live]") {
  Household house{{"n1", "n2"}};
  house.start_all();
  REQUIRE(house.all_up());
  TerminalProcess top{{"top", "--at", at_of(house, "n1"), "--interval", "50ms"}, 100, 24};
  REQUIRE(top.until([&] { return top.frame_text().find("Greeting") != std::string::npos; }));
  CHECK_FALSE(top.clean());
  CHECK(top.frame().size() <= 24);
  // A rate is known from the second look on.
  REQUIRE(top.until([&] { return top.frame_text().find("n1 serving") != std::string::npos; }));
  top.type("p");
  REQUIRE(top.until([&] { return top.frame_text().find("peers by node") != std::string::npos; }));
  top.type("\x1b[C");
  REQUIRE(top.until([&] { return top.frame_text().find("peers by peer") != std::string::npos; }));
  top.type("/nobody\r");
  REQUIRE(top.until([&] { return top.frame_text().find("session_open") == std::string::npos; }));
  top.type("\x1b");
  REQUIRE(top.until([&] { return top.frame_text().find("n2") != std::string::npos; }));
  REQUIRE(widest(top.frame()) > 40);
  top.resize(40, 10);
  REQUIRE(top.until([&] { return widest(top.frame()) <= 40 + 8 && top.frame().size() <= 10; }));
  top.type("q");
  CHECK(top.wait() == 0);
  CHECK(top.clean());
}

TEST_CASE("top: whatever ends it, the terminal is as it was", "[live]") {
  Household house{{"n1", "n2"}};
  house["n1"].start();
  REQUIRE(house.until([&] { return house["n1"].heard(); }));
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT}) {
    INFO(number);
    TerminalProcess top{{"top", "--at", at_of(house, "n1")}, 100, 24};
    REQUIRE(top.until([&] { return !top.frame().empty(); }));
    top.signal(number);
    const auto code = top.wait();
    const bool crashed = number == SIGSEGV || number == SIGABRT;
    CHECK(code == (crashed ? -number : 0));
    CHECK(top.clean());
  }
  TerminalProcess top{{"top", "--at", at_of(house, "n1")}, 100, 24};
  REQUIRE(top.until([&] { return !top.frame().empty(); }));
  top.type("\x03");  // Ctrl-C
  CHECK(top.wait() == 0);
  CHECK(top.clean());
}

TEST_CASE("top: stopped by Ctrl-Z it gives the terminal back, and takes it again when it goes on", "[live]") {
  Household house{{"n1", "n2"}};
  house["n1"].start();
  REQUIRE(house.until([&] { return house["n1"].heard(); }));
  TerminalProcess top{{"top", "--at", at_of(house, "n1"), "--interval", "50ms"}, 100, 24};
  REQUIRE(top.until([&] { return !top.frame().empty(); }));
  top.signal(SIGTSTP);
  REQUIRE(top.until([&] { return top.clean(); }));
  top.signal(SIGCONT);
  REQUIRE(top.until([&] { return !top.clean(); }));
  top.type("q");
  CHECK(top.wait() == 0);
  CHECK(top.clean());
}

TEST_CASE("commands: three nodes side by side, one of them stopped", "[live]") {
  Household house{{"n1", "n2", "n3"}};
  house.start_all();
  REQUIRE(house.all_up());
  house["n3"].signal(SIGSTOP);
  REQUIRE(house.until(
      [&] { return house["n1"].peer_state("n3") == "unreachable" && house["n2"].peer_state("n3") == "unreachable"; }));
  const std::string both = at_of(house, "n1") + "," + at_of(house, "n2");
  int code = 0;
  std::string text = said({"peers", "--at", both}, code);
  INFO(text);
  CHECK(code == 0);
  CHECK(text.find("unreachable") != std::string::npos);
  text = said({"why", "n3", "--at", both}, code);
  CAPTURE(text);
  CHECK(code == 0);
  CHECK(text.find("n3 is unreachable") != std::string::npos);
  CHECK(text.find("for n1") != std::string::npos);
  CHECK(text.find("for n2") != std::string::npos);
  CHECK(text.find("silent") != std::string::npos);
  CHECK(text.find("See whether its process runs") != std::string::npos);
  // The stopped one takes the connection and says nothing.
  text = said({"status", "--at", both + "," + at_of(house, "n3"), "--timeout", "1500ms"}, code);
  CHECK(code == 3);
  CHECK(text.find("no answer") != std::string::npos);
  CHECK(text.find("n2") != std::string::npos);
  text = said({"check", "--at", both}, code);
  CHECK(code == 0);
  CHECK(text.find("READY 2 of 2") != std::string::npos);
  text = said({"members", "--at", both}, code);
  CHECK(code == 0);
  house["n3"].signal(SIGCONT);
}
