#include <hawser/interconnect/ledger.hpp>

#include <hawser/base/mutant.hpp>

namespace hawser {

LedgerCount& LedgerCount::operator+=(const LedgerCount& other) noexcept {
  messages += other.messages;
  bytes += other.bytes;
  return *this;
}

void LedgerRow::submit(std::uint64_t bytes) noexcept {
  submitted += {1, bytes};
  held += {1, bytes};
}

void LedgerRow::end(const Outcome& outcome, std::uint64_t bytes) noexcept {
  held.messages -= 1;
  held.bytes -= bytes;
  outcomes[static_cast<std::size_t>(outcome.kind)] += {1, bytes};
  ++causes[static_cast<std::size_t>(outcome.cause)];
}

void LedgerRow::deliver(std::uint64_t messages, std::uint64_t bytes) noexcept {
  held.messages -= messages;
  held.bytes -= bytes;
  outcomes[static_cast<std::size_t>(OutcomeKind::delivered)] += {messages, bytes};
  causes[static_cast<std::size_t>(Cause::none)] += messages;
}

void LedgerRow::refuse(const Outcome& outcome, std::uint64_t bytes) noexcept {
  if (mutant(Mutant::refusal_not_counted)) return;
  submitted += {1, bytes};
  outcomes[static_cast<std::size_t>(outcome.kind)] += {1, bytes};
  ++causes[static_cast<std::size_t>(outcome.cause)];
}

LedgerRow& LedgerRow::operator+=(const LedgerRow& other) noexcept {
  submitted += other.submitted;
  held += other.held;
  for (std::size_t i = 0; i < outcomes.size(); ++i) outcomes[i] += other.outcomes[i];
  for (std::size_t i = 0; i < causes.size(); ++i) causes[i] += other.causes[i];
  return *this;
}

LedgerCount LedgerRow::ended() const noexcept {
  LedgerCount sum;
  for (const LedgerCount& count : outcomes) sum += count;
  return sum;
}

std::int64_t LedgerRow::imbalance() const noexcept {
  return static_cast<std::int64_t>(submitted.messages - held.messages - ended().messages);
}

bool LedgerRow::balanced() const noexcept { return imbalance() == 0 && submitted.bytes == held.bytes + ended().bytes; }

}  // namespace hawser
