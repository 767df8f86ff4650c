// A flaw, switched on for as long as this lives.
#pragma once

#include <hawser/interconnect/isolation/flaw.hpp>

namespace hawser {

class InForce {
 public:
  explicit InForce(Flaw flaw) { flaw_in_force() = flaw; }
  ~InForce() { flaw_in_force() = Flaw::none; }
  InForce(const InForce&) = delete;
  InForce& operator=(const InForce&) = delete;
};

}  // namespace hawser
