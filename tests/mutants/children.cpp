#include "children.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace hawser::mutants {
namespace {

constexpr int exit_killed = 1;
constexpr std::size_t words_bytes = 64u << 10;

std::string read_words(int file) {
  std::string text(words_bytes, '\0');
  const ssize_t got = ::pread(file, text.data(), text.size(), 0);
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

[[noreturn]] void work_and_exit(const Children::Work& work, int words) {
  try {
    const std::string text = work();
    if (text.empty()) ::_exit(0);
    // What was said before it is not of interest.
    if (::ftruncate(words, 0) != 0) std::abort();
    if (::pwrite(words, text.data(), text.size(), 0) < 0) std::abort();
    ::_exit(exit_killed);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "exception: %s\n", error.what());
    std::fflush(stderr);
    std::abort();
  }
}

double seconds_of(const rusage& used) {
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

}  // namespace

Children::~Children() {
  for (auto& [process, child] : running_) {
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
    ::close(child.words);
  }
}

void Children::start(const Work& work, Ended ended) {
  const int words = ::memfd_create("words", MFD_CLOEXEC);
  if (words < 0) throw std::runtime_error(std::string{"cannot start a child: "} + std::strerror(errno));
  std::fflush(nullptr);
  const int parent = ::getpid();
  const int process = ::fork();
  if (process < 0) throw std::runtime_error(std::string{"cannot start a child: "} + std::strerror(errno));
  if (process == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    // A run that fails is no accident that somebody wants to look into.
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    const rlimit memory{std::size_t{2} << 30, std::size_t{2} << 30};
    ::setrlimit(RLIMIT_AS, &memory);
    ::dup2(words, STDOUT_FILENO);
    ::dup2(words, STDERR_FILENO);
    std::signal(SIGALRM, SIG_DFL);
    ::alarm(seconds_max_);
    work_and_exit(work, words);
  }
  running_.emplace(process, Child{words, std::move(ended)});
}

void Children::wait() {
  int status = 0;
  rusage used{};
  const int process = ::wait4(-1, &status, 0, &used);
  const auto found = running_.find(process);
  if (found == running_.end()) return;
  const Child child = std::move(found->second);
  running_.erase(found);
  ChildEnd end;
  end.seconds = seconds_of(used);
  end.text = read_words(child.words);
  ::close(child.words);
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    end.how = signal == SIGALRM ? ChildEnd::How::hung : ChildEnd::How::crashed;
    end.text = std::string{"SIG"} + ::sigabbrev_np(signal) + ": " + end.text;
  } else if (WEXITSTATUS(status) == exit_killed) {
    end.how = ChildEnd::How::killed;
  } else if (WEXITSTATUS(status) != 0) {
    end.how = ChildEnd::How::crashed;
    end.text = "exit code " + std::to_string(WEXITSTATUS(status)) + ": " + end.text;
  }
  child.ended(end);
}

}  // namespace hawser::mutants
