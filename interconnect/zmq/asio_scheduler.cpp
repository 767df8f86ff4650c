#include <hawser/interconnect/zmq/asio_scheduler.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/interconnect/zmq/cycle_clock.hpp>
#include <hawser/interconnect/zmq/loop_thread.hpp>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <time.h>
#include <utility>

namespace hawser {
namespace {

Instant read_clock() noexcept {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return instant_from_us(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000);
}

// What the clock said when this thread first saw that tick.
struct LastTick {
  timespec tick{};
  Instant read{};
};
constinit thread_local LastTick last_tick;

// Timers one wake-up runs before the loop's other work gets its turn.
constexpr int run_max = 256;
// Asio's clock stands still while the machine sleeps; waiting in pieces notices soon after.
constexpr Duration wait_max{5'000'000};
constexpr std::size_t tidy_min = 64;

}  // namespace

// Shared with the Asio timer's handler, which may outlive the scheduler inside the io_context.
class AsioScheduler::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(boost::asio::io_context& io, LoopThread& loop) : timer_(io), loop_(loop) {}

  TimerId set(Instant at, UniqueFunction<void()> what) {
    const std::uint32_t place = take_place();
    Place& entry = places_[place];
    entry.what = std::move(what);
    heap_.push_back({at, next_order_++, place, entry.generation});
    std::push_heap(heap_.begin(), heap_.end(), later_than);
    ++waiting_;
    if (!running_ && at < armed_for_) arm();
    return TimerId{(std::uint64_t{entry.generation} << 32) | place};
  }

  void cancel(TimerId id) noexcept {
    const auto place = static_cast<std::uint32_t>(static_cast<std::uint64_t>(id));
    const auto generation = static_cast<std::uint32_t>(static_cast<std::uint64_t>(id) >> 32);
    if (place >= places_.size() || places_[place].generation != generation || !places_[place].what) return;
    const UniqueFunction<void()> dropped = release(place);
    if (heap_.size() >= tidy_min && waiting_ < heap_.size() / 2) tidy();
  }

  void stop() noexcept {
    stopped_ = true;
    timer_.cancel();
    heap_.clear();
    places_.clear();
    waiting_ = 0;
  }

  std::size_t waiting() const noexcept { return waiting_; }

 private:
  struct Place {
    UniqueFunction<void()> what;
    std::uint32_t generation = 1;
  };
  struct Due {
    Instant at;
    std::uint64_t order;
    std::uint32_t place;
    std::uint32_t generation;
  };

  static bool later_than(const Due& a, const Due& b) noexcept { return a.at != b.at ? a.at > b.at : a.order > b.order; }

  bool alive(const Due& due) const noexcept { return places_[due.place].generation == due.generation; }

  std::uint32_t take_place() {
    if (!free_.empty()) {
      const std::uint32_t place = free_.back();
      free_.pop_back();
      return place;
    }
    places_.emplace_back();
    free_.reserve(places_.capacity());  // so that release, and with it cancel, cannot throw
    return static_cast<std::uint32_t>(places_.size() - 1);
  }

  UniqueFunction<void()> release(std::uint32_t place) noexcept {
    Place& entry = places_[place];
    UniqueFunction<void()> what = std::move(entry.what);
    entry.what = nullptr;
    if (++entry.generation == 0) entry.generation = 1;
    free_.push_back(place);
    --waiting_;
    return what;
  }

  void tidy() noexcept {
    std::erase_if(heap_, [this](const Due& due) { return !alive(due); });
    std::make_heap(heap_.begin(), heap_.end(), later_than);
  }

  void pop() noexcept {
    std::pop_heap(heap_.begin(), heap_.end(), later_than);
    heap_.pop_back();
  }

  void arm() {
    while (!heap_.empty() && !alive(heap_.front())) pop();
    if (heap_.empty()) {
      armed_for_ = never;
      return;
    }
    armed_for_ = heap_.front().at;
    timer_.expires_after(std::min(until(read_clock(), armed_for_), wait_max));
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      if (error) return;
      if (const auto core = weak.lock()) core->run();
    });
  }

  // Ends a run even where a timer throws, so that the others are not lost with it.
  struct Rearm {
    Core& core;
    ~Rearm() {
      core.running_ = false;
      core.arm();
    }
  };

  void run() {
    loop_.here();
    running_ = true;
    const Rearm rearm{*this};
    const Instant now = read_clock();
    for (int ran = 0; ran < run_max && !heap_.empty() && heap_.front().at <= now;) {
      const Due due = heap_.front();
      pop();
      if (!alive(due)) continue;
      UniqueFunction<void()> what = release(due.place);
      ++ran;
      what();
    }
  }

  boost::asio::steady_timer timer_;
  LoopThread& loop_;
  std::vector<Due> heap_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;
  Instant armed_for_ = never;
  std::uint64_t next_order_ = 0;
  std::size_t waiting_ = 0;
  bool running_ = false;
  bool stopped_ = false;
};

AsioScheduler::AsioScheduler(boost::asio::io_context& io, LoopThread& loop) : core_(std::make_shared<Core>(io, loop)) {}

AsioScheduler::~AsioScheduler() { core_->stop(); }

Instant AsioScheduler::now() const noexcept { return read_clock(); }

Instant AsioScheduler::about_now() const noexcept {
  static thread_local CycleClock clock;
  return clock.now(read_clock);
}

// The kernel notes the time of its last tick where reading it costs a tenth of reading the clock.
Instant AsioScheduler::tick_now() const noexcept {
  timespec coarse{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &coarse);
  if (coarse.tv_nsec != last_tick.tick.tv_nsec || coarse.tv_sec != last_tick.tick.tv_sec) [[unlikely]]
    last_tick = {coarse, read_clock()};
  return last_tick.read;
}

TimerId AsioScheduler::at(Instant at, UniqueFunction<void()> what) {
  HAWSER_ASSERT(static_cast<bool>(what), "a timer has something to run");
  return core_->set(at, std::move(what));
}

void AsioScheduler::cancel(TimerId id) noexcept { core_->cancel(id); }

std::size_t AsioScheduler::waiting() const noexcept { return core_->waiting(); }

}  // namespace hawser
