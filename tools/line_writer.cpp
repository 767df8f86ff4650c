#include "line_writer.hpp"

#include <hawser/base/signals_blocked.hpp>

#include <cerrno>
#include <unistd.h>
#include <utility>

namespace hawser::tools {

LineWriter::LineWriter(int descriptor) : descriptor_(descriptor) {
  const SignalsBlocked blocked;
  thread_ = std::thread{[this] { run(); }};
}

LineWriter::~LineWriter() {
  {
    const std::lock_guard lock{mutex_};
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void LineWriter::write(std::string line) {
  {
    const std::lock_guard lock{mutex_};
    if (broken_) return;
    if (waiting_.size() == lines_max) {
      waiting_.pop_front();
      ++dropped_;
    }
    line += '\n';
    waiting_.push_back(std::move(line));
  }
  changed_.notify_one();
}

bool LineWriter::broken() const {
  const std::lock_guard lock{mutex_};
  return broken_;
}

std::uint64_t LineWriter::dropped() const {
  const std::lock_guard lock{mutex_};
  return dropped_;
}

void LineWriter::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::string line = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    const bool written = write_all(line);
    lock.lock();
    if (!written) {
      broken_ = true;
      waiting_.clear();
      return;
    }
  }
}

bool LineWriter::write_all(const std::string& text) const {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(descriptor_, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

}  // namespace hawser::tools
