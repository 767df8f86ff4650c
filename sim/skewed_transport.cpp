#include <hawser/sim/skewed_transport.hpp>

#include <optional>
#include <string>
#include <utility>

namespace hawser::sim {
namespace {

std::optional<Hello> hello_in(const BufferRef& frame) {
  std::string problem;
  const auto info = inspect_frame(frame.bytes(), problem);
  Hello hello;
  if (!info || info->kind != FrameKind::hello || !decode(frame.bytes(), hello, problem)) return std::nullopt;
  return hello;
}

}  // namespace

SkewedTransport::SkewedTransport(VersionRange speaks, Network& network, MachineId machine,
                                 const TransportConfig& config, TransportEvents& events)
    : speaks_(speaks), config_(config), events_(events), inner_(network, machine, config, *this) {}

SendResult SkewedTransport::send(LinkId link, BufferRef frame) {
  if (auto hello = hello_in(frame)) {
    hello->version_min = speaks_.min;
    hello->version_max = speaks_.max;
    frame = encode(*hello);
  }
  return inner_.send(link, std::move(frame));
}

void SkewedTransport::frame_received(ConnectionId from, const PeerIdentity& identity, BufferRef frame) {
  const auto hello = hello_in(frame);
  if (!hello || choose_version({hello->version_min, hello->version_max}, speaks_)) {
    events_.frame_received(from, identity, std::move(frame));
    return;
  }
  Refusal refusal;
  refusal.from = config_.self;
  refusal.from_incarnation = config_.incarnation;
  refusal.reason = RefusalReason::no_common_version;
  refusal.text = "no wire version in common";
  refusal.version_min = speaks_.min;
  refusal.version_max = speaks_.max;
  inner_.answer(from, encode(refusal));
  inner_.drop(from, true);
}

}  // namespace hawser::sim
