// Writes lines to a descriptor from a thread of its own, so that a reader who dawdles never holds up a node's loop.
//
// At most `lines_max` lines wait; after that the oldest is dropped and counted. Thread safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace hawser::tools {

class LineWriter {
 public:
  static constexpr std::size_t lines_max = 64;

  explicit LineWriter(int descriptor);
  // Writes what is waiting, unless the reader is gone.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  void write(std::string line);  // without its newline
  // True once the reader has gone away; nothing is written any more.
  bool broken() const;
  std::uint64_t dropped() const;

 private:
  void run();
  bool write_all(const std::string& text) const;

  const int descriptor_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  std::uint64_t dropped_ = 0;
  bool broken_ = false;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace hawser::tools
