// Turns host names into addresses, off the loop.
//
// ZeroMQ would resolve names in its I/O thread, where one slow name server stalls every socket of the process. Asio's
// resolver has one thread of its own, so a slow name still delays other names: therefore what a name meant last is
// remembered (at most 4096 names) and may be asked for when an answer is late. Loop thread only.
#pragma once

#include <hawser/base/unique_function.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <vector>

namespace hawser {

class NameLookup {
 public:
  // IPv4 addresses first; empty when the name does not resolve, and then `problem` says why.
  using Done = UniqueFunction<void(std::vector<std::string> addresses, std::string problem)>;

  explicit NameLookup(boost::asio::io_context& io);
  // Answers that have not come never will.
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  // Whether `host` is an IPv4 or IPv6 address already.
  static bool numeric(const std::string& host);
  // Waits for the answer, for use at start-up only. Throws StartError.
  static std::string at_once(const std::string& host);

  // Never calls `done` from inside this call.
  void resolve(const std::string& host, Done done);
  // What `host` meant when it resolved last; empty when it never did.
  std::vector<std::string> remembered(const std::string& host) const;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace hawser
