#include <hawser/interconnect/zmq/file_storage.hpp>

#include <hawser/base/assert.hpp>

#include <xxhash.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace hawser {
namespace {

// "hawser" and the version of this layout.
constexpr std::array<char, 8> magic{'h', 'a', 'w', 's', 'e', 'r', 0, 1};
constexpr std::size_t header_bytes = 24;  // magic, length, checksum; both numbers little endian
static_assert(std::endian::native == std::endian::little, "records are written as they lie in memory");

std::string reason(int error) { return std::generic_category().message(error); }

class File {
 public:
  explicit File(int descriptor) noexcept : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  explicit operator bool() const noexcept { return descriptor_ >= 0; }

  bool write_all(const void* bytes, std::size_t size) noexcept {
    const char* at = static_cast<const char*>(bytes);
    while (size > 0) {
      const ssize_t wrote = ::write(descriptor_, at, size);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return false;
      at += wrote;
      size -= static_cast<std::size_t>(wrote);
    }
    return true;
  }

  // Up to `size` bytes; the count, or nothing on an error.
  std::optional<std::size_t> read_some(void* bytes, std::size_t size) noexcept {
    char* at = static_cast<char*>(bytes);
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = ::read(descriptor_, at + done, size - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return std::nullopt;
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  bool flush() noexcept { return ::fsync(descriptor_) == 0; }

  bool close() noexcept { return ::close(std::exchange(descriptor_, -1)) == 0; }

 private:
  int descriptor_;
};

std::uint64_t checksum(std::string_view name, std::span<const std::byte> bytes) {
  const std::uint64_t seed = XXH3_64bits(name.data(), name.size());
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

bool valid_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 64 || name.front() == '.') return false;
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string_view::npos;
}

}  // namespace

FileStorage::FileStorage(std::string directory) : directory_(std::move(directory)) {
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  directory_fd_ = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_fd_ < 0) {
    const std::string why = error ? error.message() : reason(errno);
    throw StartError("state_dir '" + directory_ + "' cannot be used (" + why + "); create it or name another");
  }
  lock_fd_ = ::openat(directory_fd_, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const int failure = lock_fd_ < 0 ? errno : (::flock(lock_fd_, LOCK_EX | LOCK_NB) != 0 ? errno : 0);
  if (failure == 0) return;
  if (lock_fd_ >= 0) ::close(lock_fd_);
  ::close(directory_fd_);
  if (failure == EWOULDBLOCK) {
    throw StartError("state_dir '" + directory_ +
                     "' is in use by another node; give every node a directory of its own or stop the other one");
  }
  throw StartError("state_dir '" + directory_ + "' cannot be written (" + reason(failure) +
                   "); let this user write there or name another");
}

FileStorage::~FileStorage() {
  ::close(lock_fd_);
  ::close(directory_fd_);
}

std::string FileStorage::path_of(std::string_view name) const {
  return directory_ + "/" + std::string{name} + ".record";
}

std::optional<std::vector<std::byte>> FileStorage::read(std::string_view name, std::string& problem) {
  HAWSER_ASSERT(valid_name(name), "a record's name is 1..64 of a-z 0-9 . _ -");
  problem.clear();
  const std::string file_name = std::string{name} + ".record";
  File file{::openat(directory_fd_, file_name.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) {
    if (errno != ENOENT) problem = "'" + path_of(name) + "' cannot be read: " + reason(errno);
    return std::nullopt;
  }
  std::vector<std::byte> whole(header_bytes + record_bytes_max + 1);
  const std::optional<std::size_t> got = file.read_some(whole.data(), whole.size());
  if (!got) {
    problem = "'" + path_of(name) + "' cannot be read: " + reason(errno);
    return std::nullopt;
  }
  if (*got < header_bytes || std::memcmp(whole.data(), magic.data(), magic.size()) != 0) {
    problem = "'" + path_of(name) + "' is no record of ours; what it held is not known";
    return std::nullopt;
  }
  std::uint64_t size = 0;
  std::uint64_t sum = 0;
  std::memcpy(&size, whole.data() + 8, sizeof size);
  std::memcpy(&sum, whole.data() + 16, sizeof sum);
  const std::size_t held = *got - header_bytes;
  if (size != held || held > record_bytes_max || checksum(name, std::span{whole}.subspan(header_bytes, held)) != sum) {
    problem = "'" + path_of(name) + "' is torn or was changed; what it held is lost";
    return std::nullopt;
  }
  whole.erase(whole.begin(), whole.begin() + header_bytes);
  whole.resize(held);
  return whole;
}

bool FileStorage::write(std::string_view name, std::span<const std::byte> bytes, std::string& problem) {
  HAWSER_ASSERT(valid_name(name), "a record's name is 1..64 of a-z 0-9 . _ -");
  HAWSER_ASSERT(bytes.size() <= record_bytes_max, "a record is at most 1 MiB");
  problem.clear();
  std::array<std::byte, header_bytes> header;
  const std::uint64_t size = bytes.size();
  const std::uint64_t sum = checksum(name, bytes);
  std::memcpy(header.data(), magic.data(), magic.size());
  std::memcpy(header.data() + 8, &size, sizeof size);
  std::memcpy(header.data() + 16, &sum, sizeof sum);

  const std::string final_name = std::string{name} + ".record";
  const std::string temporary = final_name + ".new";
  const auto fail = [&](const char* step) {
    problem = "'" + path_of(name) + "' could not be " + step + ": " + reason(errno);
    ::unlinkat(directory_fd_, temporary.c_str(), 0);
    return false;
  };
  File file{::openat(directory_fd_, temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (!file) return fail("created");
  if (!file.write_all(header.data(), header.size()) || !file.write_all(bytes.data(), bytes.size())) {
    return fail("written");
  }
  if (!file.flush() || !file.close()) return fail("flushed to disk");
  if (::renameat(directory_fd_, temporary.c_str(), directory_fd_, final_name.c_str()) != 0) return fail("renamed");
  if (::fsync(directory_fd_) != 0) return fail("flushed to disk");
  return true;
}

}  // namespace hawser
