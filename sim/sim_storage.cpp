#include <hawser/sim/sim_storage.hpp>

namespace hawser::sim {

bool Disk::tear() {
  const auto found = records_.find(last_written_);
  if (found == records_.end()) return false;
  found->second.torn = true;
  return true;
}

std::optional<std::vector<std::byte>> SimStorage::read(std::string_view name, std::string& problem) {
  problem.clear();
  const auto found = disk_.records_.find(path(name));
  if (found == disk_.records_.end()) return std::nullopt;
  if (found->second.torn) {
    problem = found->first + " is torn: its last write was cut short, so what it held is lost";
    return std::nullopt;
  }
  return found->second.bytes;
}

bool SimStorage::write(std::string_view name, std::span<const std::byte> bytes, std::string& problem) {
  problem.clear();
  if (disk_.full_) {
    problem = path(name) + " could not be written: no space left";
    return false;
  }
  std::string where = path(name);
  disk_.records_[where] = {{bytes.begin(), bytes.end()}, false};
  disk_.last_written_ = std::move(where);
  ++disk_.writes_;
  return true;
}

}  // namespace hawser::sim
