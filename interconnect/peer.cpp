#include <hawser/interconnect/peer.hpp>

#include <hawser/interconnect/node_core.hpp>

#include <utility>

namespace hawser {

Peer::Peer(NodeId id, NodeCore* node, std::shared_ptr<PeerCore> core)
    : id_(std::move(id)), node_(node), core_(std::move(core)) {}

boost::asio::any_io_executor Peer::loop() const { return node_->runtime().loop(); }

Outcome Peer::post(EncodedMessage message, SendOptions options) const {
  return node_->post(core_, std::move(message), options);
}

void Peer::submit(EncodedMessage message, SendOptions options, CompletionPtr completion) const {
  node_->submit(core_, std::move(message), options, std::move(completion));
}

void Peer::ask(EncodedMessage message, RequestOptions options, CompletionPtr completion) const {
  node_->ask(core_, std::move(message), options, std::move(completion));
}

PeerHealth Peer::health() const { return node_->health(id_, core_); }

}  // namespace hawser
