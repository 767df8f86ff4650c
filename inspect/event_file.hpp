// Lines in a file that is rotated by size: the event log on disk, one JSON object a line.
//
// It writes on a thread of its own, since disks dawdle and a node's loop must not. `path` is the newest; `path.1` the
// one before, up to `path.(files - 1)`. What cannot be written is told of once, tried again with later lines at most
// once a second, and told of once more when it works, with how many lines were lost; so are those that were lost since
// the disk is slower than events come. Nothing else suffers: the ring in memory has the last events all the same.
#pragma once

#include <hawser/base/time.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace hawser {

struct EventFileOptions {
  std::string path;
  std::uint64_t bytes_max = 16u << 20;  // of one file; a longer line still gets one of its own
  std::uint32_t files = 4;              // kept, the newest among them; 1: begins anew each time
};

class EventFile {
 public:
  static constexpr std::size_t lines_max = 4096;  // that wait to be written; more are lost and counted
  // A sentence for people: it cannot be written, or can be again. Called on the file's own thread.
  using Tell = std::function<void(const std::string&)>;

  EventFile(EventFileOptions options, Tell tell);
  // Writes what waits, if it can be written. Waits for the disk: where that must not be, finish() first, until it has.
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  // Without its newline. `now`: of the caller's clock, which does not go back. Any thread.
  void write(std::string line, Instant now);
  std::uint64_t lost() const;  // lines that are not in the file. Any thread.
  // Takes no more lines, and writes what waits; does not wait for it. Any thread.
  void finish();
  bool finished() const;  // what waited has been tried, after finish(). Any thread.
  // Until what was written before has been tried. Any thread; for tests and for the end.
  void settle();

 private:
  void run();
  struct Line {
    std::string text;
    Instant at{};
  };
  bool put(const Line& line);
  bool open();
  void close();
  bool rotate();
  void tell_what_is_missing();
  void failed(int error, const char* what);

  const EventFileOptions options_;
  const Tell tell_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Line> waiting_;
  std::uint64_t lost_ = 0;
  bool busy_ = false;
  bool closing_ = false;
  bool ended_ = false;

  // The thread's own.
  int file_ = -1;
  std::uint64_t size_ = 0;
  bool torn_ = false;            // the last line is not whole
  bool broken_ = false;          // and that has been told
  std::uint64_t lost_told_ = 0;  // lines lost when that was last told
  Instant now_{};                // of the line that is being written
  Instant try_again_at_{};
  Instant tell_again_at_{};
  std::thread thread_;
};

}  // namespace hawser
