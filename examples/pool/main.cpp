// The pool against a primary that is frozen, slowed and killed, with a replica beside it. Runs by itself: `pool`.
#include "pool/connection_pool.hpp"
#include "pool/store_process.hpp"

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

using namespace hawser;
using namespace hawser::example;
using namespace std::chrono_literals;

namespace {

void tell(const char* what, const PoolAnswer& answer) {
  std::printf("%-28s %-16s by %-9s because %-20s in %.1f ms\n", what, answer.value.value_or("(nothing)").c_str(),
              std::string{to_string(answer.stage)}.c_str(), std::string{to_string(answer.cause)}.c_str(),
              static_cast<double>(answer.took.count()) / 1000);
}

// Until the primary answers again.
bool healed(ConnectionPool& pool) {
  for (int i = 0; i < 400; ++i) {
    const PoolAnswer answer = pool.get(Partition::orders, "k1");
    if (answer.cause == PipelineCause::answered && answer.stage == PipelineStage::operation) return true;
    std::this_thread::sleep_for(25ms);
  }
  return false;
}

}  // namespace

int main(int, char** argv) {
  const std::string self{argv[0]};
  const std::size_t slash = self.rfind('/');
  const std::string program = (slash == std::string::npos ? std::string{"./"} : self.substr(0, slash + 1)) + "store";
  StoreProcess primary{program, false};
  StoreProcess replica{program, true};
  PoolSettings settings;
  settings.primary = primary.port();
  settings.replica = replica.port();
  settings.breaker.consecutive_failures = 3;
  settings.breaker.slow_limit = 200ms;
  settings.timeout.initial = 200ms;
  ConnectionPool pool{settings};
  tell("all is well", pool.get(Partition::orders, "k1"));
  tell("a write", pool.set(Partition::orders, "k1", "new"));

  const auto trouble = [&](const char* what) {
    std::printf("-- the primary is %s\n", what);
    for (int i = 0; i < 4; ++i) tell("a read", pool.get(Partition::orders, "k1"));
    tell("a write", pool.set(Partition::orders, "k1", "newer"));
  };
  primary.freeze();
  trouble("frozen");
  primary.thaw();
  bool good = healed(pool);
  std::printf("-- thawed, and %s\n", good ? "healed by itself" : "NOT healed");
  primary.slow(400);
  trouble("slow");
  primary.slow(0);
  good = healed(pool) && good;
  std::printf("-- fast again, and %s\n", good ? "healed by itself" : "NOT healed");
  primary.kill();
  trouble("killed");
  primary.start();
  good = healed(pool) && good;
  std::printf("-- started again, and %s\n", good ? "healed by itself" : "NOT healed");
  return good ? 0 : 1;
}
