#include "demo_processes.hpp"

#include "config_text.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace hawser::tools {
namespace {

constexpr std::size_t line_bytes_max = 4u << 20;

// Set by a signal: the demo ends as soon as it looks.
volatile std::sig_atomic_t interrupted = 0;
void interrupt(int) { interrupted = 1; }

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = &interrupt;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

StartError failed(const std::string& what) { return StartError{what + ": " + std::strerror(errno)}; }

// Ports that nobody listens on now. All are held until all are found, so that they differ.
std::vector<std::uint16_t> free_ports(std::size_t count) {
  std::vector<std::uint16_t> ports;
  std::vector<int> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) throw failed("cannot open a socket");
    sockets.push_back(socket);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket, raw, size) != 0 || ::getsockname(socket, raw, &size) != 0) {
      throw failed("cannot find a free port on loopback");
    }
    ports.push_back(ntohs(address.sin_port));
  }
  for (const int socket : sockets) ::close(socket);
  return ports;
}

std::string make_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "hawser-demo-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw failed("cannot make a directory for the configurations");
  return name;
}

}  // namespace

DemoProcesses::DemoProcesses(const std::vector<std::string>& nodes, const Traffic& traffic)
    : traffic_(traffic), directory_(make_directory()), began_(std::chrono::steady_clock::now()) {
  catch_signals();
  try {
    write_configurations(nodes);
    for (const std::string& id : nodes) start(id);
  } catch (...) {
    kill_all();
    throw;
  }
}

DemoProcesses::~DemoProcesses() { kill_all(); }

void DemoProcesses::write_configurations(const std::vector<std::string>& nodes) {
  const std::vector<std::uint16_t> ports = free_ports(nodes.size());
  for (std::size_t self = 0; self < nodes.size(); ++self) {
    Config config = demo_config(nodes[self]);
    config.listen = {"127.0.0.1", ports[self]};
    for (std::size_t other = 0; other < nodes.size(); ++other) {
      if (other != self) config.peers.push_back({nodes[other], {"127.0.0.1", ports[other]}});
    }
    std::ofstream file{directory_ + "/" + nodes[self] + ".toml"};
    file << config_template(config);
    if (!file.flush()) throw failed("cannot write " + directory_ + "/" + nodes[self] + ".toml");
  }
}

void DemoProcesses::start(const std::string& id) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw failed("cannot make a pipe");
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw failed("cannot start a process");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // the parent died before the line above
    ::setpgid(0, 0);                        // Ctrl-C is for the demo, which ends its nodes itself
    become_node(id, pipe[1]);
  }
  ::close(pipe[1]);
  ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
  children_[id] = {pid, pipe[0], {}, false};
}

void DemoProcesses::become_node(const std::string& id, int out) const {
  ::dup2(out, STDOUT_FILENO);
  const int words = ::open((directory_ + "/" + id + ".stderr").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (words >= 0) ::dup2(words, STDERR_FILENO);
  std::signal(SIGPIPE, SIG_DFL);
  std::vector<std::string> words_said{"hawser",      "node",
                                      "--config",    directory_ + "/" + id + ".toml",
                                      "--snapshots", "100ms",
                                      "--traffic",   "Greeting=" + std::to_string(traffic_.greetings),
                                      "--traffic",   "Order=" + std::to_string(traffic_.orders),
                                      "--traffic",   "Blob=" + std::to_string(traffic_.blobs),
                                      "--blob-size", std::to_string(traffic_.blob_bytes)};
  std::vector<char*> arguments;
  for (std::string& word : words_said) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execv("/proc/self/exe", arguments.data());
  ::_exit(127);
}

void DemoProcesses::act(const Act& act, Stage& stage) {
  switch (act.kind) {
    case ActKind::none:
      return;
    case ActKind::pause:
      ::kill(children_.at(act.node).pid, SIGSTOP);
      stage.set_life(act.node, Life::paused);
      return;
    case ActKind::resume:
      stage.set_life(act.node, Life::running);
      ::kill(children_.at(act.node).pid, SIGCONT);
      return;
    case ActKind::kill: {
      Child& child = children_.at(act.node);
      ::kill(child.pid, SIGKILL);
      ::waitpid(child.pid, nullptr, 0);
      child.pid = 0;
      ::close(std::exchange(child.out, -1));
      stage.set_life(act.node, Life::killed);
      return;
    }
    case ActKind::restart:
      stage.set_life(act.node, Life::running);
      start(act.node);
      return;
    case ActKind::stop_all:
      for (auto& [id, child] : children_) {
        child.stopping = true;
        if (child.pid != 0) ::kill(child.pid, SIGTERM);
      }
      return;
  }
}

void DemoProcesses::wait(Duration moment, Stage& stage) {
  const auto until = std::chrono::steady_clock::now() + moment;
  while (trouble_.empty()) {
    if (interrupted != 0) trouble_ = "interrupted";
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    std::vector<pollfd> waiting;
    std::vector<std::string> ids;
    for (const auto& [id, child] : children_) {
      if (child.out < 0) continue;
      waiting.push_back({child.out, POLLIN, 0});
      ids.push_back(id);
    }
    ::poll(waiting.data(), waiting.size(), static_cast<int>(left.count()));
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0) read_lines(ids[i], children_.at(ids[i]), stage);
    }
  }
}

void DemoProcesses::read_lines(const std::string& id, Child& child, Stage& stage) {
  std::array<char, 65'536> buffer{};
  for (;;) {
    const ssize_t size = ::read(child.out, buffer.data(), buffer.size());
    if (size < 0) break;
    if (size == 0) {
      collect(id, child, stage);
      break;
    }
    child.unread.append(buffer.data(), static_cast<std::size_t>(size));
  }
  std::size_t from = 0;
  for (std::size_t end = 0; (end = child.unread.find('\n', from)) != std::string::npos; from = end + 1) {
    auto sight = read_sight(std::string_view{child.unread}.substr(from, end - from));
    if (sight) {
      stage.observe(std::move(*sight));
    } else {
      trouble_ = id + " printed a line that is no snapshot";
    }
  }
  child.unread.erase(0, from);
  if (child.unread.size() > line_bytes_max) trouble_ = id + " printed a line without an end";
}

// The process has closed its output, so it ends or has ended.
void DemoProcesses::collect(const std::string& id, Child& child, Stage& stage) {
  ::close(std::exchange(child.out, -1));
  int status = 0;
  ::waitpid(std::exchange(child.pid, 0), &status, 0);
  if (child.stopping && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    stage.set_life(id, Life::stopped);
    return;
  }
  const std::string how = WIFSIGNALED(status) ? "by signal " + std::to_string(WTERMSIG(status))
                                              : "with exit code " + std::to_string(WEXITSTATUS(status));
  trouble_ = "the process of " + id + " ended " + how + last_words(id);
}

std::string DemoProcesses::last_words(const std::string& id) const {
  std::ifstream file{directory_ + "/" + id + ".stderr"};
  const std::string words{std::istreambuf_iterator<char>{file}, {}};
  return words.empty() ? std::string{} : ": " + printable(words.substr(0, 400));
}

Duration DemoProcesses::now() const {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began_);
}

void DemoProcesses::kill_all() noexcept {
  for (auto& [id, child] : children_) {
    if (child.pid != 0) {
      ::kill(child.pid, SIGKILL);
      ::waitpid(child.pid, nullptr, 0);
    }
    if (child.out >= 0) ::close(child.out);
  }
  children_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

}  // namespace hawser::tools
