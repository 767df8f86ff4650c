// SIGINT, SIGTERM and SIGHUP as a question: while one of these objects lives, they set a flag and nothing else.
#pragma once

namespace hawser::tools {

// One at a time, on the main thread.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool came() const noexcept;
};

}  // namespace hawser::tools
