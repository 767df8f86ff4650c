// gateway LISTEN_PORT BACKEND_PORT ...    all on 127.0.0.1; try it with any HTTP servers behind it:
//
//   python3 -m http.server 8001 & python3 -m http.server 8002 & gateway 8000 8001 8002
//   curl -i http://127.0.0.1:8000/
#include "gateway/gateway.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>

int main(int argc, char** argv) {
  using namespace hawser::example;
  namespace asio = boost::asio;
  if (argc < 3) {
    std::fprintf(stderr, "usage: gateway LISTEN_PORT BACKEND_PORT ...\n");
    return 2;
  }
  const auto at = [](const char* port) {
    return asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::atoi(port))};
  };
  GatewaySettings settings;
  settings.listen = at(argv[1]);
  for (int i = 2; i < argc; ++i) settings.backends.push_back(at(argv[i]));
  try {
    asio::io_context io;
    Gateway gateway{io.get_executor(), settings};
    std::printf("listening on 127.0.0.1:%u\n", static_cast<unsigned>(gateway.endpoint().port()));
    std::fflush(stdout);
    io.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gateway: %s\n", error.what());
    return 1;
  }
}
