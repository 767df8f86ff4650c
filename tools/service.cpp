#include "service.hpp"

#include <hawser/base/nearest.hpp>

#include "service.capnp.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>

namespace hawser::tools {
namespace {

constexpr double rate_max = 1e6;
constexpr Duration tick_min{1'000};

void send_greeting(Peer& peer, std::uint64_t number, const Traffic& traffic) {
  Message<Greeting> greeting;
  greeting->setNumber(number);
  greeting->setText("good morning");
  peer.send(greeting, SendOptions{traffic.ttl, 0}, [](const Outcome&) {});
}

void send_order(Peer& peer, std::uint64_t number, const Traffic& traffic) {
  Message<Order> order;
  order->setNumber(number);
  order->setItem("a length of rope");
  peer.request<OrderAccepted>(order, RequestOptions{traffic.ttl}, [](const Result<Received<OrderAccepted>>&) {});
}

void send_blob(Peer& peer, std::uint64_t number, const Traffic& traffic) {
  Message<Blob> blob;
  blob->setNumber(number);
  blob->initContent(static_cast<unsigned>(traffic.blob_bytes));
  peer.send(blob, SendOptions{traffic.ttl, 0}, [](const Outcome&) {});
}

using Send = void (*)(Peer&, std::uint64_t, const Traffic&);

// One stream of one type to every peer. The rate is kept by counting what is owed, not by hoping for exact timers.
void stream(Node& node, double rate, Send send, const Traffic& traffic) {
  if (!(rate > 0)) return;
  const double per_second = std::min(rate, rate_max);
  const Duration tick = std::max(tick_min, Duration{std::llround(1e6 / per_second)});
  struct Progress {
    Instant began;
    std::uint64_t sent = 0;
  };
  auto progress = std::make_shared<Progress>(Progress{node.now(), 0});
  const auto burst_max = static_cast<std::uint64_t>(std::ceil(per_second * 0.1)) + 1;
  node.every(tick, [&node, send, traffic, per_second, burst_max, progress] {
    const double seconds = static_cast<double>((node.now() - progress->began).count()) / 1e6;
    const auto owed = static_cast<std::uint64_t>(seconds * per_second);
    // A node that stood still does not make up for what it has missed: that would be a flood of its own.
    if (owed > progress->sent + burst_max) progress->sent = owed - burst_max;
    while (progress->sent < owed) {
      ++progress->sent;
      for (Peer& peer : node.peers()) send(peer, progress->sent, traffic);
    }
    return true;
  });
}

}  // namespace

void offer_service(Node& node) {
  TypePolicy urgent;
  urgent.priority = 6;
  node.policy<Order>(urgent);
  TypePolicy bulk;
  bulk.lane = LaneClass::bulk;
  bulk.priority = 2;
  bulk.hold = Hold::until_ttl;  // a blob is worth waiting for a peer that is away
  node.policy<Blob>(bulk);

  node.on<Greeting>([](Greeting::Reader) {});
  node.on<Blob>([](Blob::Reader) {});
  node.on<Order>([id = node.id().text()](Order::Reader order) {
    Message<OrderAccepted> accepted;
    accepted->setNumber(order.getNumber());
    accepted->setBy(id);
    return accepted;
  });
}

std::optional<std::string> read_traffic(std::string_view text, Traffic& traffic) {
  constexpr std::array<std::string_view, 3> types{"Greeting", "Order", "Blob"};
  const std::size_t equals = text.find('=');
  const std::string_view type = text.substr(0, equals);
  const auto found = std::find(types.begin(), types.end(), type);
  if (found == types.end()) {
    const std::string_view near = nearest_name(type, types);
    return "there is no type '" + std::string{type} + "' in the example service" +
           (near.empty() ? ": it has Greeting, Order and Blob" : "; did you mean '" + std::string{near} + "'?");
  }
  const std::string_view number = equals == std::string_view::npos ? std::string_view{} : text.substr(equals + 1);
  double rate = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), rate);
  if (error != std::errc{} || end != number.data() + number.size() || !(rate >= 0 && rate <= rate_max)) {
    return "'" + std::string{text} + "' has no rate: write for example " + std::string{type} +
           "=50, messages per second";
  }
  double* const rates[] = {&traffic.greetings, &traffic.orders, &traffic.blobs};
  *rates[found - types.begin()] = rate;
  return std::nullopt;
}

void drive_traffic(Node& node, const Traffic& traffic) {
  stream(node, traffic.greetings, &send_greeting, traffic);
  stream(node, traffic.orders, &send_order, traffic);
  stream(node, traffic.blobs, &send_blob, traffic);
}

}  // namespace hawser::tools
