#include <hawser/sim/sim_transport.hpp>

namespace hawser::sim {

SimTransport::SimTransport(Network& network, MachineId machine, const TransportConfig& config, TransportEvents& events)
    : network_(network) {
  attachment_.machine = machine;
  attachment_.config = config;
  attachment_.events = &events;
  network_.attach(attachment_);
}

SimTransport::~SimTransport() { network_.detach(attachment_); }

}  // namespace hawser::sim
