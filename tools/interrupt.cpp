#include "interrupt.hpp"

#include <hawser/base/assert.hpp>

#include <array>
#include <csignal>

namespace hawser::tools {
namespace {

constexpr std::array signals{SIGINT, SIGTERM, SIGHUP};
volatile std::sig_atomic_t interrupted = 0;
std::array<struct sigaction, signals.size()> before;
bool in_use = false;

void note_signal(int) { interrupted = 1; }

}  // namespace

Interrupt::Interrupt() {
  HAWSER_ASSERT(!in_use, "one at a time waits for interrupts");
  in_use = true;
  interrupted = 0;
  struct sigaction action {};
  action.sa_handler = note_signal;  // without SA_RESTART: who waits is woken
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &action, &before[i]);
}

Interrupt::~Interrupt() {
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &before[i], nullptr);
  in_use = false;
}

bool Interrupt::came() const noexcept { return interrupted != 0; }

}  // namespace hawser::tools
