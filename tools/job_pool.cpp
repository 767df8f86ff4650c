#include "job_pool.hpp"

#include "text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace hawser::tools {
namespace {

constexpr std::size_t last_words_bytes = 4096;
constexpr int look_again_ms = 200;

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void close_if_open(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

bool read_all(int from, void* into, std::size_t bytes) {
  auto* at = static_cast<char*>(into);
  while (bytes > 0) {
    const ssize_t got = ::read(from, at, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_all(int to, const void* from, std::size_t bytes) {
  const auto* at = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t put = ::write(to, at, bytes);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    at += put;
    bytes -= static_cast<std::size_t>(put);
  }
  return true;
}

// The end of what a worker said on its standard error, line by line harmless to a terminal.
std::string last_words(int file) {
  const off_t size = ::lseek(file, 0, SEEK_END);
  if (size <= 0) return {};
  const off_t begin = std::max<off_t>(0, size - static_cast<off_t>(last_words_bytes));
  std::string raw(static_cast<std::size_t>(size - begin), '\0');
  const ssize_t got = ::pread(file, raw.data(), raw.size(), begin);
  raw.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  std::string text;
  for (std::size_t at = 0; at < raw.size();) {
    const std::size_t end = std::min(raw.find('\n', at), raw.size());
    text += (text.empty() ? "" : "\n") + printable(raw.substr(at, end - at));
    at = end + 1;
  }
  return text;
}

std::string in_words(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    const char* const name = ::sigabbrev_np(signal);
    return "SIG" + std::string{name == nullptr ? std::to_string(signal) : name};
  }
  return "exit code " + std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : status);
}

}  // namespace

unsigned usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

JobPool::~JobPool() {
  for (Worker& worker : workers_) {
    if (worker.process > 0) ::kill(worker.process, SIGKILL);
    dismiss(worker);
  }
}

void JobPool::work(int jobs, int answers) {
  // Jobs free what the next one allocates again: giving the memory back in between costs a fifth of the time.
  ::mallopt(M_TRIM_THRESHOLD, 256 << 20);
  ::mallopt(M_TOP_PAD, 4 << 20);
  ::mallopt(M_MMAP_THRESHOLD, 16 << 20);
  std::uint64_t job = 0;
  while (read_all(jobs, &job, sizeof job)) {
    std::string text;
    try {
      text = work_(job);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(1);
    }
    const std::uint64_t length = text.size();
    if (!write_all(answers, &length, sizeof length) || !write_all(answers, text.data(), text.size())) break;
  }
  ::_exit(0);
}

JobPool::Worker JobPool::start() {
  std::array<int, 2> jobs{-1, -1};
  std::array<int, 2> answers{-1, -1};
  const int words = ::memfd_create("last words", MFD_CLOEXEC);
  if (words < 0 || ::pipe2(jobs.data(), O_CLOEXEC) != 0 || ::pipe2(answers.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("cannot start a worker: " + std::string{std::strerror(errno)});
  }
  std::fflush(nullptr);
  const int parent = ::getpid();
  const int process = ::fork();
  if (process < 0) throw std::runtime_error("cannot start a worker: " + std::string{std::strerror(errno)});
  if (process == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    std::signal(SIGINT, SIG_IGN);
    std::signal(SIGTERM, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
    // Whoever catches these in the parent is not asked here: the worker dies of them, and its parent says so.
    for (const int fatal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(fatal, SIG_DFL);
    ::dup2(words, STDERR_FILENO);
    // A sibling's end that stays open here would keep that sibling from noticing that there is no more to do.
    for (const Worker& sibling : workers_) {
      for (const int end : {sibling.jobs, sibling.answers, sibling.words}) {
        if (end >= 0) ::close(end);
      }
    }
    ::close(jobs[1]);
    ::close(answers[0]);
    work(jobs[0], answers[1]);
  }
  ::close(jobs[0]);
  ::close(answers[1]);
  ::fcntl(answers[0], F_SETFL, O_NONBLOCK);
  Worker worker;
  worker.process = process;
  worker.jobs = jobs[1];
  worker.answers = answers[0];
  worker.words = words;
  return worker;
}

bool JobPool::hand_out(Worker& worker, const Calls& calls) {
  const std::optional<std::uint64_t> job = calls.next();
  if (!job) {
    dismiss(worker);
    return false;
  }
  worker.busy = true;
  worker.job = *job;
  worker.deadline = now_seconds() + options_.seconds_per_job_max;
  write_all(worker.jobs, &*job, sizeof *job);  // a worker that has died shows itself by its answers' end
  return true;
}

bool JobPool::take_answers(Worker& worker, const Calls& calls) {
  std::array<char, 65536> room;
  while (true) {
    const ssize_t got = ::read(worker.answers, room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) return false;
    worker.partial.append(room.data(), static_cast<std::size_t>(got));
  }
  std::uint64_t length = 0;
  if (worker.partial.size() < sizeof length) return true;
  std::memcpy(&length, worker.partial.data(), sizeof length);
  if (worker.partial.size() - sizeof length < length) return true;
  worker.busy = false;
  const JobEnd end{worker.job, JobEnd::How::answered, worker.partial.substr(sizeof length), {}};
  worker.partial.clear();
  calls.ended(end);
  return true;
}

// Closes what leads to the worker, and waits until it has gone: at once when it was killed or found no more to do.
int JobPool::dismiss(Worker& worker) {
  close_if_open(worker.jobs);
  close_if_open(worker.answers);
  int status = 0;
  if (worker.process > 0) {
    rusage used{};
    while (::wait4(worker.process, &status, 0, &used) < 0 && errno == EINTR) {
    }
    cpu_seconds_ += static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                    static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    worker.process = -1;
  }
  close_if_open(worker.words);
  return status;
}

JobEnd JobPool::bury(Worker& worker, bool hung) {
  JobEnd end;
  end.job = worker.job;
  end.how = hung ? JobEnd::How::hung : JobEnd::How::crashed;
  if (hung) ::kill(worker.process, SIGKILL);
  const int words = std::exchange(worker.words, -1);
  end.cause = in_words(dismiss(worker));
  end.text = last_words(words);
  ::close(words);
  return end;
}

void JobPool::run(const Calls& calls) {
  // A worker that has died must not take us along when it is handed a job.
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  workers_.reserve(workers());
  for (unsigned i = 0; i < workers(); ++i) {
    workers_.push_back(start());
    if (!hand_out(workers_.back(), calls)) break;
  }
  while (calls.go_on()) {
    std::vector<pollfd> waits;
    std::vector<Worker*> of;
    for (Worker& worker : workers_) {
      if (!worker.busy) continue;
      waits.push_back({worker.answers, POLLIN, 0});
      of.push_back(&worker);
    }
    if (waits.empty()) break;
    if (::poll(waits.data(), waits.size(), look_again_ms) < 0) continue;  // a signal
    const double now = now_seconds();
    for (std::size_t i = 0; i < waits.size(); ++i) {
      Worker& worker = *of[i];
      const bool died = waits[i].revents != 0 && !take_answers(worker, calls);
      const bool hung = !died && worker.busy && now > worker.deadline;
      if (died || hung) {
        calls.ended(bury(worker, hung));
        worker = start();
        hand_out(worker, calls);
      } else if (!worker.busy) {
        hand_out(worker, calls);
      }
    }
  }
  for (Worker& worker : workers_) {
    if (worker.busy && worker.process > 0) ::kill(worker.process, SIGKILL);
    dismiss(worker);
  }
  workers_.clear();
  std::signal(SIGPIPE, before);
}

}  // namespace hawser::tools
