// The one ZeroMQ context of this process, shared by every runtime in it.
//
// A context owns ZeroMQ's threads. They run with every signal blocked, so that an embedding program's handlers run on
// its own threads only. Options that ZeroMQ reads before its first socket are set here, and the limit on descriptors is
// raised as far as the system lets us: a node with a thousand peers needs about seven thousand. A context does not
// survive fork(): fork before the first runtime is built, or exec at once.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace hawser {

struct ZmqContextOptions {
  int io_threads = 1;
  int max_sockets = 16'384;
};

class ZmqContext {
 public:
  // The living context, or a new one. The options of whoever comes first win. Throws StartError. Any thread.
  static std::shared_ptr<ZmqContext> shared(const ZmqContextOptions& options);

  explicit ZmqContext(const ZmqContextOptions& options);
  ~ZmqContext();
  ZmqContext(const ZmqContext&) = delete;
  ZmqContext& operator=(const ZmqContext&) = delete;

  void* handle() const noexcept { return handle_; }
  // A name for an inproc endpoint that nobody else uses.
  static std::string private_endpoint();

 private:
  void* handle_;
};

// Whether this process may open `count` more descriptors now.
bool descriptors_left(std::size_t count) noexcept;
// The soft limit on descriptors.
std::size_t descriptors_max() noexcept;

}  // namespace hawser
