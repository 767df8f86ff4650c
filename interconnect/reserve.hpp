// Bounded stores of bytes, and what channels hold of them.
//
// A peer and its node have a Pool for each direction: `shares` for what channels hold within their own share, `reserve`
// for what they borrow beyond it. Both are charged at the peer and at the node, so that the sum over any number of
// channels stays below the node's bound. A Share takes in steps, so that a message costs a comparison and no atomic
// operation; a Loan is exact. Reserve is for any thread; a Share or Loan belongs to one thread, or to one lock.
#pragma once

#include <hawser/base/assert.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace hawser {

class Reserve {
 public:
  explicit Reserve(std::size_t limit) noexcept : limit_(limit) {}
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;

  // All or nothing; `keep` stays free for others.
  bool try_take(std::size_t bytes, std::size_t keep = 0) noexcept {
    const std::size_t limit = limit_ - std::min(keep, limit_);
    std::size_t used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > limit || used > limit - bytes) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_acq_rel, std::memory_order_relaxed));
    return true;
  }
  void give_back(std::size_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_acq_rel); }
  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  std::size_t limit() const noexcept { return limit_; }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

// What one peer, or a whole node, may hold in one direction.
struct Pool {
  Pool(std::size_t shares_limit, std::size_t reserve_limit) noexcept : shares(shares_limit), reserve(reserve_limit) {}
  // A node's: half for shares, half to borrow, so that large messages never take the room of small ones.
  static constexpr std::size_t node_part(std::size_t node_bytes) noexcept { return node_bytes / 2; }

  std::size_t used() const noexcept { return shares.used() + reserve.used(); }

  Reserve shares;
  Reserve reserve;
};

// Where a channel's room comes from. Both outlive it.
struct Room {
  Pool& peer;
  Pool& node;
};

enum class Lack : unsigned char { nothing, peer, node };

// A part of the shares.
class Share {
 public:
  static constexpr std::size_t step = 64u << 10;

  explicit Share(Room room) noexcept : room_(room) {}
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  ~Share() { shrink_to(0); }

  // Makes sure of this much in all. What goes beyond the first step leaves a quarter for those who have none yet.
  Lack cover(std::size_t bytes) noexcept {
    if (bytes <= taken_) [[likely]]
      return Lack::nothing;
    return grow(bytes);
  }
  // Keeps this much and a little more, so that a queue that breathes does not ask every time.
  void release_to(std::size_t bytes) noexcept {
    if (taken_ > bytes && taken_ - bytes > 2 * step) shrink_to(bytes + step);
  }
  void shrink_to(std::size_t bytes) noexcept;
  std::size_t taken() const noexcept { return taken_; }

 private:
  Lack grow(std::size_t bytes) noexcept;
  Lack take(std::size_t more) noexcept;

  Room room_;
  std::size_t taken_ = 0;
};

// What is borrowed.
class Loan {
 public:
  explicit Loan(Room room) noexcept : room_(room) {}
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() { lower_to(0); }

  Lack raise_to(std::size_t bytes) noexcept;
  // True when something was given back.
  bool lower_to(std::size_t bytes) noexcept;
  std::size_t taken() const noexcept { return taken_; }

 private:
  Room room_;
  std::size_t taken_ = 0;
};

}  // namespace hawser
