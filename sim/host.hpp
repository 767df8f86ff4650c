// A simulated host: machine, clock, disk, and the process that runs on it. To that process it is the Runtime.
//
// Each run of the process has an io_context of its own, polled by the world; a crash destroys the process, then its
// timers, then the io_context with all its coroutines. A paused host is not polled and its timers do not fire, while
// its clock goes on and its kernel buffers what arrives. Everything happens on the world's one thread.
#pragma once

#include <hawser/base/fault_point.hpp>
#include <hawser/base/ring.hpp>
#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/runtime.hpp>
#include <hawser/sim/event_queue.hpp>
#include <hawser/sim/network.hpp>
#include <hawser/sim/sim_arbiter.hpp>
#include <hawser/sim/sim_storage.hpp>
#include <hawser/sim/virtual_clock.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hawser::sim {

// What runs on a host: a node with its application, or anything else that uses the ports.
class Process {
 public:
  virtual ~Process() = default;
  // Stops on purpose; `done`, called in some turn of the host, ends the process.
  virtual void stop(UniqueFunction<void()> done) { done(); }
};

class Host;
// Called in the first turn of each run.
using ProcessFactory = std::function<std::unique_ptr<Process>(Host&)>;

// What the hosts of one world share. All of it outlives them.
struct Ground {
  EventQueue& events;
  Network& network;
  Trace& trace;
  SimArbiter& arbiter;
  const WorldTime& now;
  std::uint64_t seed;
};

enum class ProcessEnd : std::uint8_t {
  silent,      // power loss: nobody is told, the machine is off until the restart
  with_reset,  // the process dies, its machine resets its connections
  stopped,     // on purpose: connections end in order
};

class Host final : public Runtime, public Scheduler, public FaultPoints {
 public:
  Host(const Ground& ground, MachineId index, std::string name, Instant clock_begin, ProcessFactory factory);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const std::string& name() const noexcept { return name_; }
  MachineId index() const noexcept { return index_; }
  Disk& disk() noexcept { return disk_; }
  std::uint32_t starts() const noexcept { return starts_; }
  bool alive() const noexcept { return process_ != nullptr; }
  // Null while nothing runs.
  Process* process() noexcept { return process_.get(); }

  // REQUIRES, all of these: not from inside a turn of a host.
  void start();
  void end(ProcessEnd how);  // nothing if it is not alive
  // Begins a graceful stop; `ended` is called in a turn when the process may be ended.
  void stop(std::function<void()> ended);
  void pause();
  void resume();
  bool paused() const noexcept { return paused_; }
  // It runs, but slowly, with late timers, by a clock of its own rate, or interfered with.
  bool hampered() const noexcept {
    const bool points = !chances_of_.empty() || chances_ != decltype(chances_){};
    return turn_cost_ > Duration::zero() || timers_late_ > Duration::zero() || clock_.rate() != 0 || points;
  }
  // Its clock does not go on: no timer fires.
  bool clock_stands() const noexcept { return clock_.rate() == VirtualClock::frozen; }
  std::uint32_t clock_jumps() const noexcept { return clock_jumps_; }
  // Each turn keeps the host busy for so long; what comes meanwhile waits.
  void set_turn_cost(Duration cost) noexcept { turn_cost_ = cost; }
  // Timers fire up to so much late.
  void set_timers_late(Duration most) noexcept { timers_late_ = most; }
  Duration timers_late() const noexcept { return timers_late_; }
  void set_clock_rate(std::int32_t ppm);
  void step_clock(Duration forward);
  // A step back may give a later run an older wall clock time than an earlier run has seen.
  void step_wall_clock(Duration by) noexcept;

  // From now on such a point fires with that chance, in millionths; with a subject, only for it.
  void set_fault_point(FaultPoint point, std::uint32_t chance) { chances_[static_cast<std::size_t>(point)] = chance; }
  void set_fault_point(FaultPoint point, const std::string& subject, std::uint32_t chance) {
    if (chance == 0) {
      chances_of_.erase({point, subject});
    } else {
      chances_of_[{point, subject}] = chance;
    }
  }
  void fault_points_off() noexcept {
    chances_ = {};
    chances_of_.clear();
  }
  std::uint64_t fault_points_fired() const noexcept { return points_fired_; }
  // The wire versions that its build speaks, from its next start on; ours, unless told otherwise.
  void set_speaks(VersionRange speaks) noexcept { speaks_ = speaks; }
  VersionRange speaks() const noexcept { return speaks_; }

  // Runs one event of this host as a turn, or parks the next event of the queue while it cannot run.
  void take_next_event();
  // Runs what was posted from outside a turn.
  void poll();
  bool in_turn() const noexcept { return in_turn_; }

  // Runtime.
  Scheduler& scheduler() noexcept override { return *this; }
  boost::asio::any_io_executor loop() override;
  boost::asio::any_io_executor pool() override { return loop(); }
  // The world has one thread, so that every caller is on it.
  bool on_loop() const noexcept override { return true; }
  std::unique_ptr<Transport> make_transport(const TransportConfig& config, TransportEvents& events) override;
  std::unique_ptr<StableStorage> open_storage(const std::string& state_dir) override;
  Arbiter* arbiter() noexcept override { return &ground_.arbiter.client(index_); }
  Random make_random() override;
  std::int64_t wall_clock_us() const noexcept override;
  FaultPoints* fault_points() noexcept override { return this; }

  // FaultPoints. Each that fires enters the trace.
  bool fires(FaultPoint point, std::string_view subject) override;

  // Scheduler.
  Instant now() const noexcept override { return clock_.read(ground_.now); }
  TimerId at(Instant at, UniqueFunction<void()> what) override;
  void cancel(TimerId id) noexcept override { ground_.events.cancel_of(index_, static_cast<EventId>(id)); }

 private:
  struct Loop;
  void run(EventQueue::Action what);
  bool holding() const noexcept;
  void drain();
  void drain_at(WorldTime at);
  void retime();
  void note(std::string_view what);
  Random derived_random(std::uint64_t purpose) const noexcept;

  Ground ground_;
  MachineId index_;
  std::string name_;
  ProcessFactory factory_;
  VirtualClock clock_;
  Disk disk_;
  std::uint32_t starts_ = 0;  // what is derived from it follows
  Random lateness_;
  Random points_;
  std::array<std::uint32_t, fault_point_count> chances_{};
  std::map<std::pair<FaultPoint, std::string>, std::uint32_t> chances_of_;
  std::uint64_t points_fired_ = 0;
  VersionRange speaks_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Process> process_;
  EventQueue::Action action_;
  std::uint64_t randoms_ = 0;
  bool in_turn_ = false;
  bool paused_ = false;
  Duration turn_cost_{0};
  Duration timers_late_{0};
  WorldTime busy_until_ = world_begin;
  Ring<EventId> backlog_;
  EventId drain_ = EventId::none;
  std::uint32_t clock_jumps_ = 0;
  Duration wall_offset_{0};
  std::int64_t wall_floor_;
  mutable std::int64_t wall_last_;
};

}  // namespace hawser::sim
