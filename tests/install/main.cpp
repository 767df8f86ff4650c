// A consumer's program: a message through Cap'n Proto and a word about the version it was built with.
#include <hawser/base/ids.hpp>
#include <hawser/base/version.hpp>

#include <capnp/message.h>
#include "farewell.capnp.h"
#include "greeting.capnp.h"

#include <iostream>

int main() {
  capnp::MallocMessageBuilder message;
  auto greeting = message.initRoot<Farewell>().initAnswers();
  greeting.setText("good morning");
  const hawser::NodeId self{"consumer"};
  std::cout << self.text() << " says " << greeting.asReader().getText().cStr() << ", hawser " << HAWSER_VERSION << '\n';
}
