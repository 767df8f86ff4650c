// The real world for a node: ZeroMQ over TCP, the machine's clocks, files, and the io_context of the program around it.
//
// Any number of nodes may share a runtime, and runtimes share one ZeroMQ context per process. The io_context is run by
// exactly one thread at a time and outlives the runtime, which outlives its nodes. Only loop(), pool(), on_loop(),
// make_random(), wall_clock_us() and the scheduler's now() may be called from other threads.
// Until io.run() has run something, and whenever it stands still, the thread that built the runtime counts as the loop.
// A runtime does not survive fork().
#pragma once

#include <hawser/interconnect/runtime.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace hawser {

struct ZmqRuntimeOptions {
  // ZeroMQ's threads for this process; one moves about 1 GB/s. 1..64. The first runtime of a process decides.
  int io_threads = 1;
  // Threads for handlers that asked for one of their own, started on first use. 1..1024.
  int pool_threads = 2;
  // ZeroMQ sockets of this process, three per link. 16..65535; costs 12 bytes each. The first runtime decides.
  int max_sockets = 16'384;
  // What votes for nodes with strategy `arbiter` (interconnect/arbiter.hpp); the program's own, and outlives them.
  Arbiter* arbiter = nullptr;
};

class ZmqRuntime final : public Runtime {
 public:
  // Throws StartError when ZeroMQ cannot start or the process may open too few descriptors. Raises the soft limit on
  // descriptors towards the hard one, to at most 65536.
  explicit ZmqRuntime(boost::asio::io_context& io, ZmqRuntimeOptions options = {});
  // Waits for handlers that run on the pool.
  ~ZmqRuntime();
  ZmqRuntime(const ZmqRuntime&) = delete;
  ZmqRuntime& operator=(const ZmqRuntime&) = delete;

  Scheduler& scheduler() noexcept override;
  boost::asio::any_io_executor loop() override;
  boost::asio::any_io_executor pool() override;
  bool on_loop() const noexcept override;
  std::unique_ptr<Transport> make_transport(const TransportConfig& config, TransportEvents& events) override;
  std::unique_ptr<StableStorage> open_storage(const std::string& state_dir) override;
  Arbiter* arbiter() noexcept override;
  Random make_random() override;
  std::int64_t wall_clock_us() const noexcept override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace hawser
