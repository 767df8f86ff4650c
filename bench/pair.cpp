#include "pair.hpp"

#include "roles.hpp"
#include "stopwatch.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace hawser::bench {
namespace {

using Time = std::chrono::steady_clock::time_point;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

// A process of ours with a pipe to its standard input and one from its result. Killed when it has not ended by itself.
class Child {
 public:
  Child(const char* role, const Load& load, const std::vector<std::string>& wrapper) {
    int input[2];
    int output[2];
    if (::pipe2(input, O_CLOEXEC) != 0 || ::pipe2(output, O_CLOEXEC) != 0) fail("pipe");
    std::vector<std::string> words = wrapper;
    words.insert(words.end(), {"/proc/self/exe", "--role", role, std::to_string(output[1])});
    // A wrapper is another program: to it /proc/self/exe would be itself.
    if (!wrapper.empty()) words[wrapper.size()] = own_path();
    for (std::string& word : to_words(load)) words.push_back(std::move(word));
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) fail("fork");
    if (pid_ == 0) become(parent, input[0], output[1], arguments);
    ::close(input[0]);
    ::close(output[1]);
    input_ = input[1];
    output_ = output[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    close_input();
    ::close(output_);
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  void close_input() {
    if (input_ >= 0) ::close(input_);
    input_ = -1;
  }
  // The line that the process wrote, as soon as it is complete; empty when it ended without one. Throws at `deadline`.
  std::string line(Time deadline) {
    std::string text;
    for (;;) {
      pollfd ready{output_, POLLIN, 0};
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) throw std::runtime_error("the measurement did not end in time");
      if (::poll(&ready, 1, static_cast<int>(left.count())) <= 0) continue;
      char buffer[512];
      const ssize_t got = ::read(output_, buffer, sizeof buffer);
      if (got <= 0) return text;
      text.append(buffer, static_cast<std::size_t>(got));
      if (const std::size_t newline = text.find('\n'); newline != std::string::npos) return text.substr(0, newline);
    }
  }
  void wait(Time deadline) {
    while (pid_ > 0 && std::chrono::steady_clock::now() < deadline) {
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
      if (pid_ > 0) ::usleep(2000);
    }
  }

 private:
  static std::string own_path() {
    char path[4096];
    const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
    if (size <= 0) fail("/proc/self/exe");
    return {path, static_cast<std::size_t>(size)};
  }
  [[noreturn]] static void become(pid_t parent, int input, int output, const std::vector<char*>& arguments) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(input, 0);
    ::fcntl(output, F_SETFD, 0);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
};

Figures read_figures(const std::string& line) {
  if (const auto figures = figures_from_line(line)) return *figures;
  throw std::runtime_error(line.empty() ? "a measuring process ended without a word" : line);
}

}  // namespace

std::vector<std::uint16_t> free_ports(std::size_t count) {
  std::vector<std::uint16_t> ports;
  std::vector<int> sockets;  // all are held until all are known, so that they differ
  for (std::size_t i = 0; i < count; ++i) {
    sockets.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (sockets.back() < 0 || ::bind(sockets.back(), generic, size) != 0) fail("no free port");
    if (::getsockname(sockets.back(), generic, &size) != 0) fail("no free port");
    ports.push_back(ntohs(address.sin_port));
  }
  for (const int socket : sockets) ::close(socket);
  return ports;
}

Figures run_pair(Load load, const Wrappers& wrappers) {
  const std::vector<std::uint16_t> ports = free_ports(2);
  load.sender_port = ports[0];
  load.receiver_port = ports[1];
  const auto patience = std::chrono::milliseconds{20'000 + 10 * (load.warm_up_ms + load.measured_ms)};
  const Time deadline = std::chrono::steady_clock::now() + patience;
  Child receiver{"receiver", load, wrappers.receiver};
  Child sender{"sender", load, wrappers.sender};
  const std::string line = sender.line(deadline);
  receiver.close_input();
  sender.close_input();
  const Time soon = std::chrono::steady_clock::now() + std::chrono::seconds{wrappers.sender.empty() ? 5 : 60};
  sender.wait(soon);
  receiver.wait(soon);
  return read_figures(line);
}

int run_role(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) return 2;
  const bool sender = arguments[0] == "sender";
  const int output = std::atoi(arguments[1].c_str());
  const auto load = load_from_words({arguments.begin() + 2, arguments.end()});
  if (!load) return 2;
  std::string line;
  try {
    if (load->cpu >= 0) pin_to_cpu(load->cpu);
    const bool plain = load->side == Side::plain;
    if (sender) {
      line = to_line(plain ? send_plain(*load) : send_hawser(*load));
    } else {
      plain ? receive_plain(*load) : receive_hawser(*load);
    }
  } catch (const std::exception& error) {
    line = std::string{sender ? "sender: " : "receiver: "} + error.what();
    if (!sender) std::fprintf(stderr, "%s\n", line.c_str());
  }
  line += '\n';
  return ::write(output, line.data(), line.size()) == static_cast<ssize_t>(line.size()) ? 0 : 1;
}

}  // namespace hawser::bench
