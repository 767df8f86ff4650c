// The runtime as a program meets it: threads, signals, and the end of the process.
#include "raw_tcp.hpp"
#include "real_loop.hpp"

#include <boost/asio/post.hpp>

#include <csignal>
#include <fstream>
#include <pthread.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>

using namespace hawser;
using namespace std::chrono_literals;

extern char** environ;

namespace {

// Runs one hidden test of this program as a process of its own; its wait status.
int run_alone(const char* test) {
  std::string self = "/proc/self/exe";
  std::string name = test;
  char* arguments[] = {self.data(), name.data(), nullptr};
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  REQUIRE(posix_spawn(&child, self.c_str(), &quiet, nullptr, arguments, environ) == 0);
  posix_spawn_file_actions_destroy(&quiet);
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("the building thread is the loop until another one runs it, and again when it stands still") {
  RealLoop loop;
  CHECK(loop.runtime.on_loop());
  bool inside = false;
  bool outside = true;
  std::thread runner{[&] {
    boost::asio::post(loop.runtime.loop(), [&] { inside = loop.runtime.on_loop(); });
    std::thread other{[&] {}};
    other.join();
    loop.io.run_for(50ms);
  }};
  runner.join();
  CHECK(inside);
  auto keep = boost::asio::make_work_guard(loop.io);
  loop.io.restart();
  std::atomic<bool> running{false};
  boost::asio::post(loop.io, [&] { running = true; });
  std::thread again{[&] { loop.io.run(); }};
  while (!running) std::this_thread::yield();
  // What runs on the loop marks its thread: a timer of ours does.
  std::atomic<bool> ticked{false};
  boost::asio::post(loop.io,
                    [&] { loop.runtime.scheduler().at(loop.runtime.scheduler().now(), [&] { ticked = true; }); });
  while (!ticked) std::this_thread::yield();
  outside = loop.runtime.on_loop();
  CHECK_FALSE(outside);
  loop.io.stop();
  again.join();
  CHECK(loop.runtime.on_loop());
}

TEST_CASE("work for the pool runs on another thread") {
  RealLoop loop;
  std::thread::id ran_on;
  bool done = false;
  boost::asio::post(loop.runtime.pool(), [&] {
    const std::thread::id id = std::this_thread::get_id();
    boost::asio::post(loop.runtime.loop(), [&, id] {
      ran_on = id;
      done = true;
    });
  });
  REQUIRE(loop.until([&] { return done; }));
  CHECK(ran_on != std::this_thread::get_id());
}

TEST_CASE("ZeroMQ's threads take no signals") {
  RealLoop loop;
  std::size_t blocked = 0;
  std::size_t threads = 0;
  // A thread gives itself its name, some time after it has started.
  REQUIRE(loop.until([&] {
    blocked = threads = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
      std::ifstream name{task.path() / "comm"};
      std::string comm;
      name >> comm;
      if (comm.find("ZMQ") == std::string::npos) continue;
      ++threads;
      std::ifstream status{task.path() / "status"};
      for (std::string line; std::getline(status, line);) {
        if (!line.starts_with("SigBlk:")) continue;
        const std::uint64_t mask = std::stoull(line.substr(7), nullptr, 16);
        if ((mask & (1u << (SIGTERM - 1))) != 0 && (mask & (1u << (SIGUSR1 - 1))) != 0) ++blocked;
      }
    }
    return threads >= 2;
  }));
  CHECK(blocked == threads);
}

TEST_CASE("generators differ, clocks run, storage is optional") {
  RealLoop loop;
  CHECK(loop.runtime.make_random().next() != loop.runtime.make_random().next());
  const Instant first = loop.runtime.scheduler().now();
  CHECK(loop.runtime.scheduler().now() >= first);
  CHECK(loop.runtime.wall_clock_us() > 1'600'000'000'000'000);
  CHECK(loop.runtime.open_storage("") == nullptr);
}

TEST_CASE("runtimes come and go without leaving threads or descriptors") {
  { const RealLoop warm; }
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 10; ++i) {
    RealLoop loop;
    Station n1{loop, "n1"};
    Station n2{loop, "n2"};
    n1.send(n1.join(n2.listen()), "hello");
    n1.dial({"localhost", n2.at.port});
  }
  CHECK(open_descriptors() <= before);
}

TEST_CASE("a process with open links exits as it should, however it ends") {
  CHECK(run_alone("child leaves main with everything open") == 0);
  CHECK(run_alone("child calls exit in a handler") == 0);
}

TEST_CASE("child leaves main with everything open", "[.]") {
  static RealLoop loop;
  static Station n1{loop, "n1"};
  static Station n2{loop, "n2"};
  const LinkId link = n1.join(n2.listen());
  n1.send(link, "hello");
  n1.dial({"127.0.0.1", 9});
  CHECK(link != LinkId::none);
}

TEST_CASE("child calls exit in a handler", "[.]") {
  static RealLoop loop;
  static Station n1{loop, "n1"};
  static Station n2{loop, "n2"};
  n2.listen();
  n2.on_frame = [](ConnectionId, const BufferRef&) { std::quick_exit(0); };
  n1.send(n1.join(n2.at), "hello");
  loop.run_for(5s);
  FAIL("the handler did not run");
}
