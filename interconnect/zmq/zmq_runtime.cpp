#include <hawser/interconnect/zmq/zmq_runtime.hpp>

#include <hawser/interconnect/zmq/asio_scheduler.hpp>
#include <hawser/interconnect/zmq/file_storage.hpp>
#include <hawser/interconnect/zmq/loop_thread.hpp>
#include <hawser/interconnect/zmq/name_lookup.hpp>
#include <hawser/interconnect/zmq/zmq_context.hpp>
#include <hawser/interconnect/zmq/zmq_services.hpp>
#include <hawser/interconnect/zmq/zmq_transport.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <mutex>
#include <optional>
#include <sys/random.h>
#include <time.h>

namespace hawser {

struct ZmqRuntime::Parts {
  Parts(boost::asio::io_context& io_in, const ZmqRuntimeOptions& options_in)
      : io(io_in),
        options(options_in),
        context(ZmqContext::shared({.io_threads = options.io_threads, .max_sockets = options.max_sockets})),
        loop(std::make_shared<LoopThread>(io)),
        scheduler(io, *loop),
        names(io) {}

  boost::asio::io_context& io;
  ZmqRuntimeOptions options;
  std::shared_ptr<ZmqContext> context;
  std::shared_ptr<LoopThread> loop;
  AsioScheduler scheduler;
  NameLookup names;
  std::once_flag pool_started;
  std::optional<boost::asio::thread_pool> pool;
};

ZmqRuntime::ZmqRuntime(boost::asio::io_context& io, ZmqRuntimeOptions options)
    : parts_(std::make_unique<Parts>(io, options)) {
  // The first thing the loop runs: from then on the thread that runs it is known.
  boost::asio::post(io, [loop = parts_->loop] { loop->here(); });
}

ZmqRuntime::~ZmqRuntime() {
  if (parts_->pool) parts_->pool->join();
}

Scheduler& ZmqRuntime::scheduler() noexcept { return parts_->scheduler; }

boost::asio::any_io_executor ZmqRuntime::loop() { return parts_->io.get_executor(); }

boost::asio::any_io_executor ZmqRuntime::pool() {
  std::call_once(parts_->pool_started, [this] {
    parts_->pool.emplace(static_cast<std::size_t>(std::clamp(parts_->options.pool_threads, 1, 1024)));
  });
  return parts_->pool->get_executor();
}

bool ZmqRuntime::on_loop() const noexcept { return parts_->loop->is_here(); }

std::unique_ptr<Transport> ZmqRuntime::make_transport(const TransportConfig& config, TransportEvents& events) {
  const ZmqServices services{parts_->io, *parts_->loop, parts_->scheduler, parts_->names, parts_->context};
  return std::make_unique<ZmqTransport>(services, config, events);
}

std::unique_ptr<StableStorage> ZmqRuntime::open_storage(const std::string& state_dir) {
  if (state_dir.empty()) return nullptr;
  return std::make_unique<FileStorage>(state_dir);
}

Arbiter* ZmqRuntime::arbiter() noexcept { return parts_->options.arbiter; }

Random ZmqRuntime::make_random() {
  std::uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
    throw StartError("the system gives no random numbers (getrandom failed)");
  }
  return Random{seed};
}

std::int64_t ZmqRuntime::wall_clock_us() const noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace hawser
