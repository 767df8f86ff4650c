#include "determinism_check.hpp"

#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <stdexcept>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace hawser::tools {
namespace {

// The first of these that is installed: one with a decimal comma would be best.
std::string other_locale() {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  std::string found = "C";
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "tr_TR.UTF-8", "es_ES.UTF-8", "C.UTF-8"}) {
    if (std::setlocale(LC_ALL, name) == nullptr) continue;
    found = name;
    break;
  }
  std::setlocale(LC_ALL, before.c_str());
  return found;
}

// A sanitized program has an allocator of its own, which fills memory when it is told to.
std::string asan_options(int byte) {
  const char* const given = std::getenv("ASAN_OPTIONS");
  const std::string fill = "max_malloc_fill_size=1048576:malloc_fill_byte=" + std::to_string(byte);
  return given == nullptr || *given == '\0' ? fill : std::string{given} + ":" + fill;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hawser-traces-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw std::runtime_error("cannot make a directory for traces: " + std::string{std::strerror(errno)});
    }
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

void keep_one_cpu() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &set)) continue;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    ::sched_setaffinity(0, sizeof set, &set);
    return;
  }
}

[[noreturn]] void become(const std::vector<std::string>& command, const RunConditions& conditions) {
  for (const auto& [name, value] : conditions.environment) ::setenv(name.c_str(), value.c_str(), 1);
  if (conditions.one_cpu) keep_one_cpu();
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

int wait_for(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return "was killed by signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) == 127) return "could not be started";
  return "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

std::array<RunConditions, 2> two_conditions() {
  const std::string locale = other_locale();
  RunConditions first;
  first.text = "locale C, UTC, fresh memory filled with 0x5a, objects on the heap, all CPUs";
  first.environment = {{"LC_ALL", "C"},
                       {"TZ", "UTC"},
                       {"GLIBC_TUNABLES", "glibc.malloc.perturb=165"},  // fills with its complement
                       {"ASAN_OPTIONS", asan_options(0x5a)}};
  RunConditions second;
  second.text = "locale " + locale + ", Pacific/Chatham, fresh memory filled with 0xc3, objects in mappings, one CPU";
  // No object is too small for a mapping of its own, and nothing is kept for reuse: addresses fall where they rose.
  second.environment = {{"LC_ALL", locale},
                        {"TZ", "Pacific/Chatham"},
                        {"GLIBC_TUNABLES",
                         "glibc.malloc.perturb=60:glibc.malloc.mmap_threshold=1:glibc.malloc.mmap_max=1000000:"
                         "glibc.malloc.top_pad=0:glibc.malloc.tcache_count=0"},
                        {"ASAN_OPTIONS", asan_options(0xc3)},
                        {"HAWSER_STACK_SHIFT", std::string(5000, 'x')}};
  second.one_cpu = true;
  return {first, second};
}

DeterminismCheck check_determinism(const std::vector<std::string>& command, std::size_t context) {
  const TemporaryDirectory directory;
  const std::array<RunConditions, 2> conditions = two_conditions();
  const std::array<std::string, 2> files{directory.file("first"), directory.file("second")};
  std::array<pid_t, 2> processes{-1, -1};
  for (std::size_t i = 0; i < 2; ++i) {
    std::vector<std::string> words = command;
    words.push_back(files[i]);
    processes[i] = ::fork();
    if (processes[i] < 0) throw std::runtime_error("cannot start a process: " + std::string{std::strerror(errno)});
    if (processes[i] == 0) become(words, conditions[i]);
  }
  const std::array<int, 2> status{wait_for(processes[0]), wait_for(processes[1])};
  DeterminismCheck check;
  if (status[0] != status[1]) {
    check.problem = "the first run " + how_it_ended(status[0]) + ", the second " + how_it_ended(status[1]);
  } else if (status[0] != 0) {
    check.problem = "both runs: the program " + how_it_ended(status[0]);
  }
  std::ifstream first{files[0]};
  std::ifstream second{files[1]};
  if (!first || !second) {
    if (check.problem.empty()) check.problem = "the program wrote no trace to the file named by its last argument";
    return check;
  }
  check.comparison = sim::compare_traces(first, second, context);
  // A trace that differs says more than how the two ended.
  if (check.comparison.difference) check.problem.clear();
  if (check.problem.empty() && check.comparison.rows == 0 && !check.comparison.difference) {
    check.problem = "both traces are empty";
  }
  return check;
}

}  // namespace hawser::tools
