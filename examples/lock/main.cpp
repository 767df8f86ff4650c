// lock CONFIG: one node of the cluster. Start it three times, with n1.toml (the server), n2.toml and n3.toml.
#include <hawser/hawser.hpp>
#include "lock/lock.hpp"

#include <cstdlib>
#include <iostream>
#include <utility>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: lock CONFIG.toml\n";
    return 2;
  }
  try {
    boost::asio::io_context io;
    hawser::ZmqRuntime runtime{io};
    hawser::Node node{runtime, hawser::Config::load(argv[1])};
    if (const auto client = lock::start(node)) {
      node.every(hawser::Duration{100'000}, [client, held = false]() mutable {
        if (std::exchange(held, client->holds()) != client->holds()) {
          std::cout << (client->holds() ? "has the lock" : "has let it go") << std::endl;
        }
        return true;
      });
    }
    io.run();
  } catch (const hawser::StartError& error) {
    std::cerr << "lock: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
