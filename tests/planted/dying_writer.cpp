// dying_writer DIRECTORY COUNTER [STEP [BYTES]]: writes a vote with FileStorage, and is killed at the STEP-th call of
// the system that the writing makes: before the call, or, in a write, after so many bytes of it.
//
// Says each call before making it, so that whoever runs it without a step learns what there is to die at. The calls
// come here because the program is linked with --wrap; the library knows nothing of it.
#include <hawser/interconnect/isolation/stored_vote.hpp>
#include <hawser/interconnect/zmq/file_storage.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace {

int step = 0;  // of the writing; negative: it has not begun
long dies_at = 0;
long dies_after = 0;
bool counting = false;

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  ::_exit(125);
}

// True when this is where it dies.
bool reached(const char* call, std::size_t bytes) {
  if (!counting) return false;
  ++step;
  if (dies_at == 0) std::printf("%s %zu\n", call, bytes);
  return step == dies_at;
}

void pass(const char* call) {
  if (reached(call, 0)) die();
}

}  // namespace

extern "C" {
int __real_openat(int directory, const char* path, int flags, mode_t mode);
ssize_t __real_write(int file, const void* bytes, std::size_t size);
int __real_fsync(int file);
int __real_close(int file);
int __real_renameat(int from_directory, const char* from, int to_directory, const char* to);
int __real_unlinkat(int directory, const char* path, int flags);

int __wrap_openat(int directory, const char* path, int flags, mode_t mode) {
  pass("openat");
  return __real_openat(directory, path, flags, mode);
}

ssize_t __wrap_write(int file, const void* bytes, std::size_t size) {
  if (reached("write", size)) {
    (void)!__real_write(file, bytes, static_cast<std::size_t>(dies_after));
    die();
  }
  return __real_write(file, bytes, size);
}

int __wrap_fsync(int file) {
  pass("fsync");
  return __real_fsync(file);
}

int __wrap_close(int file) {
  pass("close");
  return __real_close(file);
}

int __wrap_renameat(int from_directory, const char* from, int to_directory, const char* to) {
  pass("renameat");
  return __real_renameat(from_directory, from, to_directory, to);
}

int __wrap_unlinkat(int directory, const char* path, int flags) {
  pass("unlinkat");
  return __real_unlinkat(directory, path, flags);
}
}

int main(int argc, char** argv) {
  using namespace hawser;
  if (argc < 3) return 2;
  if (argc > 3) dies_at = std::strtol(argv[3], nullptr, 10);
  if (argc > 4) dies_after = std::strtol(argv[4], nullptr, 10);
  StoredVote vote;
  vote.grant = {{std::strtoull(argv[2], nullptr, 10), 1, Incarnation{3}}, {{0, Incarnation{2}}, {1, Incarnation{3}}}};
  vote.max_seen = vote.grant.epoch;
  vote.promise = Duration{1'657'896};
  FileStorage storage{argv[1]};
  const std::vector<std::byte> bytes = encode(vote, 42);
  std::string problem;
  counting = true;
  const bool written = storage.write(stored_vote_name, bytes, problem);
  counting = false;
  if (!written) std::fprintf(stderr, "%s\n", problem.c_str());
  return written ? 0 : 1;
}
