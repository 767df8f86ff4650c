#include "cut_network.hpp"

#include <hawser/base/assert.hpp>
#include <hawser/interconnect/runtime.hpp>
#include "text.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sched.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hawser::tools {
namespace {

// Where the system's programs are, also for users whose PATH leaves out those of the administrator.
constexpr std::array folders{"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/", "/usr/local/sbin/", "/usr/local/bin/"};

std::string path_of_program(const std::string& name) {
  for (const char* const folder : folders) {
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  return {};
}

struct Pipe {
  int read = -1;
  int write = -1;

  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      throw StartError(std::string{"cannot make a pipe: "} + std::strerror(errno));
    read = ends[0];
    write = ends[1];
  }
  ~Pipe() {
    close_read();
    close_write();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_read() noexcept {
    if (read >= 0) ::close(std::exchange(read, -1));
  }
  void close_write() noexcept {
    if (write >= 0) ::close(std::exchange(write, -1));
  }
};

std::string read_all(int from) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

// Nothing when the other end went away without a word.
std::optional<char> read_byte(int from) {
  char byte = 0;
  ssize_t got = 0;
  while ((got = ::read(from, &byte, 1)) < 0 && errno == EINTR) {
  }
  return got == 1 ? std::optional{byte} : std::nullopt;
}

// True when all of it could be written.
bool write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(to, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

bool put(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool written = write_all(file, text);
  ::close(file);
  return written;
}

// A file without a name that holds the text, to be read from its beginning: a pipe would end us when nobody reads it.
int file_of(const std::string& text) {
  const int file = ::memfd_create("hawser", MFD_CLOEXEC);
  if (file < 0 || !write_all(file, text) || ::lseek(file, 0, SEEK_SET) != 0) {
    if (file >= 0) ::close(file);
    throw StartError(std::string{"cannot make a file in memory: "} + std::strerror(errno));
  }
  return file;
}

// Whoever makes a user namespace is root in it, and nobody else outside.
bool map_to_root(pid_t child) {
  const std::string of = "/proc/" + std::to_string(child) + "/";
  return put(of + "setgroups", "deny") && put(of + "gid_map", "0 " + std::to_string(::getegid()) + " 1") &&
         put(of + "uid_map", "0 " + std::to_string(::geteuid()) + " 1");
}

// The status it ended with.
int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::string port_of(std::size_t place) { return "p" + std::to_string(place); }

constexpr const char* rules =
    "table bridge hawser {\n"
    "  set lost { type ifname . ifname; }\n"
    "  chain forward {\n"
    "    type filter hook forward priority 0; policy accept;\n"
    "    iifname . oifname @lost drop\n"
    "  }\n"
    "}\n";

void check_programs() {
  std::string missing;
  std::string packages;
  for (const auto& [program, package] : {std::pair{"ip", "iproute2"}, std::pair{"nft", "nftables"}}) {
    if (!path_of_program(program).empty()) continue;
    missing += (missing.empty() ? "" : " and ") + std::string{"'"} + program + "'";
    packages += std::string{" "} + package;
  }
  if (missing.empty()) return;
  throw StartError("a network to cut takes " + missing + ", not found here; run: apt-get install" + packages);
}

}  // namespace

std::vector<Direction> between(const std::vector<std::size_t>& one, const std::vector<std::size_t>& other) {
  std::vector<Direction> directions;
  for (const std::size_t a : one) {
    for (const std::size_t b : other) {
      directions.emplace_back(a, b);
      directions.emplace_back(b, a);
    }
  }
  return directions;
}

CutNetwork::CutNetwork(std::size_t places) {
  HAWSER_ASSERT(places >= 1 && places <= places_max, "a network has 1 to 32 places");
  check_programs();
  try {
    hub_ = make_namespace();
    for (std::size_t i = 0; i < places; ++i) places_.push_back(make_namespace());
    std::string wiring = "link set lo up\nlink add hub type bridge forward_delay 0\nlink set hub up\n";
    for (std::size_t i = 0; i < places; ++i) {
      wiring += "link add " + port_of(i) + " type veth peer name eth0 netns /proc/self/fd/" +
                std::to_string(places_[i]) + "\nlink set " + port_of(i) + " master hub up\n";
    }
    run_inside(hub_, {"ip", "-batch", "-"}, wiring, places_);
    for (std::size_t i = 0; i < places; ++i) {
      run_inside(places_[i], {"ip", "-batch", "-"},
                 "link set lo up\naddr add " + address(i) + "/24 dev eth0\nlink set eth0 up\n");
    }
    run_inside(hub_, {"nft", "-f", "-"}, rules);
  } catch (...) {
    close_all();
    throw;
  }
}

CutNetwork::~CutNetwork() { close_all(); }

void CutNetwork::close_all() noexcept {
  for (const int place : places_) ::close(place);
  if (hub_ >= 0) ::close(hub_);
  if (users_ >= 0) ::close(users_);
}

std::string CutNetwork::address(std::size_t place) const { return "10.77.0." + std::to_string(place + 1); }

bool CutNetwork::enter(std::size_t place) const noexcept { return enter_namespace(places_[place]); }

bool CutNetwork::enter_namespace(int net) const noexcept {
  if (users_ >= 0 && ::setns(users_, CLONE_NEWUSER) != 0) return false;
  return ::setns(net, CLONE_NEWNET) == 0;
}

void CutNetwork::cut(const std::vector<Direction>& directions) {
  if (directions.empty()) return;
  std::string elements;
  for (const auto& [from, to] : directions) {
    elements += (elements.empty() ? "\"" : ", \"") + port_of(from) + "\" . \"" + port_of(to) + "\"";
  }
  run_inside(hub_, {"nft", "-f", "-"}, "add element bridge hawser lost { " + elements + " }\n");
}

void CutNetwork::heal() { run_inside(hub_, {"nft", "-f", "-"}, "flush set bridge hawser lost\n"); }

// A child makes it, this process takes hold of it, and the child goes.
int CutNetwork::make_namespace() {
  const bool makes_users = ::geteuid() != 0 && users_ < 0;
  Pipe made;
  Pipe taken;
  const pid_t child = ::fork();
  if (child < 0) throw StartError(std::string{"cannot start a process: "} + std::strerror(errno));
  if (child == 0) {
    taken.close_write();
    const bool inside = users_ < 0 || ::setns(users_, CLONE_NEWUSER) == 0;
    const int flags = makes_users ? CLONE_NEWUSER | CLONE_NEWNET : CLONE_NEWNET;
    char word = 0;
    if (!inside || ::unshare(flags) != 0) word = static_cast<char>(errno);
    (void)!::write(made.write, &word, 1);
    (void)read_byte(taken.read);  // its end is the sign to go
    ::_exit(0);
  }
  made.close_write();
  const std::optional<char> word = read_byte(made.read);
  int net = -1;
  bool held = word == '\0';
  if (held) {
    const std::string of = "/proc/" + std::to_string(child) + "/ns/";
    net = ::open((of + "net").c_str(), O_RDONLY | O_CLOEXEC);
    held = net >= 0;
    if (makes_users) {
      users_ = ::open((of + "user").c_str(), O_RDONLY | O_CLOEXEC);
      held = held && users_ >= 0 && map_to_root(child);
    }
  }
  taken.close_write();
  (void)wait_for(child);
  if (held) return net;
  if (net >= 0) ::close(net);
  const std::string why = word && *word != 0 ? std::strerror(*word) : "it could not be taken hold of";
  throw StartError("cannot make a network namespace (" + why +
                   "); run this as root (in a container: with the capability SYS_ADMIN), or let users make their own: "
                   "sysctl kernel.unprivileged_userns_clone=1");
}

void CutNetwork::run_inside(int net, const std::vector<std::string>& command, const std::string& input,
                            const std::vector<int>& keep) const {
  const std::string program = path_of_program(command[0]);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  Pipe out;
  const int in = file_of(input);
  const pid_t child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);  // Ctrl-C is not for it
    for (const int descriptor : keep) ::fcntl(descriptor, F_SETFD, 0);
    if (!enter_namespace(net)) ::_exit(126);
    ::dup2(in, STDIN_FILENO);
    ::dup2(out.write, STDOUT_FILENO);
    ::dup2(out.write, STDERR_FILENO);
    ::execv(program.c_str(), arguments.data());
    ::_exit(127);
  }
  const int failure = errno;
  ::close(in);
  if (child < 0) throw StartError(std::string{"cannot start a process: "} + std::strerror(failure));
  out.close_write();
  const std::string complaints = read_all(out.read);
  const int status = wait_for(child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  const std::string how = WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status)) : "a signal";
  throw StartError("'" + command[0] + "' could not make or cut the network (" + how +
                   "): " + printable(complaints.substr(0, 300)) +
                   "; the kernel must have bridges, veth, and nf_tables for bridges");
}

}  // namespace hawser::tools
