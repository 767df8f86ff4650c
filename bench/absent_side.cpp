// Stands in for hawser_side.cpp while there is no node to link: says so instead of measuring.
#include "roles.hpp"

#include <stdexcept>

namespace hawser::bench {

Figures send_hawser(const Load&) { throw std::runtime_error("built without Hawser's node; use --plain-only"); }
void receive_hawser(const Load&) { throw std::runtime_error("built without Hawser's node; use --plain-only"); }

}  // namespace hawser::bench
