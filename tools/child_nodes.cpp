#include "child_nodes.hpp"

#include "config_text.hpp"
#include "text.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
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

StartError failed(const std::string& what) { return StartError{what + ": " + std::strerror(errno)}; }

std::string make_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "hawser-nodes-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw failed("cannot make a directory for the configurations");
  return name;
}

}  // namespace

std::vector<std::uint16_t> free_ports(std::size_t count) {
  std::vector<std::uint16_t> ports;
  std::vector<int> sockets;  // all are held until all are found, so that they differ
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

ChildNodes::ChildNodes(std::vector<std::string> arguments)
    : arguments_(std::move(arguments)), directory_(make_directory()) {
  std::signal(SIGPIPE, SIG_IGN);
}

ChildNodes::~ChildNodes() { kill_all(); }

void ChildNodes::add(const Config& config, Enter enter) {
  const std::string path = directory_ + "/" + config.id.text() + ".toml";
  std::ofstream file{path};
  file << config_template(config);
  if (!file.flush()) throw failed("cannot write " + path);
  children_[config.id.text()].enter = std::move(enter);
}

void ChildNodes::start(const std::string& id) {
  Child& child = children_.at(id);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw failed("cannot make a pipe");
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw failed("cannot start a process");
  if (pid == 0) {
    const bool there = !child.enter || child.enter();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!there || ::getppid() != parent) ::_exit(126);  // the parent may have died before the line above
    ::setpgid(0, 0);                                    // Ctrl-C is for the parent, which ends its nodes itself
    become_node(id, pipe[1]);
  }
  ::close(pipe[1]);
  ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
  child.pid = pid;
  child.out = pipe[0];
  child.unread.clear();
  child.stopping = false;
}

void ChildNodes::become_node(const std::string& id, int out) const {
  ::dup2(out, STDOUT_FILENO);
  const int words = ::open((directory_ + "/" + id + ".stderr").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (words >= 0) ::dup2(words, STDERR_FILENO);
  std::signal(SIGPIPE, SIG_DFL);
  std::vector<std::string> said{"hawser", "node", "--config", directory_ + "/" + id + ".toml"};
  said.insert(said.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> arguments;
  for (std::string& word : said) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execv("/proc/self/exe", arguments.data());
  ::_exit(127);
}

void ChildNodes::signal(const std::string& id, int number) const {
  const pid_t pid = children_.at(id).pid;
  if (pid != 0) ::kill(pid, number);
}

void ChildNodes::kill(const std::string& id) {
  Child& child = children_.at(id);
  if (child.pid == 0) return;
  ::kill(child.pid, SIGKILL);
  ::waitpid(std::exchange(child.pid, 0), nullptr, 0);
  if (child.out >= 0) ::close(std::exchange(child.out, -1));
}

void ChildNodes::stop_all() {
  for (auto& [id, child] : children_) {
    child.stopping = true;
    if (child.pid != 0) ::kill(child.pid, SIGTERM);
  }
}

void ChildNodes::wait(Duration moment, const Told& told) {
  const auto until = std::chrono::steady_clock::now() + moment;
  while (trouble_.empty()) {
    if (interrupt_.came()) trouble_ = "interrupted";
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
      if (waiting[i].revents != 0) read_lines(ids[i], children_.at(ids[i]), told);
    }
  }
}

void ChildNodes::read_lines(const std::string& id, Child& child, const Told& told) {
  std::array<char, 65'536> buffer{};
  for (;;) {
    const ssize_t size = ::read(child.out, buffer.data(), buffer.size());
    if (size < 0) break;
    if (size == 0) {
      collect(id, child, told);
      break;
    }
    child.unread.append(buffer.data(), static_cast<std::size_t>(size));
  }
  std::size_t from = 0;
  for (std::size_t end = 0; (end = child.unread.find('\n', from)) != std::string::npos; from = end + 1) {
    auto sight = read_sight(std::string_view{child.unread}.substr(from, end - from));
    if (sight) {
      told.sight(std::move(*sight));
    } else {
      trouble_ = id + " printed a line that is no snapshot";
    }
  }
  child.unread.erase(0, from);
  if (child.unread.size() > line_bytes_max) trouble_ = id + " printed a line without an end";
}

// The process has closed its output, so it ends or has ended.
void ChildNodes::collect(const std::string& id, Child& child, const Told& told) {
  ::close(std::exchange(child.out, -1));
  int status = 0;
  ::waitpid(std::exchange(child.pid, 0), &status, 0);
  if (child.stopping && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    if (told.ended) told.ended(id);
    return;
  }
  const std::string how = WIFSIGNALED(status) ? "by signal " + std::to_string(WTERMSIG(status))
                                              : "with exit code " + std::to_string(WEXITSTATUS(status));
  trouble_ = "the process of " + id + " ended " + how + last_words(id);
}

std::string ChildNodes::last_words(const std::string& id) const {
  std::ifstream file{directory_ + "/" + id + ".stderr"};
  const std::string words{std::istreambuf_iterator<char>{file}, {}};
  return words.empty() ? std::string{} : ": " + printable(words.substr(0, 400));
}

void ChildNodes::kill_all() noexcept {
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
