// A program that embeds a node, with nothing but the installed package: it greets itself and stops.
#include <hawser/hawser.hpp>

#include "greeting.capnp.h"

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

int main() {
  boost::asio::io_context io;
  hawser::ZmqRuntime runtime{io};
  hawser::Config config;
  config.id = "n1";
  hawser::Node node{runtime, config};
  node.on<Greeting>([](Greeting::Reader hello, const hawser::Delivery& from) {
    std::cout << from.node << " says " << hello.getText().cStr() << '\n';
  });
  hawser::Outcome sent;
  hawser::spawn(node, [&]() -> hawser::Task<> {
    hawser::Message<Greeting> hello;
    hello->setText("good morning");
    sent = co_await node.peer("n1").send(hello, {.ttl = 2s});
    co_await node.stop(100ms);
  });
  io.run();
  std::cout << sent << '\n';
  return sent.delivered() ? 0 : 1;
}
