// The Transport over ZeroMQ and TCP: one inbound ROUTER, one outbound DEALER per link, one wake-up for all of them.
//
// Everything happens in pump(): hear what woke us, deliver within a budget, end what is to end, close the turn, then
// look again at every socket that was used meanwhile, because using a ZeroMQ socket swallows its wake-up. What is left
// over is posted, so that the loop's other work gets its turn. Destroying a transport inside one of its calls is
// allowed.
#pragma once

#include <hawser/interconnect/runtime.hpp>
#include <hawser/interconnect/zmq/zmq_services.hpp>

#include <memory>

namespace hawser {

class ZmqTransport final : public Transport {
 public:
  // Throws StartError when the system gives no descriptor. `events` and what `services` name outlive it.
  ZmqTransport(const ZmqServices& services, const TransportConfig& config, TransportEvents& events);
  ~ZmqTransport() override;
  ZmqTransport(const ZmqTransport&) = delete;
  ZmqTransport& operator=(const ZmqTransport&) = delete;

  Endpoint listen(const Endpoint& at) override;
  LinkId dial(const DialRequest& request) override;
  SendResult send(LinkId link, BufferRef frame) override;
  void hang_up(LinkId link) override;
  void answer(ConnectionId connection, BufferRef frame) override;
  void drop(ConnectionId connection, bool linger) override;
  TransportStats stats() const override;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace hawser
