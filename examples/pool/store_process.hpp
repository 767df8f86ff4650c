// A `store` process of our own, which can be frozen, slowed and killed.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>

namespace hawser::example {

class StoreProcess {
 public:
  // Throws std::runtime_error when it does not come up. `port` 0: a free one.
  StoreProcess(std::string program, bool read_only, std::uint16_t port = 0);
  StoreProcess(const StoreProcess&) = delete;
  StoreProcess& operator=(const StoreProcess&) = delete;
  ~StoreProcess();

  std::uint16_t port() const noexcept { return port_; }
  void freeze();  // SIGSTOP: the kernel goes on accepting connections, nobody answers
  void thaw();
  void slow(int milliseconds);
  void kill();
  // At the same port. REQUIRES: killed.
  void start();

 private:
  std::string program_;
  bool read_only_;
  std::uint16_t port_;
  pid_t pid_ = -1;
};

}  // namespace hawser::example
