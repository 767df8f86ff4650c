// A host's disk. It survives crashes and restarts; it may be lost, refuse writes, or tear the last one.
//
// Disk belongs to the host, SimStorage to one run of its process: what a node holds of StableStorage.
#pragma once

#include <hawser/interconnect/runtime.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::sim {

class Disk {
 public:
  // Everything on it is gone, as with a new machine.
  void lose() { records_.clear(); }
  // Power failed in the middle of the last write: that record can no longer be read. False when nothing was written
  // yet.
  bool tear();
  // Every write fails until this is taken back; what is there can be read.
  void set_full(bool full) noexcept { full_ = full; }
  std::uint64_t writes() const noexcept { return writes_; }

 private:
  friend class SimStorage;
  struct Record {
    std::vector<std::byte> bytes;
    bool torn = false;
  };

  std::map<std::string, Record> records_;  // by directory and name
  std::string last_written_;
  std::uint64_t writes_ = 0;
  bool full_ = false;
};

class SimStorage final : public StableStorage {
 public:
  // The disk must outlive the storage.
  SimStorage(Disk& disk, std::string directory) : disk_(disk), directory_(std::move(directory)) {}

  std::optional<std::vector<std::byte>> read(std::string_view name, std::string& problem) override;
  bool write(std::string_view name, std::span<const std::byte> bytes, std::string& problem) override;

 private:
  std::string path(std::string_view name) const { return directory_ + '/' + std::string{name}; }

  Disk& disk_;
  std::string directory_;
};

}  // namespace hawser::sim
