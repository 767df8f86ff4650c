#include <hawser/interconnect/runtime.hpp>

namespace hawser {

std::string_view to_string(LaneClass lane) noexcept {
  switch (lane) {
    case LaneClass::control:
      return "control";
    case LaneClass::ordinary:
      return "ordinary";
    case LaneClass::bulk:
      return "bulk";
  }
  return "?";
}

std::string_view to_string(LinkFailure failure) noexcept {
  switch (failure) {
    case LinkFailure::connect_refused:
      return "connect_refused";
    case LinkFailure::connect_timeout:
      return "connect_timeout";
    case LinkFailure::name_not_found:
      return "name_not_found";
    case LinkFailure::handshake_failed:
      return "handshake_failed";
    case LinkFailure::handshake_timeout:
      return "handshake_timeout";
    case LinkFailure::authentication_failed:
      return "authentication_failed";
    case LinkFailure::closed_by_peer:
      return "closed_by_peer";
    case LinkFailure::no_descriptors:
      return "no_descriptors";
  }
  return "?";
}

}  // namespace hawser
