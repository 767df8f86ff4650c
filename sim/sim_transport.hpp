// Transport on the simulated network. The identity of a dialler is the id it claims, never authenticated; frames are
// shared between the two nodes, not copied.
#pragma once

#include <hawser/interconnect/runtime.hpp>
#include <hawser/sim/network.hpp>

namespace hawser::sim {

class SimTransport final : public Transport {
 public:
  // The network and the events must outlive the transport.
  SimTransport(Network& network, MachineId machine, const TransportConfig& config, TransportEvents& events);
  ~SimTransport() override;
  SimTransport(const SimTransport&) = delete;
  SimTransport& operator=(const SimTransport&) = delete;

  Endpoint listen(const Endpoint& at) override { return network_.listen(attachment_, at); }
  LinkId dial(const DialRequest& request) override { return network_.dial(attachment_, request); }
  SendResult send(LinkId link, BufferRef frame) override { return network_.send(attachment_, link, std::move(frame)); }
  void hang_up(LinkId link) override { network_.hang_up(attachment_, link); }
  void answer(ConnectionId connection, BufferRef frame) override {
    network_.answer(attachment_, connection, std::move(frame));
  }
  void drop(ConnectionId connection, bool linger) override { network_.drop(attachment_, connection, linger); }
  TransportStats stats() const override { return attachment_.stats; }

 private:
  Network& network_;
  Attachment attachment_;
};

}  // namespace hawser::sim
