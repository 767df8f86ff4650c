#include "app.hpp"

#include "greeting.capnp.h"

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;

void app(hawser::Node& node) {
  node.on<Greeting>([](Greeting::Reader hello, const hawser::Delivery& from) {
    std::cout << from.node << " says " << hello.getText().cStr() << '\n';
  });
  hawser::spawn(node, [&node]() -> hawser::Task<> {
    hawser::Message<Greeting> hello;
    hello->setText("good morning");
    hawser::Outcome sent = co_await node.peer("n2").send(hello, {.ttl = 2s});
    std::cout << sent << "; n2 is " << node.peer("n2").health() << '\n';
  });
}
