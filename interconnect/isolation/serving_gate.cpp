#include <hawser/interconnect/isolation/serving_gate.hpp>

namespace hawser {

// Every field is read with acquire, so the second look at the version comes after all of them; every field is written
// with release, so whoever sees a new field sees the odd version before it.
Permission ServingGate::ask(Instant now) const noexcept {
  for (;;) {
    const std::uint64_t version = version_.load(std::memory_order_acquire);
    const std::int64_t until = until_us_.load(std::memory_order_acquire);
    const std::uint64_t counter = counter_.load(std::memory_order_acquire);
    const std::uint32_t proposer = proposer_.load(std::memory_order_acquire);
    const std::uint64_t incarnation = proposer_incarnation_.load(std::memory_order_acquire);
    if (version % 2 != 0 || version_.load(std::memory_order_relaxed) != version) continue;
    return {to_us(now) < until, instant_from_us(until), {counter, proposer, Incarnation{incarnation}}};
  }
}

void ServingGate::set(Instant until, const Epoch& epoch) noexcept {
  const std::uint64_t version = version_.load(std::memory_order_relaxed);
  version_.store(version + 1, std::memory_order_relaxed);
  until_us_.store(to_us(until), std::memory_order_release);
  counter_.store(epoch.counter, std::memory_order_release);
  proposer_.store(epoch.proposer, std::memory_order_release);
  proposer_incarnation_.store(to_number(epoch.proposer_incarnation), std::memory_order_release);
  version_.store(version + 2, std::memory_order_release);
}

}  // namespace hawser
