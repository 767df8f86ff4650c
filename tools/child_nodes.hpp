// Real nodes: this same program, started with `node`, each a process with a configuration and a directory of its own.
//
// Whatever ends this process ends them: the destructor kills and collects them and removes their directory; when this
// process is killed itself the kernel kills them, and the directory stays. While the object lives SIGINT, SIGTERM and
// SIGHUP are trouble, which the owner sees when it looks.
#pragma once

#include "demo_sight.hpp"
#include <hawser/base/time.hpp>
#include <hawser/interconnect/config.hpp>
#include "interrupt.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace hawser::tools {

// Ports on loopback on which nobody listens now, each another one. Throws StartError when there are none.
std::vector<std::uint16_t> free_ports(std::size_t count);

// One at a time, on the main thread.
class ChildNodes {
 public:
  // `arguments`: what `hawser node` is told beside its configuration. Throws StartError when there is no room for
  // files.
  explicit ChildNodes(std::vector<std::string> arguments);
  ~ChildNodes();
  ChildNodes(const ChildNodes&) = delete;
  ChildNodes& operator=(const ChildNodes&) = delete;

  // Where a node may keep its vote: a name that nobody else has, and that goes with this object.
  std::string state_dir(const std::string& id) const { return directory_ + "/" + id + ".state"; }

  // Called in the child between fork and exec, so async-signal-safe calls only; false ends it.
  using Enter = std::function<bool()>;
  // Throws StartError when its configuration cannot be written. It does not run yet.
  void add(const Config& config, Enter enter = {});
  // Throws StartError when there can be no process.
  void start(const std::string& id);
  void signal(const std::string& id, int number) const;
  // With SIGKILL; afterwards it is gone.
  void kill(const std::string& id);
  // Asks all to stop; `ended` below tells of each that did as it should.
  void stop_all();

  struct Told {
    std::function<void(NodeSight)> sight;
    std::function<void(const std::string& id)> ended;
  };
  // Lets a moment pass and tells what was seen meanwhile. Returns early when there is trouble.
  void wait(Duration moment, const Told& told);

  // Why it cannot go on: an interrupt, or a process that ended; empty while it can.
  const std::string& trouble() const noexcept { return trouble_; }
  // Whether somebody wants it to end.
  bool interrupted() const noexcept { return interrupt_.came(); }

 private:
  struct Child {
    Enter enter;
    pid_t pid = 0;  // 0: none
    int out = -1;   // its snapshots
    std::string unread;
    bool stopping = false;
  };

  [[noreturn]] void become_node(const std::string& id, int out) const;
  void read_lines(const std::string& id, Child& child, const Told& told);
  void collect(const std::string& id, Child& child, const Told& told);
  void kill_all() noexcept;
  std::string last_words(const std::string& id) const;

  Interrupt interrupt_;
  std::vector<std::string> arguments_;
  std::string directory_;
  std::map<std::string, Child> children_;
  std::string trouble_;
};

}  // namespace hawser::tools
