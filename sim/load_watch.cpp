#include <hawser/sim/load_watch.hpp>

#include <hawser/interconnect/node.hpp>

#include <algorithm>

namespace hawser::sim {
namespace {

std::uint64_t delivered(const Books& books) {
  std::uint64_t sum = 0;
  for (const auto& [key, row] : books.rows())
    sum += row.told[static_cast<std::size_t>(OutcomeKind::delivered)].messages;
  return sum;
}

// Of the processes that run now: one that has restarted begins anew.
std::uint64_t bytes_out(World& world) {
  std::uint64_t sum = 0;
  for (const std::string& name : world.hosts()) {
    if (const Node* node = world.node_if(name)) sum += node->snapshot().transport.bytes_out;
  }
  return sum;
}

}  // namespace

GoodputWatch::Rate GoodputWatch::measure(Duration span) {
  const std::uint64_t before = delivered(watch_.books());
  const std::uint64_t bytes = bytes_out(watch_.world());
  watch_.world().run_for(span);
  const std::uint64_t arrived = delivered(watch_.books()) - before;
  const std::uint64_t after = bytes_out(watch_.world());
  const auto us = static_cast<std::uint64_t>(span.count());
  return {arrived * 1'000'000 / us, (after > bytes ? after - bytes : 0) / std::max<std::uint64_t>(arrived, 1)};
}

void GoodputWatch::learn(Duration span) { normal_ = measure(span); }

Duration GoodputWatch::expect_return(Duration limit) {
  const WorldTime begin = watch_.world().now();
  Rate seen;
  while (watch_.world().now() < later(begin, limit)) {
    seen = measure(options_.window);
    const bool good = seen.delivered * 1000 >= normal_.delivered * options_.back_permille;
    const bool lean = seen.bytes_each * 1000 <= normal_.bytes_each * (1000 + options_.overhead_permille);
    if (good && lean) return watch_.world().now() - begin;
  }
  watch_.accuse({Invariant::metastability,
                 {},
                 std::to_string(limit.count() / 1000) + " ms after the trigger: " + std::to_string(seen.delivered) +
                     " delivered per second at " + std::to_string(seen.bytes_each) + " bytes each, before it " +
                     std::to_string(normal_.delivered) + " at " + std::to_string(normal_.bytes_each)});
  return limit;
}

}  // namespace hawser::sim
