#include <hawser/inspect/event_file.hpp>

#include <hawser/base/signals_blocked.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace hawser {
namespace {

constexpr Duration between_tries{1'000'000};

}  // namespace

EventFile::EventFile(EventFileOptions options, Tell tell) : options_(std::move(options)), tell_(std::move(tell)) {
  const SignalsBlocked blocked;
  thread_ = std::thread{[this] { run(); }};
}

EventFile::~EventFile() {
  finish();
  thread_.join();
  close();
}

void EventFile::finish() {
  {
    const std::lock_guard lock{mutex_};
    closing_ = true;
  }
  changed_.notify_all();
}

bool EventFile::finished() const {
  const std::lock_guard lock{mutex_};
  return ended_;
}

void EventFile::write(std::string line, Instant now) {
  {
    const std::lock_guard lock{mutex_};
    if (closing_ || waiting_.size() >= lines_max) {
      ++lost_;
      return;
    }
    line += '\n';
    waiting_.push_back({std::move(line), now});
  }
  changed_.notify_all();
}

std::uint64_t EventFile::lost() const {
  const std::lock_guard lock{mutex_};
  return lost_;
}

void EventFile::settle() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return waiting_.empty() && !busy_; });
}

void EventFile::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    ended_ = waiting_.empty();
    if (ended_) return;
    const Line line = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    lock.unlock();
    const bool written = put(line);
    lock.lock();
    if (!written) ++lost_;
    busy_ = false;
    changed_.notify_all();
  }
}

bool EventFile::put(const Line& line) {
  now_ = line.at;
  if (broken_ && now_ < try_again_at_) return false;
  if (file_ < 0 && !open()) return false;
  if (size_ > 0 && size_ + line.text.size() > options_.bytes_max && (!rotate() || !open())) return false;
  const std::string text = (torn_ ? "\n" : "") + line.text;
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(file_, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      torn_ = torn_ || done > 0;
      size_ += done;
      failed(errno, "cannot be written");
      return false;
    }
    done += static_cast<std::size_t>(wrote);
  }
  size_ += text.size();
  torn_ = false;
  tell_what_is_missing();
  return true;
}

void EventFile::tell_what_is_missing() {
  const bool again = std::exchange(broken_, false);
  const std::uint64_t missing = lost() - lost_told_;
  if (!again && (missing == 0 || now_ < tell_again_at_)) return;
  lost_told_ += missing;
  tell_again_at_ = later(now_, between_tries);
  tell_("the event file " + options_.path +
        (again ? " can be written again; " : " is on a disk slower than events come; ") + std::to_string(missing) +
        " lines are not in it");
}

bool EventFile::open() {
  file_ = ::open(options_.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (file_ < 0) {
    failed(errno, "cannot be opened");
    return false;
  }
  struct stat about {};
  size_ = ::fstat(file_, &about) == 0 && S_ISREG(about.st_mode) ? static_cast<std::uint64_t>(about.st_size) : 0;
  return true;
}

void EventFile::close() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

bool EventFile::rotate() {
  const auto numbered = [&](std::uint32_t number) {
    return number == 0 ? options_.path : options_.path + "." + std::to_string(number);
  };
  close();
  torn_ = false;
  if (options_.files <= 1) {
    if (::unlink(options_.path.c_str()) == 0) return true;
    failed(errno, "cannot be begun anew");
    return false;
  }
  for (std::uint32_t number = options_.files - 1; number > 0; --number) {
    if (std::rename(numbered(number - 1).c_str(), numbered(number).c_str()) == 0 || number > 1) continue;
    failed(errno, "cannot be rotated");
    return false;
  }
  return true;
}

void EventFile::failed(int error, const char* what) {
  close();
  try_again_at_ = later(now_, between_tries);
  if (std::exchange(broken_, true)) return;
  tell_("the event file " + options_.path + " " + what + " (" + std::strerror(error) +
        "): events are kept in memory alone until it can");
}

}  // namespace hawser
