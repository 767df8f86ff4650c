// A network of this machine's own that can be cut: one network namespace for each place, all at one bridge, and
// nftables at the bridge to lose what passes from one place to another.
//
// Nothing of it has a name, and nothing of the machine's own network is touched: the namespaces live while this object
// or a process inside them does, so that they go with whoever made them, however that ends. Root is not needed where
// users may make namespaces of their own. It takes the programs `ip` (iproute2) and `nft` (nftables).
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace hawser::tools {

// What passes from the first place to the second.
using Direction = std::pair<std::size_t, std::size_t>;
// All directions between the two sides, both ways.
std::vector<Direction> between(const std::vector<std::size_t>& one, const std::vector<std::size_t>& other);

// Not thread safe. Make it before the process has threads: it forks.
class CutNetwork {
 public:
  static constexpr std::size_t places_max = 32;

  // REQUIRES: 1 .. places_max. Throws StartError that names what is missing and what to do about it.
  explicit CutNetwork(std::size_t places);
  ~CutNetwork();
  CutNetwork(const CutNetwork&) = delete;
  CutNetwork& operator=(const CutNetwork&) = delete;

  std::string address(std::size_t place) const;
  // Moves the calling process there. Only async-signal-safe calls, so a child may do it between fork and exec. False:
  // it could not. Whom the kernel was asked to kill with its parent must ask again: entering may end that.
  bool enter(std::size_t place) const noexcept;

  // From now on these are lost as well, all from the same instant. Frames vanish; connections are told nothing. Throws
  // StartError when nft refuses.
  void cut(const std::vector<Direction>& directions);
  // Everything passes again.
  void heal();

 private:
  void close_all() noexcept;
  int make_namespace();
  bool enter_namespace(int net) const noexcept;
  void run_inside(int net, const std::vector<std::string>& command, const std::string& input,
                  const std::vector<int>& keep = {}) const;

  int users_ = -1;  // the user namespace that owns the others; none for root
  int hub_ = -1;
  std::vector<int> places_;
};

}  // namespace hawser::tools
