// Following several nodes: the slow ones hold up nobody, and who has seen enough is heard at once.
#include "exit_code.hpp"
#include "interrupt.hpp"
#include "listening_port.hpp"
#include "looked.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <csignal>
#include <poll.h>
#include <string>
#include <thread>
#include <unistd.h>

using namespace hawser;
using namespace hawser::tools;

namespace {

// Reads until the word was there, or nothing has come for half a minute; then it presses Ctrl-C.
std::string read_and_interrupt(int descriptor, const std::string& word) {
  std::string text;
  while (text.find(word) == std::string::npos) {
    pollfd ready{descriptor, POLLIN, 0};
    if (::poll(&ready, 1, 30'000) <= 0) break;
    std::array<char, 4096> room;
    const ssize_t got = ::read(descriptor, room.data(), room.size());
    if (got <= 0) break;
    text.append(room.data(), static_cast<std::size_t>(got));
  }
  ::kill(::getpid(), SIGINT);
  return text;
}

}  // namespace

TEST_CASE("follow: a node that answers is told of while another one says nothing, and Ctrl-C waits for neither") {
  test::Looked node;
  const test::ListeningPort silent;
  node.options.at.insert(node.options.at.begin(), silent.endpoint().text());
  node.options.timeout = "10min";
  node.options.interval = "50ms";
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  std::string text;
  std::thread reader{[&] { text = read_and_interrupt(ends[0], "a session with n2"); }};
  std::FILE* const out = ::fdopen(ends[1], "w");
  node.options.follow = true;
  CHECK(run_inspect(InspectView::events, node.options, out) == exit_fine);
  reader.join();
  std::fclose(out);
  ::close(ends[0]);
  CHECK(text.find("a session with n2") != std::string::npos);
}

TEST_CASE("follow: the last look is for all, and its exit code says who did not answer") {
  test::Looked node;
  const test::ListeningPort silent;
  node.options.at.push_back(silent.endpoint().text());
  node.options.timeout = "300ms";
  node.options.interval = "50ms";
  node.options.follow = true;
  node.options.looks = 2;
  const std::string text = node.view(InspectView::events);
  CHECK(node.code == exit_unreachable);
  CHECK(text.find("no answer in time") != std::string::npos);
  CHECK(text.find("a session with n2") == text.rfind("a session with n2"));
}

TEST_CASE("interrupt: who waits is woken, and whoever comes later does not wait at all") {
  const Interrupt interrupt;
  CHECK(interrupt.wait(Duration{1'000}));
  std::thread other{[] { ::kill(::getpid(), SIGTERM); }};
  CHECK_FALSE(interrupt.wait(Duration{600'000'000}));
  other.join();
  CHECK(interrupt.came());
  CHECK_FALSE(interrupt.wait(Duration{600'000'000}));
  pollfd ready{interrupt.descriptor(), POLLIN, 0};
  CHECK(::poll(&ready, 1, 0) == 1);
}
