#include "interrupt.hpp"

#include <hawser/base/assert.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace hawser::tools {
namespace {

constexpr std::array signals{SIGINT, SIGTERM, SIGHUP};
volatile std::sig_atomic_t interrupted = 0;
std::array<struct sigaction, signals.size()> before;
std::array<int, 2> wake_ends{-1, -1};
bool in_use = false;

void note_signal(int) {
  const int kept = errno;
  interrupted = 1;
  // Nobody reads it: full, it is as readable as it can be.
  const char byte = 's';
  const ssize_t ignored = ::write(wake_ends[1], &byte, 1);
  (void)ignored;
  errno = kept;
}

}  // namespace

Interrupt::Interrupt() {
  HAWSER_ASSERT(!in_use, "one at a time waits for interrupts");
  in_use = true;
  interrupted = 0;
  const int made = ::pipe2(wake_ends.data(), O_CLOEXEC | O_NONBLOCK);
  HAWSER_ASSERT(made == 0, "waiting for interrupts needs two descriptors");
  struct sigaction action {};
  action.sa_handler = note_signal;  // without SA_RESTART: who waits is woken
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &action, &before[i]);
}

Interrupt::~Interrupt() {
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &before[i], nullptr);
  for (int& end : wake_ends) ::close(std::exchange(end, -1));
  in_use = false;
}

bool Interrupt::came() const noexcept { return interrupted != 0; }

int Interrupt::descriptor() const noexcept { return wake_ends[0]; }

bool Interrupt::wait(Duration how_long) const {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::microseconds{how_long.count()};
  while (!came()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return true;
    pollfd waits{descriptor(), POLLIN, 0};
    ::poll(&waits, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
  }
  return false;
}

}  // namespace hawser::tools
