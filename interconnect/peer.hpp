// Peer: a handle to one remote node, cheap to copy. Any thread may use it.
//
// A handle for an id that is not configured is allowed: its sends end as unreachable, cause unknown_peer. A handle must
// not outlive its Node.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/completion.hpp>
#include <hawser/interconnect/message.hpp>
#include <hawser/interconnect/outcome.hpp>
#include <hawser/interconnect/snapshot.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace hawser {

class NodeCore;
class PeerCore;
class RequestRetries;

// All of it optional. Trivially destructible on purpose: see coroutine.hpp.
struct SendOptions {
  Duration ttl{0};        // 0: the type's, else the configuration's; at least 5 ms, at most a day
  std::uint64_t key = 0;  // for keep_latest: what this message is the latest of
  // The group (tenant) it belongs to; 0: none. Each group has a share of the type's channel that others cannot take,
  // and groups take turns; order is kept within a group.
  std::uint64_t group = 0;
  Instant deadline =
      never;  // on this node's clock: the TTL ends then at the latest, as in `{.deadline = from.deadline}`
};
static_assert(std::is_trivially_destructible_v<SendOptions>);

struct RequestOptions {
  Duration timeout{0};       // the deadline, from now; 0: as the ttl of a send
  std::uint64_t group = 0;   // as of a send
  Instant deadline = never;  // on this node's clock; the earlier one of the two holds
  // Makes it again when it may help and may be done; null: once. It outlives the request. See request_retries.hpp.
  RequestRetries* retries = nullptr;
};
static_assert(std::is_trivially_destructible_v<RequestOptions>);

// Gives up one send or request. Any thread; harmless when it has ended already, or the node is gone.
class CancelSend {
 public:
  CancelSend(std::weak_ptr<NodeCore> node, std::weak_ptr<PeerCore> peer, TypeId type, std::uint64_t ticket)
      : node_(std::move(node)), peer_(std::move(peer)), type_(type), ticket_(ticket) {}
  // `total` alone gives up only what has not left yet.
  void operator()(boost::asio::cancellation_type_t type) const;

 private:
  std::weak_ptr<NodeCore> node_;
  std::weak_ptr<PeerCore> peer_;
  TypeId type_;
  std::uint64_t ticket_;
};

class Peer {
 public:
  const NodeId& id() const noexcept { return id_; }
  // False for an id that is not configured.
  bool known() const noexcept { return core_ != nullptr; }

  // Sends and tells how it ended: completion signature void(Outcome). Awaitable by default; any completion token works
  // (a callback, boost::asio::use_future). Its cancellation slot is honoured: what is cancelled unsent ends as expired,
  // what has left as unknown, both at once and with the cause `cancelled`.
  template <typename T, typename Token = boost::asio::use_awaitable_t<>>
  auto send(const Message<T>& message, SendOptions options = {}, Token&& token = {}) {
    return send(message.encode(), options, std::forward<Token>(token));
  }
  template <typename Token = boost::asio::use_awaitable_t<>>
  auto send(EncodedMessage message, SendOptions options = {}, Token&& token = {}) {
    return boost::asio::async_initiate<Token, void(Outcome)>(
        [this_peer = *this](auto handler, EncodedMessage encoded, SendOptions chosen) {
          const std::uint64_t ticket = this_peer.cancellable(handler, encoded.type.id);
          this_peer.submit(std::move(encoded), chosen, ticket,
                           make_outcome_completion(std::move(handler), this_peer.loop()));
        },
        token, std::move(message), options);
  }

  // Admits the message or says why not, now; nothing tells how it ends but the ledger. `delivered` here means admitted.
  template <typename T>
  Outcome try_post(const Message<T>& message, SendOptions options = {}) const {
    return post(message.encode(), options);
  }
  Outcome try_post(const EncodedMessage& message, SendOptions options = {}) const {
    const bool copies = message.bytes && message.bytes.size() <= Buffer::worth_sharing;
    return post({message.type, copies ? Buffer::copy(message.bytes.bytes()) : message.bytes}, options);
  }

  // Sends a request and waits for its reply: completion signature void(Result<Received<Reply>>). Cancelled like a send;
  // the peer is told, and its handler sees `cancelled()`. A request made while a handler works on another one inherits
  // its deadline and its cancellation: see delivery.hpp.
  template <typename Reply, typename T, typename Token = boost::asio::use_awaitable_t<>>
  auto request(const Message<T>& message, RequestOptions options = {}, Token&& token = {}) {
    return boost::asio::async_initiate<Token, void(Result<Received<Reply>>)>(
        [this_peer = *this](auto handler, EncodedMessage encoded, RequestOptions chosen) {
          const std::uint64_t ticket = this_peer.cancellable(handler, encoded.type.id);
          this_peer.ask(std::move(encoded), chosen, ticket,
                        make_reply_completion<Reply>(std::move(handler), this_peer.loop()));
        },
        token, message.encode(), options);
  }

  PeerHealth health() const;

 private:
  friend class Node;
  Peer(NodeId id, NodeCore* node, std::shared_ptr<PeerCore> core);

  // Lets the handler's cancellation slot, if it has one that is connected, give up the message with this ticket.
  template <typename Handler>
  std::uint64_t cancellable(const Handler& handler, TypeId type) const {
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (!slot.is_connected() || core_ == nullptr) return 0;
    const std::uint64_t ticket = next_ticket();
    slot.assign(canceller(type, ticket));
    return ticket;
  }
  std::uint64_t next_ticket() const;
  CancelSend canceller(TypeId type, std::uint64_t ticket) const;

  boost::asio::any_io_executor loop() const;
  Outcome post(EncodedMessage&& message, const SendOptions& options) const;
  void submit(EncodedMessage message, SendOptions options, std::uint64_t ticket, CompletionPtr completion) const;
  void ask(EncodedMessage message, RequestOptions options, std::uint64_t ticket, CompletionPtr completion) const;

  NodeId id_;
  NodeCore* node_;
  std::shared_ptr<PeerCore> core_;
};

}  // namespace hawser
