#include "terminal.hpp"

#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace hawser::tools;

namespace {

// A stream whose text can be looked at.
class Paper {
 public:
  Paper() : stream_(open_memstream(&text_, &size_)) {}
  ~Paper() {
    std::fclose(stream_);
    std::free(text_);
  }
  Paper(const Paper&) = delete;
  Paper& operator=(const Paper&) = delete;
  std::FILE* stream() { return stream_; }
  std::string text() {
    std::fflush(stream_);
    return {text_, size_};
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* stream_;
};

}  // namespace

TEST_CASE("a pipe gets plain lines: no colour, no cursor movement, no live area") {
  Paper paper;
  {
    Terminal terminal{paper.stream(), false, false, 80};
    terminal.line(terminal.styled("n2 is up", Style::good));
    terminal.live({"a frame"});
    terminal.line("n2 is suspect");
  }
  CHECK(paper.text() == "n2 is up\nn2 is suspect\n");
}

TEST_CASE("a live area is redrawn in place, lines go above it, and the cursor comes back at the end") {
  Paper paper;
  {
    Terminal terminal{paper.stream(), true, true, 20};
    terminal.live({"one", "two"});
    terminal.line("news");
    terminal.live({"three"});
  }
  const std::string hide = "\x1b[?25l";
  const std::string show = "\x1b[?25h";
  const std::string line = "\x1b[2K";
  const std::string up_two = "\x1b[2A\r\x1b[J";
  CHECK(paper.text() == hide + line + "one\n" + line + "two\n" + up_two + "news\n" + hide + line + "one\n" + line +
                            "two\n" + up_two + line + "three\n" + show);
}

TEST_CASE("no frame is wider than the terminal, or redrawing would smear") {
  Paper paper;
  {
    Terminal terminal{paper.stream(), true, true, 8};
    terminal.live({terminal.styled("much too long", Style::bad)});
  }
  CHECK(paper.text().find("much to…\n") != std::string::npos);
}

TEST_CASE("a table is as wide as its cells, numbers to the right") {
  Paper paper;
  Terminal terminal{paper.stream(), false, false, 80};
  Table table{{{"node", Align::left}, {"phi", Align::right}, {"state", Align::left}}};
  table.row({"n1", "0.1", "up"});
  table.row({"日本", "12.5", "unreachable"});
  table.row({"n3"});
  CHECK(table.lines(terminal) ==
        std::vector<std::string>{"node   phi  state", "n1     0.1  up", "日本  12.5  unreachable", "n3"});
}
