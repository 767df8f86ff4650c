// Timers on real time: a heap of deadlines behind one Asio timer.
//
// The clock is CLOCK_BOOTTIME, which counts the time a machine spends asleep: a lease that ran out during a suspend has
// run out. Timers due at the same instant run in the order in which they were set. now() may be called on any thread,
// everything else on the loop only. Cancelled timers cost their place in the heap until half of it is such places.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/base/unique_function.hpp>
#include <hawser/interconnect/runtime.hpp>

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace hawser {

class LoopThread;

class AsioScheduler final : public Scheduler {
 public:
  AsioScheduler(boost::asio::io_context& io, LoopThread& loop);
  // Timers that have not run never will.
  ~AsioScheduler();
  AsioScheduler(const AsioScheduler&) = delete;
  AsioScheduler& operator=(const AsioScheduler&) = delete;

  Instant now() const noexcept override;
  Instant about_now() const noexcept override;
  Instant tick_now() const noexcept override;
  TimerId at(Instant at, UniqueFunction<void()> what) override;
  void cancel(TimerId id) noexcept override;

  // How many timers wait.
  std::size_t waiting() const noexcept;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace hawser
