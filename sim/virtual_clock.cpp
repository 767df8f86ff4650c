#include <hawser/sim/virtual_clock.hpp>

#include <hawser/base/assert.hpp>

namespace hawser::sim {
namespace {

__extension__ typedef __int128 Signed128;
constexpr Signed128 whole_ppm = 1'000'000;

}  // namespace

Instant VirtualClock::read(WorldTime at) const noexcept {
  const std::int64_t passed = to_us(at) - to_us(world_base_);
  if (ppm_ == 0) return later(local_base_, Duration{passed});
  return later(local_base_, Duration{static_cast<std::int64_t>(Signed128{passed} * (whole_ppm + ppm_) / whole_ppm)});
}

WorldTime VirtualClock::when(Instant local) const noexcept {
  if (local == never) return world_never;
  const std::int64_t wanted = hawser::to_us(local) - hawser::to_us(local_base_);
  if (wanted <= 0) return world_base_;
  if (ppm_ == 0) return later(world_base_, Duration{wanted});
  if (ppm_ == frozen) return world_never;
  const Signed128 rate = whole_ppm + ppm_;
  const Signed128 passed = (Signed128{wanted} * whole_ppm + rate - 1) / rate;
  if (passed >= Duration::max().count()) return world_never;
  return later(world_base_, Duration{static_cast<std::int64_t>(passed)});
}

void VirtualClock::set_rate(WorldTime now, std::int32_t ppm) noexcept {
  HAWSER_ASSERT(ppm >= frozen, "a clock never runs backwards");
  local_base_ = read(now);
  world_base_ = now;
  ppm_ = ppm;
}

void VirtualClock::step(WorldTime now, Duration forward) noexcept {
  HAWSER_ASSERT(forward >= Duration::zero(), "a clock never runs backwards");
  local_base_ = later(read(now), forward);
  world_base_ = now;
}

}  // namespace hawser::sim
