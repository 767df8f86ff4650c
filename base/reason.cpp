#include <hawser/base/reason.hpp>

#include <ostream>

namespace hawser {

std::ostream& operator<<(std::ostream& out, const Reason& reason) {
  out << reason.cause;
  if (!reason.detail.empty()) out << " (" << reason.detail << ')';
  return out;
}

}  // namespace hawser
