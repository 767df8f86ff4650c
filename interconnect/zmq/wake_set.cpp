#include <hawser/interconnect/zmq/wake_set.hpp>

#include <hawser/interconnect/runtime.hpp>

#include <algorithm>
#include <array>
#include <sys/epoll.h>

namespace hawser {

WakeSet::WakeSet(boost::asio::io_context& io) : descriptor_(io) {
  const int set = epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) throw StartError("no descriptor is left for the transport; raise the limit on descriptors (ulimit -n)");
  descriptor_.assign(set);
}

bool WakeSet::add(int descriptor, std::uint64_t token) noexcept {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = token;
  return epoll_ctl(descriptor_.native_handle(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void WakeSet::remove(int descriptor) noexcept {
  epoll_event unused{};
  epoll_ctl(descriptor_.native_handle(), EPOLL_CTL_DEL, descriptor, &unused);
}

std::span<std::uint64_t> WakeSet::ready(std::span<std::uint64_t> room) noexcept {
  std::array<epoll_event, 64> events;
  const int most = static_cast<int>(std::min(room.size(), events.size()));
  const int got = epoll_wait(descriptor_.native_handle(), events.data(), most, 0);
  const std::size_t count = got > 0 ? static_cast<std::size_t>(got) : 0;
  for (std::size_t i = 0; i < count; ++i) room[i] = events[i].data.u64;
  return room.first(count);
}

}  // namespace hawser
