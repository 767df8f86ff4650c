#include <hawser/interconnect/isolation/evidence.hpp>

#include <ostream>

namespace hawser {
namespace {

void print(std::ostream& out, const char* title, const std::vector<ViewMember>& members) {
  if (members.empty()) return;
  out << ", " << title;
  for (const ViewMember& member : members) out << ' ' << member;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Evidence& evidence) {
  out << evidence.self << '@' << to_number(evidence.incarnation) << " at " << to_us(evidence.at) << " us; grant "
      << evidence.grant << "; entered " << evidence.entered << "; below " << evidence.below << "; lease ends "
      << to_us(evidence.lease_ends) << " us\n";
  for (const SupportEvidence& support : evidence.supports) {
    out << "supported by " << support.voter << " in " << support.epoch << ", asked at " << to_us(support.sent)
        << " us, granted ";
    if (support.before) {
      out << *support.before << " before\n";
    } else {
      out << "something unknown before\n";
    }
  }
  return out << evidence.table;
}

std::ostream& operator<<(std::ostream& out, const StanceChange& change) {
  return out << change.from << " to " << change.to << ": " << change.reason << ", epoch " << change.epoch;
}

std::ostream& operator<<(std::ostream& out, const ViewChange& change) {
  out << (change.event == ViewEvent::entered ? "entered " : "settled ") << change.view;
  if (change.rejoined) out << ", rejoined";
  print(out, "removed", change.removed);
  print(out, "joined", change.joined);
  return out;
}

}  // namespace hawser
