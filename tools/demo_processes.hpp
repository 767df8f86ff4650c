// The demo's nodes as real processes: this same program, started with `node`, on loopback ports that were free.
//
// Whatever ends the demo ends them: the kernel kills them when their parent dies, the destructor kills and collects
// them, and their directory goes with them.
#pragma once

#include "demo_play.hpp"
#include <hawser/interconnect/config.hpp>

#include <chrono>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace hawser::tools {

class DemoProcesses final : public Theatre {
 public:
  // Writes the configurations and starts all nodes. Throws StartError when that cannot be done.
  DemoProcesses(const std::vector<std::string>& nodes, const Traffic& traffic);
  ~DemoProcesses();
  DemoProcesses(const DemoProcesses&) = delete;
  DemoProcesses& operator=(const DemoProcesses&) = delete;

  void act(const Act& act, Stage& stage) override;
  void wait(Duration moment, Stage& stage) override;
  Duration now() const override;
  std::string trouble() const override { return trouble_; }

 private:
  struct Child {
    pid_t pid = 0;  // 0: none
    int out = -1;   // its snapshots
    std::string unread;
    bool stopping = false;
  };

  void write_configurations(const std::vector<std::string>& nodes);
  void start(const std::string& id);
  [[noreturn]] void become_node(const std::string& id, int out) const;
  void read_lines(const std::string& id, Child& child, Stage& stage);
  void collect(const std::string& id, Child& child, Stage& stage);
  void kill_all() noexcept;
  std::string last_words(const std::string& id) const;

  Traffic traffic_;
  std::string directory_;
  std::map<std::string, Child> children_;
  std::string trouble_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace hawser::tools
