// A process that is killed anywhere while it writes its vote, and what the next one finds.
#include <hawser/interconnect/isolation/stored_vote.hpp>
#include <hawser/interconnect/zmq/file_storage.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace hawser;

namespace {

struct CallMade {
  std::string name;
  std::size_t bytes = 0;
};

struct DyingRun {
  int status = 0;
  std::string said;
};

class DyingWriter {
 public:
  DyingWriter() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hawser-dying-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~DyingWriter() { std::filesystem::remove_all(path_); }
  DyingWriter(const DyingWriter&) = delete;
  DyingWriter& operator=(const DyingWriter&) = delete;

  const std::string& path() const { return path_; }

  DyingRun run(std::uint64_t counter, std::optional<std::size_t> step = {}, std::size_t bytes = 0) const {
    std::vector<std::string> words{"dying_writer", path_, std::to_string(counter)};
    if (step) {
      words.push_back(std::to_string(*step));
      words.push_back(std::to_string(bytes));
    }
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(pipe[1], STDOUT_FILENO);
      ::close(pipe[0]);
      ::close(pipe[1]);
      ::execv(HAWSER_DYING_WRITER, arguments.data());
      ::_exit(127);
    }
    ::close(pipe[1]);
    DyingRun run;
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = ::read(pipe[0], buffer.data(), buffer.size())) > 0;) {
      run.said.append(buffer.data(), static_cast<std::size_t>(got));
    }
    ::close(pipe[0]);
    ::waitpid(child, &run.status, 0);
    return run;
  }

  // All calls of the system that one writing makes.
  std::vector<CallMade> calls(std::uint64_t counter) const {
    const DyingRun whole = run(counter);
    REQUIRE(WIFEXITED(whole.status));
    REQUIRE(WEXITSTATUS(whole.status) == 0);
    std::vector<CallMade> calls;
    std::istringstream lines{whole.said};
    CallMade call;
    while (lines >> call.name >> call.bytes) calls.push_back(call);
    return calls;
  }

 private:
  std::string path_;
};

// The epoch's counter of the vote that a new process finds; 0: none was ever written; nothing: memory is lost.
std::optional<std::uint64_t> found_in(const std::string& path, std::string& problem) {
  FileStorage storage{path};
  const auto bytes = storage.read(stored_vote_name, problem);
  if (!bytes) return problem.empty() ? std::optional<std::uint64_t>{0} : std::nullopt;
  const auto vote = decode_vote(*bytes, 42, 5, problem);
  return vote ? std::optional{vote->grant.epoch.counter} : std::nullopt;
}

}  // namespace

TEST_CASE("a vote is durable before its name changes, and its name before anybody is told") {
  const DyingWriter writer;
  std::string order;
  for (const CallMade& call : writer.calls(1)) {
    if (call.name != "write" || !order.ends_with("write ")) order += call.name + " ";
  }
  CHECK(order == "openat write fsync close renameat fsync ");
}

TEST_CASE("a process killed at any step of the writing, and after any byte, leaves the old vote or the new one") {
  const DyingWriter writer;
  std::uint64_t old = 0;  // nothing was ever written
  std::string problem;
  std::vector<CallMade> calls;
  {
    const DyingWriter other;
    calls = other.calls(1);
  }
  REQUIRE(calls.size() >= 6);
  std::size_t killed = 0;
  std::size_t renewed = 0;
  for (std::size_t round = 0; round < 2; ++round) {
    for (std::size_t step = 1; step <= calls.size(); ++step) {
      for (std::size_t bytes = 0; bytes <= calls[step - 1].bytes; ++bytes) {
        const std::uint64_t counter = old + 1;
        const DyingRun run = writer.run(counter, step, bytes);
        CAPTURE(round, step, calls[step - 1].name, bytes, counter);
        REQUIRE(WIFSIGNALED(run.status));
        REQUIRE(WTERMSIG(run.status) == SIGKILL);
        ++killed;
        const auto found = found_in(writer.path(), problem);
        CAPTURE(problem);
        REQUIRE(found.has_value());
        CHECK((*found == old || *found == counter));
        renewed += *found == counter;
        old = *found;
      }
    }
  }
  // Only the directory's flush comes after the new vote has its name.
  CHECK(renewed == 2);
  CHECK(killed > 200);
  // Nothing that the dead left behind stands in the way.
  CHECK(writer.run(1000).status == 0);
  CHECK(found_in(writer.path(), problem) == 1000);
}
