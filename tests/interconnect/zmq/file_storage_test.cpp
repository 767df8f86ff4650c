// Records on a disk that may hold anything.
#include <hawser/interconnect/zmq/file_storage.hpp>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace hawser;

namespace {

class Directory {
 public:
  Directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hawser-state-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

std::string content(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

void put(const std::string& path, std::string_view text) { std::ofstream{path, std::ios::binary} << text; }

}  // namespace

TEST_CASE("what was written is read again, by the next process too, and a new record replaces the old") {
  const Directory state;
  std::string problem;
  {
    FileStorage storage{state / "deep/er"};
    CHECK_FALSE(storage.read("promise", problem));
    CHECK(problem.empty());
    CHECK(storage.write("promise", bytes_of("first"), problem));
    CHECK(storage.write("promise", bytes_of("second"), problem));
    CHECK(storage.write("empty", {}, problem));
  }
  FileStorage storage{state / "deep/er"};
  CHECK(storage.read("promise", problem) == bytes_of("second"));
  CHECK(storage.read("empty", problem) == bytes_of(""));
  CHECK(problem.empty());
}

TEST_CASE("a record of the largest size comes back whole") {
  const Directory state;
  FileStorage storage{state.path()};
  std::string problem;
  std::vector<std::byte> large(FileStorage::record_bytes_max, std::byte{0x5a});
  large.back() = std::byte{1};
  REQUIRE(storage.write("large", large, problem));
  CHECK(storage.read("large", problem) == large);
}

TEST_CASE("a record that was cut short anywhere, or changed in any byte, is lost and said to be") {
  const Directory state;
  FileStorage storage{state.path()};
  std::string problem;
  REQUIRE(storage.write("promise", bytes_of("epoch 42"), problem));
  const std::string path = state / "promise.record";
  const std::string whole = content(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    put(path, whole.substr(0, size));
    CHECK_FALSE(storage.read("promise", problem));
    CHECK_THAT(problem, Catch::Contains(path));
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    put(path, changed);
    CHECK_FALSE(storage.read("promise", problem));
    CHECK_FALSE(problem.empty());
  }
  put(path, whole + "x");
  CHECK_FALSE(storage.read("promise", problem));
  put(path, whole);
  CHECK(storage.read("promise", problem) == bytes_of("epoch 42"));
  CHECK(problem.empty());
}

TEST_CASE("a foreign file and a record under another's name are no memory") {
  const Directory state;
  FileStorage storage{state.path()};
  std::string problem;
  put(state / "foreign.record", "a shopping list, long enough to hold a header");
  CHECK_FALSE(storage.read("foreign", problem));
  CHECK_FALSE(problem.empty());
  REQUIRE(storage.write("one", bytes_of("1"), problem));
  std::filesystem::copy_file(state / "one.record", state / "two.record");
  CHECK_FALSE(storage.read("two", problem));
  CHECK_FALSE(problem.empty());
  std::filesystem::create_directory(state / "folder.record");
  CHECK_FALSE(storage.read("folder", problem));
  CHECK_FALSE(problem.empty());
}

TEST_CASE("a half-written file of an earlier crash neither counts nor stands in the way") {
  const Directory state;
  FileStorage storage{state.path()};
  std::string problem;
  REQUIRE(storage.write("promise", bytes_of("old"), problem));
  put(state / "promise.record.new", "half a rec");
  CHECK(storage.read("promise", problem) == bytes_of("old"));
  CHECK(storage.write("promise", bytes_of("new"), problem));
  CHECK(storage.read("promise", problem) == bytes_of("new"));
}

TEST_CASE("a record that cannot be written says so and leaves the old one") {
  const Directory state;
  FileStorage storage{state.path()};
  std::string problem;
  REQUIRE(storage.write("promise", bytes_of("old"), problem));
  std::filesystem::create_directory(state / "promise.record.new");
  CHECK_FALSE(storage.write("promise", bytes_of("new"), problem));
  CHECK_THAT(problem, Catch::Contains("promise.record"));
  CHECK(storage.read("promise", problem) == bytes_of("old"));
}

TEST_CASE("a directory that cannot be used, or is in use, is refused with what to do") {
  const Directory state;
  put(state / "file", "not a directory");
  CHECK_THROWS_WITH(FileStorage{state / "file"}, Catch::Contains("state_dir") && Catch::Contains("name another"));
  CHECK_THROWS_AS(FileStorage{state / "file/below"}, StartError);
  CHECK_THROWS_AS(FileStorage{"/proc/hawser"}, StartError);
  const FileStorage first{state.path()};
  CHECK_THROWS_WITH(FileStorage{state.path()}, Catch::Contains("in use by another node"));
}
