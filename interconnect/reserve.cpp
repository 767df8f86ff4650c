#include <hawser/interconnect/reserve.hpp>

#include <hawser/base/mutant.hpp>

namespace hawser {
namespace {

Lack take_both(Reserve& peer, Reserve& node, std::size_t bytes, std::size_t keep_peer, std::size_t keep_node) noexcept {
  if (!peer.try_take(bytes, keep_peer)) return Lack::peer;
  if (node.try_take(bytes, keep_node)) return Lack::nothing;
  peer.give_back(bytes);
  return Lack::node;
}

}  // namespace

Lack Share::take(std::size_t more) noexcept {
  const bool first = taken_ + more <= step;
  Reserve& peer = room_.peer.shares;
  Reserve& node = room_.node.shares;
  const Lack lack = take_both(peer, node, more, first ? 0 : peer.limit() / 4, first ? 0 : node.limit() / 4);
  if (lack == Lack::nothing) taken_ += more;
  return lack;
}

Lack Share::grow(std::size_t bytes) noexcept {
  const std::size_t whole_steps = (bytes + step - 1) / step * step;
  if (whole_steps >= bytes && take(whole_steps - taken_) == Lack::nothing) return Lack::nothing;
  return take(bytes - taken_);
}

void Share::shrink_to(std::size_t bytes) noexcept {
  if (bytes >= taken_) return;
  room_.peer.shares.give_back(taken_ - bytes);
  room_.node.shares.give_back(taken_ - bytes);
  taken_ = bytes;
}

Lack Loan::raise_to(std::size_t bytes) noexcept {
  if (bytes <= taken_) return Lack::nothing;
  const Lack lack = take_both(room_.peer.reserve, room_.node.reserve, bytes - taken_, 0, 0);
  if (lack == Lack::nothing) taken_ = bytes;
  return lack;
}

bool Loan::lower_to(std::size_t bytes) noexcept {
  if (bytes >= taken_) return false;
  room_.peer.reserve.give_back(taken_ - bytes);
  if (!mutant(Mutant::node_reserve_leaks)) room_.node.reserve.give_back(taken_ - bytes);
  taken_ = bytes;
  return true;
}

}  // namespace hawser
