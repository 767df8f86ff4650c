// Many independent jobs on all cores, each of which may crash or hang without taking anything along but itself.
//
// Every worker is a process of its own, forked from this one; it is handed a job's number and hands back a text. A
// worker that dies is replaced, and its job ends as crashed, with the last lines that it wrote to its standard error
// (an assertion says there where it failed). A job that takes longer than the limit is killed and ends as hung. Results
// come in the order of their ends. SIGINT and SIGTERM are the owner's business: workers ignore them and die with the
// parent.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hawser::tools {

struct JobEnd {
  enum class How : unsigned char { answered, crashed, hung };

  std::uint64_t job = 0;
  How how = How::answered;
  std::string text;   // the answer, or the last words of the worker, printable and at most 4 KiB
  std::string cause;  // of a crash: the signal or exit code, in words
};

struct JobPoolOptions {
  unsigned workers = 0;              // 0: one per CPU this process may use
  double seconds_per_job_max = 300;  // real time
};

unsigned usable_cpus();

class JobPool {
 public:
  using Work = std::function<std::string(std::uint64_t job)>;

  // REQUIRES: this process has one thread. `work` runs in the workers; an exception out of it counts as a crash.
  JobPool(const JobPoolOptions& options, Work work) : options_(options), work_(std::move(work)) {}
  ~JobPool();
  JobPool(const JobPool&) = delete;
  JobPool& operator=(const JobPool&) = delete;

  struct Calls {
    std::function<std::optional<std::uint64_t>()> next;  // nothing: no more jobs
    std::function<void(const JobEnd&)> ended;
    std::function<bool()> go_on;  // asked about five times a second and after every signal; false gives up what runs
  };
  // Returns when every job has ended, or go_on() said no. Throws std::runtime_error when no process can be started.
  void run(const Calls& calls);

  // CPU seconds, user and system, of the workers that have ended. After run() that is all of them.
  double cpu_seconds() const noexcept { return cpu_seconds_; }
  unsigned workers() const noexcept { return options_.workers == 0 ? usable_cpus() : options_.workers; }

 private:
  struct Worker {
    int process = -1;
    int jobs = -1;     // write: numbers
    int answers = -1;  // read: length and text, again and again
    int words = -1;    // its standard error, a file without a name
    bool busy = false;
    std::uint64_t job = 0;
    double deadline = 0;
    std::string partial;  // of an answer
  };

  Worker start();
  [[noreturn]] void work(int jobs, int answers);
  bool hand_out(Worker& worker, const Calls& calls);
  // False when the worker has died.
  bool take_answers(Worker& worker, const Calls& calls);
  JobEnd bury(Worker& worker, bool hung);
  int dismiss(Worker& worker);

  JobPoolOptions options_;
  Work work_;
  std::vector<Worker> workers_;
  double cpu_seconds_ = 0;
};

}  // namespace hawser::tools
