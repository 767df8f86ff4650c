#include "job_pool.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <unistd.h>

using namespace hawser::tools;

namespace {

// All jobs from 1 to `last`, and how each ended.
struct Ends {
  std::map<std::uint64_t, JobEnd> of;
  std::uint64_t next = 1;

  JobPool::Calls calls(std::uint64_t last) {
    JobPool::Calls calls;
    calls.next = [this, last]() -> std::optional<std::uint64_t> {
      if (next > last) return std::nullopt;
      return next++;
    };
    calls.ended = [this](const JobEnd& end) { of[end.job] = end; };
    calls.go_on = [] { return true; };
    return calls;
  }
};

}  // namespace

TEST_CASE("every job is answered once, whatever the number of workers", "[job_pool]") {
  const unsigned workers = GENERATE(1U, 2U, 5U);
  JobPool pool{{workers, 60}, [](std::uint64_t job) { return std::to_string(job * job); }};
  Ends ends;
  pool.run(ends.calls(40));
  REQUIRE(ends.of.size() == 40);
  for (const auto& [job, end] : ends.of) {
    CHECK(end.how == JobEnd::How::answered);
    CHECK(end.text == std::to_string(job * job));
  }
  CHECK(pool.cpu_seconds() >= 0);
}

TEST_CASE("a long answer comes whole", "[job_pool]") {
  JobPool pool{{2, 60}, [](std::uint64_t job) { return std::string(job * 300'000, 'x'); }};
  Ends ends;
  pool.run(ends.calls(4));
  for (const auto& [job, end] : ends.of) CHECK(end.text.size() == job * 300'000);
}

TEST_CASE("a job that crashes takes nobody along, and its last words are kept", "[job_pool]") {
  JobPool pool{{2, 60}, [](std::uint64_t job) -> std::string {
                 if (job == 3) {
                   std::fprintf(stderr, "the roof is on fire\n");
                   std::abort();
                 }
                 if (job == 5) std::raise(SIGSEGV);
                 if (job == 7) throw std::runtime_error{"cannot go on"};
                 if (job == 8) ::_exit(42);
                 return "fine";
               }};
  Ends ends;
  pool.run(ends.calls(10));
  REQUIRE(ends.of.size() == 10);
  CHECK(ends.of[3].how == JobEnd::How::crashed);
  CHECK(ends.of[3].cause == "SIGABRT");
  CHECK(ends.of[3].text == "the roof is on fire");
  CHECK(ends.of[5].how == JobEnd::How::crashed);
  CHECK(ends.of[7].text == "cannot go on");
  CHECK(ends.of[8].cause == "exit code 42");
  for (const std::uint64_t job : {1U, 2U, 4U, 6U, 9U, 10U}) CHECK(ends.of[job].how == JobEnd::How::answered);
}

TEST_CASE("a job that never ends is ended, and the others go on", "[job_pool]") {
  JobPool pool{{1, 0.3}, [](std::uint64_t job) -> std::string {
                 if (job != 2) return "fine";
                 while (true) ::pause();
               }};
  Ends ends;
  pool.run(ends.calls(3));
  CHECK(ends.of[1].how == JobEnd::How::answered);
  CHECK(ends.of[2].how == JobEnd::How::hung);
  CHECK(ends.of[3].how == JobEnd::How::answered);
}

TEST_CASE("what runs is given up when nobody wants it any more", "[job_pool]") {
  JobPool pool{{2, 60}, [](std::uint64_t) -> std::string {
                 while (true) ::pause();
               }};
  Ends ends;
  JobPool::Calls calls = ends.calls(4);
  int asked = 0;
  calls.go_on = [&asked] { return ++asked < 3; };
  pool.run(calls);
  CHECK(ends.of.empty());
}
