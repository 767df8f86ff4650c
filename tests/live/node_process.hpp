// NodeProcess: one `hawser node` as a process of its own, watched through the snapshots it prints.
//
// A Household gives every process its configuration in a directory of its own and ports that were free a moment ago, or
// a place of its own on a network that can be cut.
#pragma once

#include "cut_network.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace hawser::live {

using Json = nlohmann::json;

class NodeProcess {
 public:
  NodeProcess(std::string id, std::string config, std::string words);
  ~NodeProcess();
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  // `traffic`: as `hawser node` takes it.
  void start(const std::vector<std::string>& traffic = {"--traffic", "Greeting=200"});
  // Memory in use now, in bytes.
  std::size_t resident() const;
  void signal(int number) const;
  // The exit code, or minus the signal that ended it; nothing while it runs after so long.
  std::optional<int> wait(std::chrono::milliseconds most);
  // Takes in what it has printed.
  void read();

  bool heard() const { return !last.is_null(); }
  // Its row for a peer.
  const Json& peer(const std::string& other) const;
  std::string peer_state(const std::string& other) const;
  std::uint64_t delivered() const;
  // What it wrote to its error stream.
  std::string complaints() const;

  // Called in the child between fork and exec, with async-signal-safe calls only; false ends it.
  std::function<bool()> enter;
  // Called with every snapshot.
  std::function<void(const Json&)> seen;

  Json last;                 // the newest snapshot
  std::vector<Json> events;  // of all snapshots of this run

 private:
  void take_line(const std::string& line);

  std::string id_;
  std::string config_;
  std::string words_;
  pid_t pid_ = 0;
  int out_ = -1;
  std::string unread_;
};

// When nodes act for the cluster.
enum class Acts { always, by_majority };

class Household {
 public:
  // `settings`: TOML for all of them, tables only. `network`: which has a place for each; else they are on loopback.
  explicit Household(const std::vector<std::string>& ids, const std::string& settings = {}, Acts acts = Acts::always,
                     const tools::CutNetwork* network = nullptr);
  ~Household();
  Household(const Household&) = delete;
  Household& operator=(const Household&) = delete;

  NodeProcess& operator[](const std::string& id) { return processes_.at(id); }
  const std::vector<std::string>& ids() const { return ids_; }
  std::uint16_t port(const std::string& id) const { return ports_.at(id); }
  // Where it keeps its vote, if it has one.
  std::string state_dir(const std::string& id) const { return directory_ + "/" + id + ".state"; }
  std::uint16_t admin_port(const std::string& id) const { return admin_ports_.at(id); }
  std::string config(const std::string& id) const { return directory_ + "/" + id + ".toml"; }
  const std::string& directory() const { return directory_; }
  // Puts another text in the place of one in its configuration. Throws std::runtime_error when it has none such.
  void rewrite(const std::string& id, const std::string& from, const std::string& to) const;
  void start_all();
  bool until(const std::function<bool()>& reached, std::chrono::milliseconds most = std::chrono::seconds{30});
  // Until all processes see each other up.
  bool all_up();

 private:
  std::vector<std::string> ids_;
  std::string directory_;
  std::map<std::string, std::uint16_t> ports_;
  std::map<std::string, std::uint16_t> admin_ports_;
  std::map<std::string, NodeProcess> processes_;
};

}  // namespace hawser::live
