#include "screen.hpp"

#include <hawser/base/assert.hpp>
#include <hawser/base/signals_blocked.hpp>
#include "text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <utility>

namespace hawser::tools {
namespace {

// The other page, no cursor; and back, with all styles off.
constexpr std::string_view enter_text = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view leave_text = "\x1b[0m\x1b[?25h\x1b[?1049l";

constexpr std::array ending{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr std::array crashing{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr std::size_t signals_taken = ending.size() + crashing.size() + 2;

// What handlers of signals may touch.
struct Shared {
  termios before{};
  termios raw{};
  int wake = -1;  // a byte for each signal that the loop should hear of
  int end = -1;   // a byte for each signal that ends it, and nobody takes it
  volatile std::sig_atomic_t entered = 0;
  volatile std::sig_atomic_t ended = 0;
  volatile std::sig_atomic_t resized = 0;
};
Shared shared;

// The three below are safe in a handler.
void put(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t wrote = ::write(STDOUT_FILENO, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

void enter() noexcept {
  ::tcsetattr(STDIN_FILENO, TCSANOW, &shared.raw);
  put(enter_text);
  shared.entered = 1;
}

void leave() noexcept {
  if (shared.entered == 0) return;
  shared.entered = 0;
  put(leave_text);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &shared.before);
}

void wake(int descriptor) noexcept {
  const char byte = 's';
  const ssize_t ignored = ::write(descriptor, &byte, 1);
  (void)ignored;
}

void on_end(int) {
  const int kept = errno;
  shared.ended = 1;
  wake(shared.end);
  wake(shared.wake);
  errno = kept;
}

void on_resize(int) {
  const int kept = errno;
  shared.resized = 1;
  wake(shared.wake);
  errno = kept;
}

void on_stop(int) {
  const int kept = errno;
  const bool entered = shared.entered != 0;
  leave();
  ::raise(SIGSTOP);
  // Here again once somebody has said SIGCONT. What was given back for good stays so.
  if (entered) enter();
  shared.resized = 1;
  wake(shared.wake);
  errno = kept;
}

void on_crash(int number) {
  leave();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

using Found = std::array<struct sigaction, signals_taken>;

void take_signals(Found& before) {
  std::size_t at = 0;
  const auto take = [&](int number, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    ::sigaction(number, &action, &before[at++]);
  };
  for (const int number : ending) take(number, &on_end);
  for (const int number : crashing) take(number, &on_crash);
  take(SIGWINCH, &on_resize);
  take(SIGTSTP, &on_stop);
}

void give_signals_back(const Found& before) {
  std::size_t at = 0;
  for (const int number : ending) ::sigaction(number, &before[at++], nullptr);
  for (const int number : crashing) ::sigaction(number, &before[at++], nullptr);
  ::sigaction(SIGWINCH, &before[at++], nullptr);
  ::sigaction(SIGTSTP, &before[at++], nullptr);
}

winsize size_now() noexcept {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {24, 80, 0, 0};
  return size;
}

struct Sequence {
  std::string_view bytes;
  Key::Kind kind;
};
constexpr std::array<Sequence, 14> sequences{{{"\x1b[A", Key::Kind::up},
                                              {"\x1b[B", Key::Kind::down},
                                              {"\x1b[C", Key::Kind::right},
                                              {"\x1b[D", Key::Kind::left},
                                              {"\x1bOA", Key::Kind::up},
                                              {"\x1bOB", Key::Kind::down},
                                              {"\x1bOC", Key::Kind::right},
                                              {"\x1bOD", Key::Kind::left},
                                              {"\x1b[5~", Key::Kind::page_up},
                                              {"\x1b[6~", Key::Kind::page_down},
                                              {"\x1b[H", Key::Kind::home},
                                              {"\x1b[F", Key::Kind::end},
                                              {"\x1b[1~", Key::Kind::home},
                                              {"\x1b[4~", Key::Kind::end}}};

}  // namespace

class Screen::Input {
 public:
  Input() {
    const bool made =
        ::pipe2(pipe_.data(), O_CLOEXEC | O_NONBLOCK) == 0 && ::pipe2(end_pipe_.data(), O_CLOEXEC | O_NONBLOCK) == 0;
    HAWSER_ASSERT(made, "a screen needs four descriptors");
    shared.wake = pipe_[1];
    shared.end = end_pipe_[1];
    shared.ended = 0;
    shared.resized = 0;
    ::tcgetattr(STDIN_FILENO, &shared.before);
    shared.raw = shared.before;
    // Keys at once and unseen; Ctrl-C and Ctrl-Z stay signals.
    shared.raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    shared.raw.c_cc[VMIN] = 1;
    shared.raw.c_cc[VTIME] = 0;
    // A signal in the middle of this would leave the terminal, or stop in it, half entered.
    const SignalsBlocked blocked;
    take_signals(signals_before_);
    enter();
  }
  ~Input() {
    {
      const SignalsBlocked blocked;
      leave();
      give_signals_back(signals_before_);
    }
    shared.wake = shared.end = -1;
    for (const int end : {pipe_[0], pipe_[1], end_pipe_[0], end_pipe_[1]}) ::close(end);
  }

  int ended_descriptor() const noexcept { return end_pipe_[0]; }

  Key wait(Duration most) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds{most.count()};
    for (;;) {
      if (shared.ended != 0) return {Key::Kind::quit, {}};
      if (std::exchange(resized_seen_, false)) return {Key::Kind::resized, {}};
      if (!bytes_.empty()) return take_key();
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
      if (left <= 0) return {};
      std::array<pollfd, 2> waits{{{STDIN_FILENO, POLLIN, 0}, {pipe_[0], POLLIN, 0}}};
      if (::poll(waits.data(), waits.size(), static_cast<int>(std::min<std::int64_t>(left, 60'000))) <= 0) continue;
      if (waits[1].revents != 0) drain();
      if (waits[0].revents != 0 && !read()) return {Key::Kind::quit, {}};
    }
  }

 private:
  void drain() {
    std::array<char, 64> room;
    while (::read(pipe_[0], room.data(), room.size()) > 0) {
    }
    if (shared.resized != 0) {
      shared.resized = 0;
      resized_seen_ = true;
    }
  }

  bool read() {
    std::array<char, 256> room;
    const ssize_t got = ::read(STDIN_FILENO, room.data(), room.size());
    if (got < 0) return errno == EINTR || errno == EAGAIN;
    bytes_.append(room.data(), static_cast<std::size_t>(got));
    return got > 0;
  }

  Key take_key() {
    for (const Sequence& sequence : sequences) {
      if (!bytes_.starts_with(sequence.bytes)) continue;
      bytes_.erase(0, sequence.bytes.size());
      return {sequence.kind, {}};
    }
    const auto first = static_cast<unsigned char>(bytes_.front());
    if (first == 0x1b) {
      // A sequence that nobody knows is passed over whole; a lone byte is the key.
      std::size_t length = 1;
      if (bytes_.size() > 2 && bytes_[1] == '[') {
        while (length < bytes_.size() && (length == 1 || bytes_[length] < '@' || bytes_[length] > '~')) ++length;
        bytes_.erase(0, std::min(length + 1, bytes_.size()));
        return {Key::Kind::none, {}};
      }
      bytes_.erase(0, 1);
      return {Key::Kind::escape, {}};
    }
    std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    length = std::min(length, bytes_.size());
    const std::string text = bytes_.substr(0, length);
    bytes_.erase(0, length);
    if (first == '\r' || first == '\n') return {Key::Kind::enter, {}};
    if (first == 0x7f || first == 0x08) return {Key::Kind::erase, {}};
    if (first < 0x20) return {Key::Kind::none, {}};
    return {Key::Kind::text, text};
  }

  std::array<int, 2> pipe_{};
  std::array<int, 2> end_pipe_{};
  Found signals_before_{};
  std::string bytes_;
  bool resized_seen_ = false;
};

bool Screen::possible() noexcept {
  const char* const term = std::getenv("TERM");
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1 && term != nullptr &&
         std::string_view{term} != "dumb";
}

Screen::Screen() {
  HAWSER_ASSERT(shared.wake < 0, "one screen at a time");
  input_ = std::make_unique<Input>();
}

Screen::~Screen() = default;

std::size_t Screen::width() const noexcept { return size_now().ws_col; }
std::size_t Screen::height() const noexcept { return size_now().ws_row; }

void Screen::draw(const std::vector<std::string>& lines) {
  const std::size_t columns = width();
  const std::size_t count = std::min(lines.size(), height());
  std::string frame = "\x1b[H";
  for (std::size_t at = 0; at < count; ++at) {
    frame += fitted(lines[at], columns) + "\x1b[0m\x1b[K";
    // No newline behind the last one: it would scroll the first away.
    if (at + 1 < count) frame += "\r\n";
  }
  frame += "\x1b[J";
  put(frame);
}

Key Screen::wait(Duration most) { return input_->wait(most); }

bool Screen::ended() const noexcept { return shared.ended != 0; }

int Screen::ended_descriptor() const noexcept { return input_->ended_descriptor(); }

}  // namespace hawser::tools
