// The arbiter, as a port: one vote outside of the cluster, such as etcd or Consul hold it. The program brings it.
//
// It keeps one record and some keys, durable and linearizable: what one caller was answered, every later one sees. A
// key lives for its time after it was kept last, by a clock as right as `clock_drift` says, and may live longer (whole
// seconds are fine). A renewal takes effect only if its number is above those of all earlier ones of the same client
// that took effect, so that a late one undoes nothing; etcd does all of it in one transaction each. Safety rests on
// exactly this: a swap that names keys as absent happens only while none of them lives.
//
// Calls come on the loop and never wait. Each is answered once or never, late, on any thread, but not from inside the
// call itself. One arbiter serves one cluster, and outlives the nodes that ask it.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/base/unique_function.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hawser {

// Read in or after the call that it answers.
struct ArbiterState {
  std::uint64_t revision = 0;  // grows with every change, also when the time of a key is over
  std::uint64_t version = 0;   // of the record: grows with every swap; 0 while there is none
  std::vector<std::byte> record;
  std::vector<std::string> keys;  // that live, in any order
};

struct ArbiterAnswer {
  bool done = false;    // the renewal took effect, the swap happened
  ArbiterState state;   // REQUIRES: problem is empty
  std::string problem;  // why nothing is known, as a sentence; for people
};

// Keeps some keys alive for `ttl` from when it takes effect, and ends others at once.
struct ArbiterRenewal {
  std::string client;
  std::uint64_t number = 0;
  Duration ttl{0};
  std::vector<std::string> keep;
  std::vector<std::string> release;
};

// Replaces the record if it still has that version and none of these keys lives, as one step.
struct ArbiterSwap {
  std::uint64_t version = 0;
  std::vector<std::byte> record;
  std::vector<std::string> absent;
};

class Arbiter {
 public:
  using Done = UniqueFunction<void(ArbiterAnswer)>;

  virtual void renew(ArbiterRenewal renewal, Done done) = 0;
  virtual void swap(ArbiterSwap swap, Done done) = 0;

 protected:
  ~Arbiter() = default;
};

}  // namespace hawser
