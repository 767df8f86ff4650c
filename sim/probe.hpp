// Probe: user code whose every message is in the books. One per run of a node, made in its app.
//
//   sim::Watch watch{world};
//   world.host("n1", config, [&](Node& node) {
//     auto probe = std::make_shared<sim::Probe>(node, watch.books(), world.clock());
//     probe->on<Note>([](Note::Reader, const Delivery&) {});
//     node.every(300ms, [probe] { probe->send("n2", Message<Note>{}, {.ttl = 2s}); return true; });
//   });
//
// Message types need a field `number :UInt64`, which the probe sets. All messages of such a type from that node must go
// through it, or the books do not agree with the node's. Handlers are plain functions of (T::Reader, const Delivery&),
// and may return a reply. Completions keep the books alone, so that a probe may end before them.
#pragma once

#include <hawser/base/assert.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/books.hpp>

#include <string>
#include <utility>

namespace hawser::sim {

class Probe {
 public:
  // All of them must outlive the run of the node.
  Probe(Node& node, Books& books, const WorldTime& now)
      : node_(node), books_(books), now_(now), run_{node.id().text(), node.incarnation()} {}

  // Handles T, after the delivery is entered.
  template <typename T, typename F>
  void on(F handler) {
    node_.on<T>([&books = books_, &now = now_, run = run_, handler = std::move(handler)](
                    typename T::Reader message, const Delivery& delivery) mutable {
      books.handled(message.getNumber(), run, {delivery.node.text(), delivery.incarnation}, now);
      return handler(message, delivery);
    });
  }

  // REQUIRES: options.ttl is given.
  template <typename T>
  void send(const std::string& to, Message<T> message, const SendOptions& options) {
    HAWSER_ASSERT(options.ttl > Duration::zero(), "a probe names the ttl of its message");
    const std::uint64_t number = enter(to, message, options.ttl);
    node_.peer(NodeId{to}).send(message, options, [&books = books_, &now = now_, number](Outcome outcome) {
      books.ended(number, outcome, now);
    });
  }

  // REQUIRES: options.timeout is given.
  template <typename Reply, typename T>
  void request(const std::string& to, Message<T> message, const RequestOptions& options) {
    HAWSER_ASSERT(options.timeout > Duration::zero(), "a probe names the deadline of its request");
    const std::uint64_t number = enter(to, message, options.timeout);
    node_.peer(NodeId{to})
        .template request<Reply>(message, options,
                                 [&books = books_, &now = now_, number](Result<Received<Reply>> result) {
                                   books.ended(number, result.outcome(), now);
                                 });
  }

  Node& node() noexcept { return node_; }

 private:
  template <typename T>
  std::uint64_t enter(const std::string& to, Message<T>& message, Duration ttl) {
    const std::uint64_t number = books_.next_number();
    message->setNumber(number);
    const EncodedMessage encoded = message.encode();
    books_.submitted(number, {run_, to, encoded.type.id}, encoded.bytes.size(), ttl, now_);
    return number;
  }

  Node& node_;
  Books& books_;
  const WorldTime& now_;
  RunId run_;
};

}  // namespace hawser::sim
