#include <hawser/inspect/event_file.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace hawser;

namespace {

Instant event_at(std::int64_t ms) { return instant_from_us(1'000'000 + ms * 1'000); }

class EventFolder {
 public:
  EventFolder() {
    path_ = (std::filesystem::temp_directory_path() / "hawser-events-XXXXXX").string();
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
  }
  ~EventFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  static std::string read(const std::string& path) {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

 private:
  std::string path_;
};

// What was told, from the file's own thread.
class Told {
 public:
  EventFile::Tell tell() {
    return [this](const std::string& sentence) {
      const std::lock_guard lock{mutex_};
      sentences_.push_back(sentence);
    };
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock{mutex_};
    return sentences_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> sentences_;
};

}  // namespace

TEST_CASE("event file: lines are appended, also to what is there already") {
  const EventFolder folder;
  Told told;
  for (const std::string line : {"one", "two"}) {
    EventFile file{{folder.file("e")}, told.tell()};
    file.write(line, event_at(0));
  }
  CHECK(EventFolder::read(folder.file("e")) == "one\ntwo\n");
  CHECK(told.all().empty());
}

TEST_CASE("event file: a disk slower than events is told of, and the end of the file is not waited for") {
  const EventFolder folder;
  const std::string path = folder.file("pipe");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(reader >= 0);
  Told told;
  EventFile file{{path, std::uint64_t{1} << 40}, told.tell()};
  const std::string line(4000, 'x');
  constexpr std::size_t in_a_pipe = 1u << 20;  // no pipe holds so much
  const std::size_t lines = EventFile::lines_max + in_a_pipe / line.size();
  for (std::size_t i = 0; i < lines; ++i) file.write(line, event_at(0));
  CHECK(file.lost() > 0);
  file.finish();
  CHECK_FALSE(file.finished());
  file.write("too late", event_at(0));
  const std::uint64_t lost = file.lost();
  std::vector<char> room(1u << 16);
  std::size_t read = 0;
  bool more = true;
  while (!file.finished() || more) {
    pollfd ready{reader, POLLIN, 0};
    ::poll(&ready, 1, 10);
    const ssize_t got = ::read(reader, room.data(), room.size());
    more = got > 0;
    if (more) read += static_cast<std::size_t>(got);
  }
  ::close(reader);
  CHECK(read == (lines + 1 - lost) * (line.size() + 1));
  REQUIRE(told.all().size() == 1);
  CHECK(told.all().front().find("is on a disk slower than events come; ") != std::string::npos);
}

TEST_CASE("event file: rotated by size, as many kept as were asked for, and no line is torn") {
  const EventFolder folder;
  Told told;
  EventFile file{{folder.file("e"), 20, 3}, told.tell()};
  for (int i = 0; i < 10; ++i) file.write("line " + std::to_string(i), event_at(0));  // seven bytes each, two in a file
  file.settle();
  CHECK(EventFolder::read(folder.file("e")) == "line 8\nline 9\n");
  CHECK(EventFolder::read(folder.file("e.1")) == "line 6\nline 7\n");
  CHECK(EventFolder::read(folder.file("e.2")) == "line 4\nline 5\n");
  CHECK_FALSE(std::filesystem::exists(folder.file("e.3")));
  CHECK(file.lost() == 0);
}

TEST_CASE("event file: a line larger than a file has one of its own, and one file begins anew each time") {
  const EventFolder folder;
  Told told;
  EventFile file{{folder.file("e"), 20, 1}, told.tell()};
  const std::string large(50, 'x');
  file.write("small", event_at(0));
  file.write(large, event_at(0));
  file.settle();
  CHECK(EventFolder::read(folder.file("e")) == large + "\n");
  file.write("after", event_at(0));
  file.settle();
  CHECK(EventFolder::read(folder.file("e")) == "after\n");
}

TEST_CASE("event file: a full disk is told of once, and lines that are lost are counted") {
  Told told;
  EventFile file{{"/dev/full"}, told.tell()};
  for (int i = 0; i < 5; ++i) file.write("line", event_at(0));
  file.settle();
  REQUIRE(told.all().size() == 1);
  CHECK(told.all()[0].find("No space left") != std::string::npos);
  CHECK(file.lost() == 5);
}

TEST_CASE("event file: once it can be written again it is, and that is told with what is missing") {
  const EventFolder folder;
  Told told;
  EventFile file{{folder.file("later/e")}, told.tell()};
  file.write("lost", event_at(0));
  file.settle();
  CHECK(told.all().size() == 1);
  std::filesystem::create_directory(folder.file("later"));
  file.write("too early", event_at(999));
  file.settle();
  CHECK(told.all().size() == 1);
  file.write("line", event_at(1'000));
  file.settle();
  REQUIRE(told.all().size() == 2);
  CHECK(told.all()[1].find("can be written again; 2 lines") != std::string::npos);
  CHECK(EventFolder::read(folder.file("later/e")) == "line\n");
}
