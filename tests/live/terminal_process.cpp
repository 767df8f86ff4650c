#include "terminal_process.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <thread>
#include <unistd.h>

namespace hawser::live {

TerminalProcess::TerminalProcess(const std::vector<std::string>& arguments, unsigned short columns,
                                 unsigned short rows) {
  terminal_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  std::array<char, 128> name{};
  if (terminal_ < 0 || ::grantpt(terminal_) != 0 || ::unlockpt(terminal_) != 0 ||
      ::ptsname_r(terminal_, name.data(), name.size()) != 0) {
    throw std::runtime_error{"no pseudo terminal"};
  }
  other_end_ = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  resize(columns, rows);
  ::fcntl(terminal_, F_SETFL, O_NONBLOCK);
  std::vector<std::string> said{"hawser"};
  said.insert(said.end(), arguments.begin(), arguments.end());
  std::vector<char*> words;
  for (std::string& word : said) words.push_back(word.data());
  words.push_back(nullptr);
  std::string term = "TERM=xterm";
  std::array<char*, 2> environment{term.data(), nullptr};
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setsid();
    const int mine = ::open(name.data(), O_RDWR);  // the first terminal of a new session is its own
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(mine, stream);
    ::execve(HAWSER_TOOL, words.data(), environment.data());
    ::_exit(127);
  }
}

TerminalProcess::~TerminalProcess() {
  if (pid_ != 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(other_end_);
  ::close(terminal_);
}

void TerminalProcess::type(const std::string& keys) {
  if (::write(terminal_, keys.data(), keys.size()) < 0) throw std::runtime_error{"nobody takes the keys"};
}

void TerminalProcess::resize(unsigned short columns, unsigned short rows) {
  const winsize size{rows, columns, 0, 0};
  ::ioctl(terminal_, TIOCSWINSZ, &size);
}

void TerminalProcess::signal(int number) const {
  if (pid_ != 0) ::kill(pid_, number);
}

void TerminalProcess::read() {
  std::array<char, 65536> room;
  for (ssize_t got = 0; (got = ::read(terminal_, room.data(), room.size())) > 0;) {
    output_.append(room.data(), static_cast<std::size_t>(got));
  }
}

bool TerminalProcess::until(const std::function<bool()>& reached, std::chrono::milliseconds most) {
  const auto end = std::chrono::steady_clock::now() + most;
  for (;;) {
    read();
    if (reached()) return true;
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

std::optional<int> TerminalProcess::wait(std::chrono::milliseconds most) {
  std::optional<int> code;
  until(
      [&] {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
        pid_ = 0;
        code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        return true;
      },
      most);
  read();
  return code;
}

std::vector<std::string> TerminalProcess::frame() const {
  const std::size_t end = output_.rfind("\x1b[J");
  const std::size_t begin = end == std::string::npos ? end : output_.rfind("\x1b[H", end);
  if (begin == std::string::npos) return {};
  std::vector<std::string> lines(1);
  for (std::size_t at = begin; at < end; ++at) {
    const char c = output_[at];
    if (c == '\x1b') {
      at += 2;
      while (at < end && (output_[at] < '@' || output_[at] > '~')) ++at;
    } else if (c == '\n') {
      lines.emplace_back();
    } else if (c != '\r') {
      lines.back() += c;
    }
  }
  return lines;
}

std::string TerminalProcess::frame_text() const {
  std::string text;
  for (const std::string& line : frame()) text += line + "\n";
  return text;
}

bool TerminalProcess::clean() const {
  termios state{};
  if (::tcgetattr(other_end_, &state) != 0) return false;
  const bool cooked = (state.c_lflag & ICANON) != 0 && (state.c_lflag & ECHO) != 0;
  const auto later_than = [this](const char* last, const char* first) {
    const std::size_t a = output_.rfind(last);
    const std::size_t b = output_.rfind(first);
    return b == std::string::npos || (a != std::string::npos && a > b);
  };
  return cooked && later_than("\x1b[?25h", "\x1b[?25l") && later_than("\x1b[?1049l", "\x1b[?1049h");
}

}  // namespace hawser::live
