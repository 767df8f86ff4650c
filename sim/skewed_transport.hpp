// The transport of a host whose build may speak other wire versions than ours: what it would offer and refuse.
//
// Its hellos say the range that the host speaks, and a hello that shares no version with it is refused with
// no_common_version, as such a build would. Where a version in common is ours, everything else is as it always is.
#pragma once

#include <hawser/interconnect/frame.hpp>
#include <hawser/sim/sim_transport.hpp>

namespace hawser::sim {

class SkewedTransport final : public Transport, private TransportEvents {
 public:
  // The network and the events must outlive the transport.
  SkewedTransport(VersionRange speaks, Network& network, MachineId machine, const TransportConfig& config,
                  TransportEvents& events);

  Endpoint listen(const Endpoint& at) override { return inner_.listen(at); }
  LinkId dial(const DialRequest& request) override { return inner_.dial(request); }
  SendResult send(LinkId link, BufferRef frame) override;
  void hang_up(LinkId link) override { inner_.hang_up(link); }
  void answer(ConnectionId connection, BufferRef frame) override { inner_.answer(connection, std::move(frame)); }
  void drop(ConnectionId connection, bool linger) override { inner_.drop(connection, linger); }
  TransportStats stats() const override { return inner_.stats(); }

 private:
  void link_up(LinkId link) override { events_.link_up(link); }
  void link_down(LinkId link, LinkFailure why, std::string_view detail) override {
    events_.link_down(link, why, detail);
  }
  void link_writable(LinkId link) override { events_.link_writable(link); }
  void frame_received(ConnectionId from, const PeerIdentity& identity, BufferRef frame) override;
  void answer_received(LinkId link, BufferRef frame) override { events_.answer_received(link, std::move(frame)); }
  void connection_closed(ConnectionId connection) override { events_.connection_closed(connection); }
  void turn_ended() override { events_.turn_ended(); }

  const VersionRange speaks_;
  const TransportConfig config_;
  TransportEvents& events_;
  SimTransport inner_;
};

}  // namespace hawser::sim
