// SIGINT, SIGTERM and SIGHUP as a question: while one of these objects lives, they set a flag, make a descriptor
// readable, and do nothing else.
#pragma once

#include <hawser/base/time.hpp>

namespace hawser::tools {

// One at a time, on the main thread.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool came() const noexcept;
  // Readable once it came, and from then on: for those that wait for other things as well. Any thread.
  int descriptor() const noexcept;
  // Lets so much time pass. False at once when it came, or comes meanwhile.
  bool wait(Duration how_long) const;
};

}  // namespace hawser::tools
