// Small named records in a directory, which survive a crash at any instant.
//
// A record is written to a temporary file, flushed, renamed over the old one, and the directory is flushed: afterwards
// either the old or the new record is there, whole. Each carries a magic number, its length and an XXH3 checksum seeded
// by its name, so that a torn file, a foreign file and a record moved under another name are told apart from memory.
// One process at a time owns a directory; a lock held for life makes sure. Not thread safe.
#pragma once

#include <hawser/interconnect/runtime.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {

class FileStorage final : public StableStorage {
 public:
  static constexpr std::size_t record_bytes_max = 1 << 20;

  // Makes the directory where it is missing. Throws StartError when it cannot be written or is in use.
  explicit FileStorage(std::string directory);
  ~FileStorage() override;
  FileStorage(const FileStorage&) = delete;
  FileStorage& operator=(const FileStorage&) = delete;

  // REQUIRES: `name` is 1..64 of `a-z 0-9 . _ -` and does not begin with a dot.
  std::optional<std::vector<std::byte>> read(std::string_view name, std::string& problem) override;
  bool write(std::string_view name, std::span<const std::byte> bytes, std::string& problem) override;

 private:
  std::string path_of(std::string_view name) const;

  std::string directory_;
  int directory_fd_ = -1;
  int lock_fd_ = -1;
};

}  // namespace hawser
