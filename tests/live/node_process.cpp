#include "node_process.hpp"

#include "child_nodes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace hawser::live {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds glance{10};

}  // namespace

NodeProcess::NodeProcess(std::string id, std::string config, std::string words)
    : id_(std::move(id)), config_(std::move(config)), words_(std::move(words)) {}

NodeProcess::~NodeProcess() {
  if (pid_ != 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) ::close(out_);
}

void NodeProcess::start(const std::vector<std::string>& traffic) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
  const int words = ::open(words_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  // Everything the child needs is made before fork: between fork and exec it may only call what a signal handler may.
  // A network has many nodes: a reader that falls 64 lines behind loses the oldest, and their events with them.
  std::vector<std::string> said{"hawser", "node", "--config", config_, "--snapshots", enter ? "200ms" : "50ms"};
  said.insert(said.end(), traffic.begin(), traffic.end());
  std::vector<char*> arguments;
  for (std::string& word : said) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  last = nullptr;
  events.clear();
  unread_.clear();
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    if (enter && !enter()) ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(pipe[1], STDOUT_FILENO);
    ::dup2(words, STDERR_FILENO);
    ::execv(HAWSER_TOOL, arguments.data());
    ::_exit(127);
  }
  ::close(words);
  ::close(pipe[1]);
  if (out_ >= 0) ::close(out_);
  out_ = pipe[0];
  ::fcntl(out_, F_SETFL, O_NONBLOCK);
}

void NodeProcess::signal(int number) const {
  if (pid_ != 0) ::kill(pid_, number);
}

std::size_t NodeProcess::resident() const {
  std::ifstream file{"/proc/" + std::to_string(pid_) + "/statm"};
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::optional<int> NodeProcess::wait(std::chrono::milliseconds most) {
  const auto end = Clock::now() + most;
  for (;;) {
    read();
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      read();
      pid_ = 0;
      return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    if (Clock::now() > end) return std::nullopt;
    std::this_thread::sleep_for(glance);
  }
}

void NodeProcess::read() {
  if (out_ < 0) return;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t size = ::read(out_, buffer.data(), buffer.size());
    if (size <= 0) break;
    unread_.append(buffer.data(), static_cast<std::size_t>(size));
  }
  std::size_t from = 0;
  for (std::size_t end = 0; (end = unread_.find('\n', from)) != std::string::npos; from = end + 1) {
    take_line(unread_.substr(from, end - from));
  }
  unread_.erase(0, from);
}

void NodeProcess::take_line(const std::string& line) {
  last = Json::parse(line);
  if (seen) seen(last);
  for (const Json& event : last.at("events")) events.push_back(event);
}

const Json& NodeProcess::peer(const std::string& other) const {
  static const Json nobody;
  if (last.is_null()) return nobody;
  for (const Json& row : last.at("peers")) {
    if (row.at("id") == other) return row;
  }
  return nobody;
}

std::string NodeProcess::peer_state(const std::string& other) const {
  const Json& row = peer(other);
  return row.is_null() ? "" : row.at("state").get<std::string>();
}

std::uint64_t NodeProcess::delivered() const {
  if (last.is_null() || !last.at("ledger").at("outcomes").contains("delivered")) return 0;
  return last.at("ledger").at("outcomes").at("delivered").at("messages").get<std::uint64_t>();
}

std::string NodeProcess::complaints() const {
  std::ifstream file{words_};
  return {std::istreambuf_iterator<char>{file}, {}};
}

Household::Household(const std::vector<std::string>& ids, const std::string& settings, Acts acts,
                     const tools::CutNetwork* network)
    : ids_(ids) {
  directory_ = (std::filesystem::temp_directory_path() / "hawser-live-XXXXXX").string();
  if (::mkdtemp(directory_.data()) == nullptr) throw std::runtime_error{"no directory for the configurations"};
  const std::vector<std::uint16_t> ports = tools::free_ports(2 * ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ports_[ids[i]] = ports[i];
    admin_ports_[ids[i]] = ports[ids.size() + i];
  }
  for (const std::string& id : ids) {
    const std::string path = directory_ + "/" + id + ".toml";
    std::ofstream file{path};
    const auto place = [&](const std::string& who) {
      const auto at = static_cast<std::size_t>(std::find(ids.begin(), ids.end(), who) - ids.begin());
      return (network == nullptr ? "127.0.0.1" : network->address(at)) + ":" + std::to_string(port(who));
    };
    file << "id = \"" << id << "\"\nlisten = \"" << place(id) << "\"\ndrain = \"2s\"\n";
    if (network != nullptr) file << "insecure = true\n";
    if (acts == Acts::by_majority) {
      file << "strategy = \"keep_majority\"\nstate_dir = \"" << state_dir(id) << "\"\n";
    }
    file << "\n[peers]\n";
    for (const std::string& other : ids) {
      if (other != id) file << other << " = \"" << place(other) << "\"\n";
    }
    file << "\n[admin]\nlisten = \"127.0.0.1:" << admin_port(id) << "\"\n\n" << settings;
    file.close();
    NodeProcess& process = processes_.try_emplace(id, id, path, directory_ + "/" + id + ".stderr").first->second;
    const std::size_t at = processes_.size() - 1;
    if (network != nullptr) process.enter = [network, at] { return network->enter(at); };
  }
}

Household::~Household() {
  processes_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void Household::rewrite(const std::string& id, const std::string& from, const std::string& to) const {
  std::ifstream in{config(id)};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error{"the configuration has no " + from};
  text.replace(at, from.size(), to);
  std::ofstream{config(id)} << text;
}

void Household::start_all() {
  for (auto& [id, process] : processes_) process.start();
}

bool Household::until(const std::function<bool()>& reached, std::chrono::milliseconds most) {
  const auto end = Clock::now() + most;
  for (;;) {
    for (auto& [id, process] : processes_) process.read();
    if (reached()) return true;
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(glance);
  }
}

bool Household::all_up() {
  return until([this] {
    for (const auto& [id, process] : processes_) {
      for (const auto& [other, ignored] : processes_) {
        if (id != other && process.peer_state(other) != "up") return false;
      }
    }
    return true;
  });
}

}  // namespace hawser::live
