#include "command_line.hpp"
#include "exit_code.hpp"

#include <catch2/catch.hpp>

#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

using namespace hawser::tools;

namespace {

struct Said {
  int code = 0;
  std::string out;
  std::string err;
};

// Runs the command line with its two streams in files. The process has one of each, so no test may run beside it.
class Shell {
 public:
  Shell() : directory_(std::filesystem::temp_directory_path() / ("hawser-shell-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(directory_);
  }
  ~Shell() { std::filesystem::remove_all(directory_); }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  std::string path(const std::string& name) const { return (directory_ / name).string(); }

  Said run(std::vector<std::string> words) const {
    words.insert(words.begin(), "hawser");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    const int out = redirect(STDOUT_FILENO, path("out"));
    const int err = redirect(STDERR_FILENO, path("err"));
    Said said;
    said.code = run_command_line(static_cast<int>(arguments.size()), arguments.data());
    restore(STDOUT_FILENO, out);
    restore(STDERR_FILENO, err);
    said.out = text_of(path("out"));
    said.err = text_of(path("err"));
    return said;
  }

  static std::string text_of(const std::string& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

 private:
  static int redirect(int stream, const std::string& path) {
    std::fflush(nullptr);
    const int kept = ::dup(stream);
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(file, stream);
    ::close(file);
    return kept;
  }
  static void restore(int stream, int kept) {
    std::fflush(nullptr);
    ::dup2(kept, stream);
    ::close(kept);
  }

  std::filesystem::path directory_;
};

}  // namespace

TEST_CASE("help and version go to standard output and are fine") {
  const Shell shell;
  const Said help = shell.run({"--help"});
  CHECK(help.code == exit_fine);
  CHECK(help.out.find("Examples:") != std::string::npos);
  CHECK(shell.run({"node", "--help"}).out.find("hawser node --config n1.toml") != std::string::npos);
  const Said version = shell.run({"--version"});
  CHECK(version.code == exit_fine);
  CHECK(version.out.starts_with("hawser "));
}

TEST_CASE("what the command line gets wrong is exit code 2 and a sentence, whatever the parser would say") {
  const Shell shell;
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {},
           {"config"},
           {"config", "check"},
           {"node"},
           {"node", "--colour"},
           {"demo", "--nodes", "two"},
           {"demo", "--nodes", "2"},
           {"demo", "--seconds", "5"},
           {"demo", "--partition", "--nodes", "2"},
           {"failover", "--nodes", "2"},
           {"failover", "--nodes", "10"},
           {"failover", "--runs", "0"},
           {"failover", "--strategy", "arbiter"},
           {"failover", "--strategy", "none"},
           {"config", "show", "--defaults", "n1.toml"},
           {"config", "init", "--peer", "n2"},
           {"config", "init", "--id", "no id"},
       }) {
    const Said said = shell.run(words);
    CAPTURE(words, said.err);
    CHECK(said.code == exit_usage);
    CHECK(said.out.empty());
    CHECK(said.err.starts_with("hawser: "));
  }
  CHECK(shell.run({"cofnig"}).err.find("did you mean 'config'?") != std::string::npos);
  CHECK(shell.run({"config", "chek"}).err.find("did you mean 'check'?") != std::string::npos);
}

TEST_CASE("a first file is written, never over another, and can be checked and shown") {
  const Shell shell;
  const std::string file = shell.path("n1.toml");
  CHECK(shell.run({"config", "init", "--id", "n1", "--peer", "n2=127.0.0.1:7002", "--out", file}).code == exit_fine);
  CHECK(shell.run({"config", "init", "--out", file}).code == exit_unhealthy);
  const Said checked = shell.run({"config", "check", file});
  CHECK(checked.code == exit_fine);
  CHECK(checked.out.find("unreachable after 712ms") != std::string::npos);
  CHECK(checked.out.find('\x1b') == std::string::npos);
  const Said shown = shell.run({"config", "show", file});
  CHECK(shown.code == exit_fine);
  CHECK(shown.out.find("heartbeat = \"200ms\"") != std::string::npos);
}

TEST_CASE("a file that cannot be used is exit code 2 with every problem and its place") {
  const Shell shell;
  const std::string file = shell.path("bad.toml");
  std::ofstream{file} << "id = \"n1\"\nttl = 5\n[detector]\nhartbeat = \"1s\"\n";
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"config", "check", file}, {"config", "show", file}, {"node", "--config", file}}) {
    const Said said = shell.run(words);
    CHECK(said.code == exit_usage);
    CHECK(said.err.find(file + ":2:7: ttl has no unit") != std::string::npos);
    CHECK(said.err.find(file + ":4:1: unknown key detector.hartbeat; did you mean detector.heartbeat?") !=
          std::string::npos);
  }
}

TEST_CASE(
    "failover with a file that is not there, or is wrong, is exit code 2 with its place, before anything starts") {
  const Shell shell;
  const std::string missing = shell.path("missing.toml");
  const std::string bad = shell.path("bad.toml");
  std::ofstream{bad} << "id = \"n1\"\nttl = 5\n";
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"failover"}, {"sim", "failover"}}) {
    for (const auto& [file, problem] : {std::pair{missing, missing + ": "}, std::pair{bad, bad + ":2:7: ttl"}}) {
      std::vector<std::string> words = command;
      words.insert(words.end(), {"--config", file});
      const Said said = shell.run(words);
      CAPTURE(said.err);
      CHECK(said.code == exit_usage);
      CHECK(said.out.empty());
      CHECK(said.err.starts_with(problem));
    }
  }
}

TEST_CASE("resolve tells by its exit code whether somebody serves, and what is wrong with its line") {
  const Shell shell;
  const std::string file = shell.path("members.toml");
  std::ofstream{file} << "members = [\"n1\", \"n2\", \"n3\"]\n";
  const Said kept = shell.run({"resolve", "--members", file, "--cut", "n1|n2,n3", "--strategy", "keep_majority"});
  CHECK(kept.code == exit_fine);
  CHECK(kept.out.find("n2, n3") != std::string::npos);
  CHECK(kept.out.find("told removed: n1") != std::string::npos);
  CHECK(kept.out.find('\x1b') == std::string::npos);  // no colour into a file
  const Said silent = shell.run({"resolve", "--members", file, "--cut", "n1|n2|n3", "--all-cuts", "--json"});
  CHECK(silent.code == exit_unhealthy);
  CHECK(silent.out.starts_with("{\"settings\":{\"heartbeat_us\":200000,"));
  CHECK(silent.out.find("\"serving\":[]") != std::string::npos);
  CHECK(silent.out.find("\"all_cuts\":{\"cuts\":3,\"silencing\":[]") != std::string::npos);

  const Said link = shell.run({"resolve", "--members", file, "--links", "n1>n4"});
  CHECK(link.code == exit_usage);
  CHECK(link.err.find("--links, character 4: there is no member 'n4'; did you mean 'n1'?") != std::string::npos);
  std::ofstream{file} << "members = [\"n1\"]\n\nroll = \"core\"\n";
  const Said key = shell.run({"resolve", "--members", file});
  CHECK(key.code == exit_usage);
  CHECK(key.err.find(file + ":3:1: there is no key 'roll'; did you mean 'role'?") != std::string::npos);
  CHECK(shell.run({"resolve"}).err.find("there are no members") != std::string::npos);
  CHECK(shell.run({"resolve", "--members", shell.path("none.toml")}).code == exit_usage);
}
