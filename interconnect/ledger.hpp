// The books: what was submitted, how it ended, what is still held.
//
// submitted = sum of outcomes + held, in messages and in bytes, at every instant. The three are counted apart, so that
// the equation can fail: `imbalance` is what is missing.
#pragma once

#include <hawser/interconnect/outcome.hpp>

#include <array>
#include <cstdint>

namespace hawser {

struct LedgerCount {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;

  LedgerCount& operator+=(const LedgerCount& other) noexcept;
  friend bool operator==(const LedgerCount&, const LedgerCount&) = default;
};

struct LedgerRow {
  LedgerCount submitted;
  LedgerCount held;
  std::array<LedgerCount, outcome_kind_count> outcomes{};
  std::array<std::uint64_t, cause_count> causes{};  // messages by cause, over all outcomes

  void submit(std::uint64_t bytes) noexcept;
  void end(const Outcome& outcome, std::uint64_t bytes) noexcept;      // of a held message
  void deliver(std::uint64_t messages, std::uint64_t bytes) noexcept;  // the end of so many held messages
  void refuse(const Outcome& outcome, std::uint64_t bytes) noexcept;   // submitted and ended in one
  LedgerRow& operator+=(const LedgerRow& other) noexcept;

  const LedgerCount& operator[](OutcomeKind kind) const noexcept { return outcomes[static_cast<std::size_t>(kind)]; }
  LedgerCount ended() const noexcept;
  // Messages submitted and neither held nor ended; zero or the library is wrong.
  std::int64_t imbalance() const noexcept;
  bool balanced() const noexcept;

  friend bool operator==(const LedgerRow&, const LedgerRow&) = default;
};

}  // namespace hawser
