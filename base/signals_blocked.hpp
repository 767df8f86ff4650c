// Blocks every signal on this thread while it lives. A thread that is started meanwhile inherits that: signals are for
// the thread that runs a loop, and none of the library's own may be the one that takes them.
#pragma once

#include <csignal>

namespace hawser {

class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace hawser
