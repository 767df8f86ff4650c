#include <hawser/interconnect/peer.hpp>

#include <hawser/interconnect/node_core.hpp>

#include <utility>

namespace hawser {

Peer::Peer(NodeId id, NodeCore* node, std::shared_ptr<PeerCore> core)
    : id_(std::move(id)), node_(node), core_(std::move(core)) {}

boost::asio::any_io_executor Peer::loop() const { return node_->runtime().loop(); }

Outcome Peer::post(EncodedMessage&& message, const SendOptions& options) const {
  return node_->post(core_, std::move(message), options);
}

void Peer::submit(EncodedMessage message, SendOptions options, std::uint64_t ticket, CompletionPtr completion) const {
  node_->submit(core_, std::move(message), options, ticket, std::move(completion));
}

void Peer::ask(EncodedMessage message, RequestOptions options, std::uint64_t ticket, CompletionPtr completion) const {
  node_->ask(core_, std::move(message), options, ticket, std::move(completion));
}

std::uint64_t Peer::next_ticket() const { return node_->next_ticket(); }

CancelSend Peer::canceller(TypeId type, std::uint64_t ticket) const {
  return CancelSend{node_->weak_from_this(), core_, type, ticket};
}

void CancelSend::operator()(boost::asio::cancellation_type_t type) const {
  using boost::asio::cancellation_type;
  if (type == cancellation_type::none) return;
  const bool even_sent = (type & (cancellation_type::terminal | cancellation_type::partial)) != cancellation_type::none;
  if (const auto node = node_.lock()) node->cancel(peer_, type_, ticket_, !even_sent);
}

PeerHealth Peer::health() const { return node_->health(id_, core_); }

}  // namespace hawser
