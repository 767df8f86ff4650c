#include <hawser/interconnect/zmq/zmq_context.hpp>

#include <hawser/base/signals_blocked.hpp>
#include <hawser/interconnect/runtime.hpp>

#include <zmq.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>
#include <sys/resource.h>
#include <unistd.h>

namespace hawser {
namespace {

// Raising the limit further buys nothing: ZeroMQ knows at most 65 535 sockets.
constexpr rlim_t descriptors_wanted = 65'536;
// Below this not even a small node and its HTTP page fit.
constexpr rlim_t descriptors_needed = 64;

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min(limit.rlim_max, descriptors_wanted);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur < descriptors_needed) {
    throw StartError("this process may open only " + std::to_string(limit.rlim_cur) +
                     " descriptors, which is too few for a node; raise the limit (ulimit -n)");
  }
}

// ZeroMQ allocates each batch that comes on its own thread, and the loop frees it. By default glibc gives memory back
// to the kernel as soon as 128 KiB lie free at the end of a heap, so that every other batch is taken from it again,
// page by page: a fifth of a receiver's time. It raises that limit, to twice the size, when a block is freed that was
// large enough for a mapping of its own (mallopt(3), M_MMAP_THRESHOLD); one such block does it, once per process.
// Whoever has set a limit by hand, or uses another allocator, is not overruled.
void let_the_heap_rest() {
  constexpr std::size_t kept = 4u << 20;
  void* volatile block = std::malloc(kept / 2);
  std::free(block);
}

}  // namespace

std::shared_ptr<ZmqContext> ZmqContext::shared(const ZmqContextOptions& options) {
  static std::mutex lock;
  static std::weak_ptr<ZmqContext> living;
  const std::lock_guard hold{lock};
  std::shared_ptr<ZmqContext> context = living.lock();
  if (context == nullptr) {
    context = std::make_shared<ZmqContext>(options);
    living = context;
  }
  return context;
}

ZmqContext::ZmqContext(const ZmqContextOptions& options) {
  raise_descriptor_limit();
  let_the_heap_rest();
  const SignalsBlocked blocked;
  handle_ = zmq_ctx_new();
  if (handle_ == nullptr) throw StartError("ZeroMQ cannot start: out of memory or descriptors");
  zmq_ctx_set(handle_, ZMQ_IO_THREADS, std::max(1, options.io_threads));
  const int sockets_max = zmq_ctx_get(handle_, ZMQ_SOCKET_LIMIT);
  zmq_ctx_set(handle_, ZMQ_MAX_SOCKETS, std::clamp(options.max_sockets, 16, sockets_max));
  // ZeroMQ starts its threads with the first socket, so it is opened while the signals are blocked.
  void* first = zmq_socket(handle_, ZMQ_PAIR);
  if (first == nullptr) {
    const std::string why = zmq_strerror(zmq_errno());
    zmq_ctx_term(handle_);
    throw StartError("ZeroMQ cannot open its first socket (" + why + "); raise the limit on descriptors (ulimit -n)");
  }
  zmq_close(first);
}

ZmqContext::~ZmqContext() {
  zmq_ctx_shutdown(handle_);
  while (zmq_ctx_term(handle_) != 0 && zmq_errno() == EINTR) {
  }
}

std::string ZmqContext::private_endpoint() {
  static std::atomic<unsigned long> next{0};
  return "inproc://hawser-" + std::to_string(next.fetch_add(1, std::memory_order_relaxed));
}

bool descriptors_left(std::size_t count) noexcept {
  std::array<int, 32> opened{};
  count = std::min(count, opened.size());
  std::size_t got = 0;
  while (got < count) {
    const int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0) {
      opened[got++] = fd;
      continue;
    }
    if (errno == EBADF) got = count + 1;  // stderr is closed: nothing to copy, so nothing to learn
    break;
  }
  const bool enough = got >= count;
  for (std::size_t i = 0; i < std::min(got, count) && got <= count; ++i) close(opened[i]);
  return enough;
}

std::size_t descriptors_max() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return limit.rlim_cur;
}

}  // namespace hawser
