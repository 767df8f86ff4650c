// greeting CONFIG: one node of two. Start it twice, with n1.toml and n2.toml.
#include "app.hpp"
#include <hawser/hawser.hpp>

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: greeting CONFIG.toml\n";
    return 2;
  }
  try {
    boost::asio::io_context io;
    hawser::ZmqRuntime runtime{io};
    hawser::Node node{runtime, hawser::Config::load(argv[1])};
    app(node);
    io.run();
  } catch (const hawser::StartError& error) {
    std::cerr << "greeting: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
