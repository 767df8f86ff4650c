#include <hawser/interconnect/isolation/stance.hpp>

#include <ostream>

namespace hawser {

std::string_view to_string(Stance stance) noexcept {
  switch (stance) {
    case Stance::joining:
      return "joining";
    case Stance::serving:
      return "serving";
    case Stance::isolated:
      return "isolated";
  }
  return "?";
}

std::ostream& operator<<(std::ostream& out, Stance stance) { return out << to_string(stance); }

}  // namespace hawser
