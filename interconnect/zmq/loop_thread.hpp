// Which thread is the loop: the one on which one of our handlers ran last.
//
// Until the loop has run anything, and whenever it stands still (the io_context is stopped), the thread that built the
// runtime counts as the loop, so that a program may set nodes up before io.run() and take them down after it.
// Thread safe.
#pragma once

#include <boost/asio/io_context.hpp>

#include <atomic>

namespace hawser {

class LoopThread {
 public:
  explicit LoopThread(boost::asio::io_context& io) noexcept : io_(io), owner_(me()), loop_(me()) {}

  // Called first in every handler that runs on the loop.
  void here() noexcept {
    if (loop_.load(std::memory_order_relaxed) != me()) loop_.store(me(), std::memory_order_relaxed);
  }

  bool is_here() const noexcept {
    if (loop_.load(std::memory_order_relaxed) == me()) return true;
    return me() == owner_ && io_.stopped();
  }

 private:
  // The address of a thread's own variable is a name for the thread that costs no call.
  static const void* me() noexcept {
    static thread_local const char mark = 0;
    return &mark;
  }

  boost::asio::io_context& io_;
  const void* const owner_;
  std::atomic<const void*> loop_;
};

}  // namespace hawser
