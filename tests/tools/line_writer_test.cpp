#include "line_writer.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <csignal>
#include <string>
#include <unistd.h>

using namespace hawser::tools;

namespace {

class Pipe {
 public:
  Pipe() { REQUIRE(::pipe(ends_.data()) == 0); }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  int writer() const { return ends_[1]; }
  void close_reader() { close(ends_[0]); }
  void close_writer() { close(ends_[1]); }
  std::string read_all() {
    std::string text;
    std::array<char, 4096> buffer{};
    for (ssize_t size = 0; (size = ::read(ends_[0], buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return text;
  }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  std::array<int, 2> ends_{};
};

}  // namespace

TEST_CASE("lines come out in order, each whole, and all of them before the writer is gone") {
  Pipe pipe;
  {
    LineWriter writer{pipe.writer()};
    for (int i = 0; i < 10; ++i) writer.write("line " + std::to_string(i));
  }
  pipe.close_writer();
  const std::string text = pipe.read_all();
  CHECK(text.starts_with("line 0\nline 1\n"));
  CHECK(text.ends_with("line 9\n"));
}

TEST_CASE("a reader who does not read holds nobody up: the oldest lines are dropped and counted") {
  Pipe pipe;
  {
    LineWriter writer{pipe.writer()};
    const std::string large(256 * 1024, 'x');  // more than a pipe takes
    for (std::size_t i = 0; i < LineWriter::lines_max * 2; ++i) writer.write(large);
    CHECK(writer.dropped() >= LineWriter::lines_max - 1);
    pipe.close_reader();
    // The write under way fails, so that the destructor does not wait for ever.
    std::signal(SIGPIPE, SIG_IGN);
  }
}
