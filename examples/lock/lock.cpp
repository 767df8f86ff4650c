#include "lock/lock.hpp"

#include "lock.capnp.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace lock {

using hawser::Delivery;
using hawser::Duration;
using hawser::Instant;
using hawser::Message;
using hawser::Node;

namespace {

// Who has it, and until when, on the server's clock.
struct Lease {
  hawser::NodeId holder;
  hawser::Incarnation incarnation = hawser::Incarnation::unknown;
  Instant until{};
};

void serve(Node& node, const Options& options) {
  // A server that starts again has forgotten its lease: it waits until none can be left.
  const auto lease = std::make_shared<Lease>();
  lease->until = node.now() + options.lease;
  node.on<Acquire>([&node, lease, options](Acquire::Reader, const Delivery& from) {
    const Instant now = node.now();
    const bool its_own = lease->holder == from.node && lease->incarnation == from.incarnation;
    const bool free = now >= lease->until;
    if (its_own || free) *lease = {from.node, from.incarnation, now + options.lease};
    Message<Granted> answer;
    answer->setHeld(its_own || free);
    return answer;
  });
}

}  // namespace

bool Client::holds() const {
  if (options_.takes_silence_for_yes) return holding_;
  return holding_ && node_.now() < until_;
}

void Client::tick(const std::shared_ptr<Client>& self) {
  const Instant now = self->node_.now();
  if (self->holding_ && now >= self->turn_ends_) self->let_go(now);
  if (now < self->rests_until_) return;
  hawser::RequestOptions options;
  options.timeout = self->options_.lease;
  self->node_.peer(self->options_.server)
      .request<Granted>(Message<Acquire>{}, options,
                        [self, now](const hawser::Result<hawser::Received<Granted>>& answer) {
                          if (answer) self->answered(now, answer.value()->getHeld());
                        });
}

void Client::answered(Instant asked, bool held) {
  if (asked < ignores_until_) return;
  if (held && !holding_) {
    ++turns_;
    turn_ends_ = node_.now() + options_.turn;
  }
  holding_ = held;
  // Shorter by what two clocks may differ in rate, so that the server's lease is the longer one.
  const Duration lease = options_.lease * (100 - 2 * options_.drift_percent) / 100;
  if (held) until_ = std::max(until_, asked + lease);
}

// Nothing is said to the server: its lease runs out.
void Client::let_go(Instant now) {
  holding_ = false;
  ignores_until_ = now;
  rests_until_ = now + 2 * options_.lease;
}

std::shared_ptr<Client> start(Node& node, const Options& options) {
  if (node.id() == options.server) {
    serve(node, options);
    return nullptr;
  }
  auto client = std::make_shared<Client>(node, options);
  node.every(options.ask_every, [client] {
    Client::tick(client);
    return true;
  });
  return client;
}

}  // namespace lock
