#include <hawser/sim/violation.hpp>

#include <ostream>
#include <sstream>

namespace hawser::sim {
namespace {

std::string text_of(const Violation& violation) {
  std::ostringstream out;
  out << violation;
  return out.str();
}

}  // namespace

std::string_view to_string(Invariant invariant) noexcept {
  switch (invariant) {
    case Invariant::conservation:
      return "I1 conservation";
    case Invariant::at_most_once:
      return "I2 at most once";
    case Invariant::ttl:
      return "I3 TTL";
    case Invariant::order:
      return "I4 order";
    case Invariant::memory:
      return "I5 memory";
    case Invariant::bulkheads:
      return "I6 bulkheads";
    case Invariant::completeness:
      return "I7 completeness";
    case Invariant::accuracy:
      return "I8 accuracy";
    case Invariant::self_suspicion:
      return "I9 self-suspicion";
    case Invariant::breaker:
      return "I10 breaker";
    case Invariant::backoff:
      return "I11 backoff";
    case Invariant::isolation:
      return "I12 isolation";
    case Invariant::recovery:
      return "I13 recovery";
    case Invariant::fencing:
      return "I14 fencing";
    case Invariant::metastability:
      return "I15 no metastability";
    case Invariant::hygiene:
      return "I16 hygiene";
    case Invariant::gray:
      return "I17 gray";
  }
  return "?";
}

std::ostream& operator<<(std::ostream& out, const Violation& violation) {
  out << to_string(violation.finding.invariant) << " is broken at " << to_us(violation.at) << " us, event "
      << violation.event << ", seed " << violation.seed << ", nodes";
  for (const std::string& node : violation.finding.nodes) out << ' ' << node;
  out << ": " << violation.finding.text << '\n';
  for (const std::string& row : violation.story) out << "  " << row;
  return out;
}

InvariantViolated::InvariantViolated(Violation violation)
    : std::runtime_error(text_of(violation)), violation_(std::move(violation)) {}

}  // namespace hawser::sim
