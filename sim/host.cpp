#include <hawser/sim/host.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/sim/skewed_transport.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace hawser::sim {
namespace {

constexpr std::int64_t wall_begin_us = 1'700'000'000'000'000;  // some day in 2023
constexpr std::uint64_t purpose_lateness = ~std::uint64_t{0};
constexpr std::uint64_t purpose_points = purpose_lateness - 1;

// The event of a turn is posted, so that the node runs inside its loop as it does on real time. Its handler lives in
// the host, not on the heap: there is one at a time.
template <typename T>
class OneTurnAllocator {
 public:
  using value_type = T;
  explicit OneTurnAllocator(std::byte* room) noexcept : room_(room) {}
  template <typename U>
  OneTurnAllocator(const OneTurnAllocator<U>& other) noexcept : room_(other.room()) {}  // NOLINT

  T* allocate(std::size_t count) {
    HAWSER_ASSERT(count * sizeof(T) <= room_bytes, "the handler of a turn fits into its room");
    return reinterpret_cast<T*>(room_);
  }
  void deallocate(T*, std::size_t) noexcept {}
  std::byte* room() const noexcept { return room_; }
  friend bool operator==(const OneTurnAllocator&, const OneTurnAllocator&) = default;

  static constexpr std::size_t room_bytes = 128;

 private:
  std::byte* room_;
};

}  // namespace

struct Host::Loop {
  boost::asio::io_context io{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  alignas(std::max_align_t) std::byte room[OneTurnAllocator<std::byte>::room_bytes];

  struct Turn {
    using allocator_type = OneTurnAllocator<void*>;
    Host* host;
    std::byte* room;
    allocator_type get_allocator() const noexcept { return allocator_type{room}; }
    void operator()() const {
      EventQueue::Action action = std::move(host->action_);
      action();
    }
  };
};

Host::Host(const Ground& ground, MachineId index, std::string name, Instant clock_begin, ProcessFactory factory)
    : ground_(ground),
      index_(index),
      name_(std::move(name)),
      factory_(std::move(factory)),
      clock_(clock_begin),
      lateness_(derived_random(purpose_lateness)),
      points_(derived_random(purpose_points)),
      wall_floor_(wall_begin_us),
      wall_last_(wall_begin_us) {}

Host::~Host() { end(ProcessEnd::silent); }

void Host::note(std::string_view what) {
  ground_.trace.add(ground_.now, TraceKind::process, index_, world_owner, starts_, what);
}

void Host::start() {
  HAWSER_ASSERT(!alive() && !in_turn_, "a host that is alive is not started again");
  ground_.network.power_on(index_);
  ++starts_;
  wall_floor_ = wall_last_ + 1;
  loop_ = std::make_unique<Loop>();
  note("started");
  try {
    run([this] { process_ = factory_(*this); });
  } catch (...) {
    end(ProcessEnd::with_reset);
    throw;
  }
}

void Host::end(ProcessEnd how) {
  HAWSER_ASSERT(!in_turn_, "a process is not ended from inside its own turn");
  if (loop_ == nullptr) return;
  if (how == ProcessEnd::stopped) process_.reset();  // closes in order what it has open
  ground_.network.process_ended(index_, how == ProcessEnd::silent);
  process_.reset();
  ground_.events.cancel_all(index_);
  ground_.arbiter.process_ended(index_);
  ground_.events.cancel(std::exchange(drain_, EventId::none));
  backlog_.clear();
  loop_.reset();
  action_ = {};
  paused_ = false;
  busy_until_ = ground_.now;
  note(how == ProcessEnd::stopped ? "stopped" : how == ProcessEnd::silent ? "lost power" : "crashed");
}

void Host::stop(std::function<void()> ended) {
  ground_.events.schedule(ground_.now, index_, [this, ended = std::move(ended)] { process_->stop(ended); });
}

void Host::pause() {
  if (!alive() || paused_) return;
  paused_ = true;
  ground_.events.cancel(std::exchange(drain_, EventId::none));
  note("paused");
}

void Host::resume() {
  if (!paused_) return;
  paused_ = false;
  note("resumed");
  if (!backlog_.empty()) drain_at(std::max(ground_.now, busy_until_));
}

bool Host::holding() const noexcept { return paused_ || !backlog_.empty() || ground_.now < busy_until_; }

void Host::take_next_event() {
  if (!holding()) {
    run(ground_.events.pop());
    return;
  }
  backlog_.push_back(ground_.events.park_next());
  if (!paused_ && drain_ == EventId::none) drain_at(busy_until_);
}

void Host::drain_at(WorldTime at) {
  drain_ = ground_.events.schedule(at, world_owner, [this] {
    drain_ = EventId::none;
    drain();
  });
}

void Host::drain() {
  while (!paused_ && !backlog_.empty() && busy_until_ <= ground_.now) {
    EventQueue::Action action = ground_.events.take_parked(backlog_.take_front());
    if (action) run(std::move(action));
  }
  if (!paused_ && !backlog_.empty()) drain_at(busy_until_);
}

void Host::run(EventQueue::Action what) {
  if (loop_ == nullptr) return;
  action_ = std::move(what);
  if (turn_cost_ > Duration::zero()) busy_until_ = later(ground_.now, turn_cost_);
  boost::asio::post(loop_->io.get_executor(), Loop::Turn{this, loop_->room});
  poll();
}

void Host::poll() {
  if (loop_ == nullptr || paused_) return;
  struct Guard {
    bool& flag;
    ~Guard() { flag = false; }
  };
  in_turn_ = true;
  const Guard guard{in_turn_};
  loop_->io.poll();
}

void Host::retime() {
  ground_.events.retime(index_, [this](Instant due) { return std::max(ground_.now, clock_.when(due)); });
}

void Host::set_clock_rate(std::int32_t ppm) {
  clock_.set_rate(ground_.now, ppm);
  retime();
}

void Host::step_clock(Duration forward) {
  clock_.step(ground_.now, forward);
  ++clock_jumps_;
  retime();
}

void Host::step_wall_clock(Duration by) noexcept {
  wall_offset_ += by;
  if (by >= Duration::zero()) return;
  wall_floor_ = 0;
  wall_last_ = 0;
}

std::int64_t Host::wall_clock_us() const noexcept {
  wall_last_ = std::max(wall_floor_, wall_begin_us + to_us(ground_.now) + wall_offset_.count());
  return wall_last_;
}

boost::asio::any_io_executor Host::loop() {
  HAWSER_ASSERT(loop_ != nullptr, "only a running host has a loop");
  return loop_->io.get_executor();
}

std::unique_ptr<Transport> Host::make_transport(const TransportConfig& config, TransportEvents& events) {
  const bool ours = speaks_.min == wire_version_min && speaks_.max == wire_version_max;
  if (ours) return std::make_unique<SimTransport>(ground_.network, index_, config, events);
  return std::make_unique<SkewedTransport>(speaks_, ground_.network, index_, config, events);
}

std::unique_ptr<StableStorage> Host::open_storage(const std::string& state_dir) {
  if (state_dir.empty()) return nullptr;
  return std::make_unique<SimStorage>(disk_, state_dir);
}

// Of its own for each host, run and use, whatever the others draw.
Random Host::derived_random(std::uint64_t purpose) const noexcept {
  Random mixed{ground_.seed ^ (std::uint64_t{index_} + 1) * 0x9e3779b97f4a7c15ULL};
  Random again{mixed.next() ^ (std::uint64_t{starts_} + 1) * 0xc2b2ae3d27d4eb4fULL};
  return Random{again.next() ^ (purpose + 1) * 0x165667b19e3779f9ULL};
}

bool Host::fires(FaultPoint point, std::string_view subject) {
  std::uint32_t chance = chances_[static_cast<std::size_t>(point)];
  if (!chances_of_.empty()) {
    const auto own = chances_of_.find({point, std::string{subject}});
    if (own != chances_of_.end()) chance = std::max(chance, own->second);
  }
  if (chance == 0 || !points_.chance(chance)) return false;
  ++points_fired_;
  ground_.trace.add(ground_.now, TraceKind::note, index_, world_owner, 0, to_string(point));
  return true;
}

Random Host::make_random() { return derived_random(randoms_++); }

TimerId Host::at(Instant at, UniqueFunction<void()> what) {
  WorldTime due = std::max(ground_.now, clock_.when(at));
  if (timers_late_ > Duration::zero()) due = later(due, lateness_.between(Duration::zero(), timers_late_));
  return static_cast<TimerId>(ground_.events.schedule_timer(due, index_, at, std::move(what)));
}

}  // namespace hawser::sim
