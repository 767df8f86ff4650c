// Wakes the loop when any of many ZeroMQ sockets has something to say.
//
// ZeroMQ's descriptors are collected in one epoll set of our own, and only that set is registered with Asio. So Asio
// never holds a descriptor of ZeroMQ's (it would close it, and ZeroMQ aborts at exit then), no dup() is spent per
// socket, and one wake-up serves all of them. Loop thread only.
#pragma once

#include <hawser/base/unique_function.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <span>

namespace hawser {

class WakeSet {
 public:
  // Throws StartError when the system gives no descriptor.
  explicit WakeSet(boost::asio::io_context& io);
  ~WakeSet() = default;
  WakeSet(const WakeSet&) = delete;
  WakeSet& operator=(const WakeSet&) = delete;

  // `token` is what ready() tells. False when the system refuses (out of memory).
  bool add(int descriptor, std::uint64_t token) noexcept;
  // Must come before the descriptor is closed.
  void remove(int descriptor) noexcept;

  // The tokens that are ready now, without waiting; the filled part of `room`.
  std::span<std::uint64_t> ready(std::span<std::uint64_t> room) noexcept;

  // Runs `then` once, on the loop, when something is or becomes ready.
  template <typename F>
  void wait(F then) {
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [then = std::move(then)](const boost::system::error_code& error) mutable {
                             if (!error) then();
                           });
  }

 private:
  boost::asio::posix::stream_descriptor descriptor_;
};

}  // namespace hawser
