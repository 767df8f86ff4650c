#include "pool/store_process.hpp"

#include "pool/line_socket.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace hawser::example {

StoreProcess::StoreProcess(std::string program, bool read_only, std::uint16_t port)
    : program_(std::move(program)), read_only_(read_only), port_(port) {
  start();
}

StoreProcess::~StoreProcess() { kill(); }

void StoreProcess::start() {
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe for a store");
  const std::string port = std::to_string(port_);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) {
    ::close(pipe_ends[0]);
    ::close(pipe_ends[1]);
    throw std::runtime_error("no process for a store");
  }
  if (pid_ == 0) {
    // A frozen one would outlive whoever was killed before it could thaw or kill it.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(pipe_ends[1], STDOUT_FILENO);
    ::execl(program_.c_str(), program_.c_str(), port.c_str(), read_only_ ? "read-only" : nullptr, nullptr);
    ::_exit(127);
  }
  ::close(pipe_ends[1]);
  std::string line;
  char letter = 0;
  while (::read(pipe_ends[0], &letter, 1) == 1 && letter != '\n') line += letter;
  ::close(pipe_ends[0]);
  if (line.empty()) throw std::runtime_error("the store " + program_ + " does not start");
  port_ = static_cast<std::uint16_t>(std::stoi(line));
}

void StoreProcess::freeze() { ::kill(pid_, SIGSTOP); }
void StoreProcess::thaw() { ::kill(pid_, SIGCONT); }

void StoreProcess::slow(int milliseconds) {
  const SteadyTime until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  auto socket = LineSocket::connect(port_, until);
  if (!socket || !socket->send("slow " + std::to_string(milliseconds), until) || !socket->receive(until)) {
    throw std::runtime_error("the store cannot be slowed");
  }
}

void StoreProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(std::exchange(pid_, -1), nullptr, 0);
}

}  // namespace hawser::example
