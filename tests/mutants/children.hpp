// Children: a process for each job, so many at a time; one that crashes or hangs takes nothing along.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace hawser::mutants {

struct ChildEnd {
  enum class How : unsigned char { passed, killed, crashed, hung };

  How how = How::passed;
  std::string text;    // what it said: the broken invariant, or its last words
  double seconds = 0;  // of processor time
};

class Children {
 public:
  explicit Children(unsigned seconds_max) : seconds_max_(seconds_max) {}
  ~Children();
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  using Work = std::function<std::string()>;  // runs in the child; an empty text: it passed
  using Ended = std::function<void(const ChildEnd&)>;

  void start(const Work& work, Ended ended);
  std::size_t running() const noexcept { return running_.size(); }
  // Waits for one of them. REQUIRES: running() > 0.
  void wait();

 private:
  struct Child {
    int words = -1;  // a file without a name
    Ended ended;
  };

  unsigned seconds_max_;
  std::map<int, Child> running_;
};

}  // namespace hawser::mutants
