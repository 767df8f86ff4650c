// A `hawser` command at a terminal of its own, as a person sees it: what it draws, which keys it is given, and in which
// state it leaves the terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace hawser::live {

class TerminalProcess {
 public:
  TerminalProcess(const std::vector<std::string>& arguments, unsigned short columns, unsigned short rows);
  ~TerminalProcess();
  TerminalProcess(const TerminalProcess&) = delete;
  TerminalProcess& operator=(const TerminalProcess&) = delete;

  void type(const std::string& keys);
  void resize(unsigned short columns, unsigned short rows);
  void signal(int number) const;
  bool until(const std::function<bool()>& reached, std::chrono::milliseconds most = std::chrono::seconds{30});
  // The exit code, or minus the signal that ended it.
  std::optional<int> wait(std::chrono::milliseconds most = std::chrono::seconds{30});

  const std::string& output() const { return output_; }
  bool has(const std::string& text) const { return output_.find(text) != std::string::npos; }
  // The lines of the last whole frame, without styles; empty before the first.
  std::vector<std::string> frame() const;
  std::string frame_text() const;
  // Keys are echoed and come by lines, the cursor shows, and the first page of the terminal is back.
  bool clean() const;

 private:
  void read();

  int terminal_ = -1;
  // Kept open, so that the terminal stays when the process has gone.
  int other_end_ = -1;
  pid_t pid_ = 0;
  std::string output_;
};

}  // namespace hawser::live
