// A queue in one block of memory that grows by doubling and is never given back: first in, first out.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace hawser::sim {

template <typename T>
class Ring {
 public:
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  // REQUIRES: not empty.
  T& front() noexcept { return room_[first_]; }
  T& operator[](std::size_t index) noexcept { return room_[(first_ + index) & (room_.size() - 1)]; }

  void push(T value) {
    if (size_ == room_.size()) grow();
    room_[(first_ + size_) & (room_.size() - 1)] = std::move(value);
    ++size_;
  }
  // REQUIRES: not empty.
  T pop() {
    T value = std::exchange(room_[first_], T{});
    first_ = (first_ + 1) & (room_.size() - 1);
    --size_;
    return value;
  }
  void clear() {
    while (!empty()) pop();
  }

 private:
  void grow() {
    std::vector<T> larger(room_.empty() ? 4 : room_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    room_ = std::move(larger);
    first_ = 0;
  }

  std::vector<T> room_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace hawser::sim
