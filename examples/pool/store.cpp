// A store that the pool example talks to: lines over TCP, a thread per connection.
//
//   store PORT [read-only]     0 picks a free port; the first line it prints is the port
//
// ping | get KEY | set KEY VALUE | slow MILLISECONDS (for all answers from now on)
#include "pool/line_socket.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <sstream>
#include <string>
#include <sys/socket.h>
#include <thread>

namespace {

using namespace hawser::example;

struct Store {
  bool read_only = false;
  std::mutex mutex;
  std::map<std::string, std::string> values;
  std::atomic<int> slow_ms{0};

  std::string answer(const std::string& line) {
    std::istringstream words{line};
    std::string verb;
    std::string key;
    std::string value;
    words >> verb >> key >> value;
    if (verb == "ping") return "pong";
    if (verb == "slow") {
      slow_ms = std::atoi(key.c_str());
      return "ok";
    }
    const std::lock_guard lock{mutex};
    if (verb == "get") return values.count(key) == 0 ? "none" : "value " + values[key];
    if (verb != "set") return "error unknown";
    if (read_only) return "error read-only";
    values[key] = value;
    return "ok";
  }
};

void serve(Store& store, LineSocket socket) {
  const auto patience = [] { return std::chrono::steady_clock::now() + std::chrono::hours{1}; };
  while (const auto line = socket.receive(patience())) {
    const int slow = store.slow_ms;
    if (slow > 0 && line->rfind("slow", 0) != 0) std::this_thread::sleep_for(std::chrono::milliseconds{slow});
    if (!socket.send(store.answer(*line), patience())) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: store PORT [read-only]\n");
    return 2;
  }
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (listener < 0 || ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 128) != 0 || ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("store: cannot listen");
    return 1;
  }
  static Store store;  // outlives the threads, which end with the process
  store.read_only = argc > 2;
  for (const char* key : {"k1", "k2", "k3"}) store.values[key] = std::string{"v"} + (key + 1);
  std::printf("%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
  std::fflush(stdout);
  for (;;) {
    const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) std::thread{[descriptor] { serve(store, LineSocket{descriptor}); }}.detach();
  }
}
