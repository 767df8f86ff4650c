// An ordered map that keeps the nodes of what was erased, so that steady traffic allocates nothing.
//
// For entries that come and go all the time, such as requests that wait for their answers. At most `spare_max` nodes
// are kept. Iteration is in the order of the keys. Not thread safe.
#pragma once

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

namespace hawser {

template <typename Key, typename Value, std::size_t spare_max = 4096>
class RecycledMap {
  using Map = std::map<Key, Value>;

 public:
  using iterator = typename Map::iterator;

  // Nothing happens when there is such a key.
  void insert(const Key& key, Value value) {
    if (spare_.empty()) {
      map_.emplace(key, std::move(value));
      return;
    }
    auto node = std::move(spare_.back());
    spare_.pop_back();
    node.key() = key;
    node.mapped() = std::move(value);
    if (auto result = map_.insert(std::move(node)); !result.inserted) keep(std::move(result.node));
  }
  // Returns what follows it.
  iterator erase(iterator at) {
    const iterator next = std::next(at);
    keep(map_.extract(at));
    return next;
  }
  void erase(const Key& key) {
    if (const auto found = map_.find(key); found != map_.end()) erase(found);
  }
  void clear() { map_.clear(); }

  iterator find(const Key& key) { return map_.find(key); }
  iterator begin() { return map_.begin(); }
  iterator end() { return map_.end(); }
  auto begin() const { return map_.begin(); }
  auto end() const { return map_.end(); }
  std::size_t size() const noexcept { return map_.size(); }
  bool empty() const noexcept { return map_.empty(); }

 private:
  // The value goes at once: it may own what others wait to have back.
  void keep(typename Map::node_type node) {
    if (spare_.size() >= spare_max) return;
    node.mapped() = Value{};
    spare_.push_back(std::move(node));
  }

  Map map_;
  std::vector<typename Map::node_type> spare_;
};

}  // namespace hawser
