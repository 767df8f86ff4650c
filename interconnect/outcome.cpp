#include <hawser/interconnect/outcome.hpp>

#include <array>
#include <ostream>

namespace hawser {
namespace {

constexpr std::array<std::string_view, outcome_kind_count> kind_names{
    "delivered", "refused",    "expired",   "queue_full", "circuit_open", "unreachable",
    "isolated",  "overloaded", "too_large", "unhandled",  "closed",       "unknown"};

constexpr std::array<std::string_view, cause_count> cause_names{
    "none",          "peer_restarted", "unknown_peer",    "connect_refused",
    "silent",        "never_heard",    "refused_by_peer", "deadline",
    "verdict_lost",  "dropped_oldest", "superseded",      "channel_messages",
    "channel_bytes", "peer_bytes",     "node_bytes",      "channel_breaker",
    "peer_breaker",  "in_queue",       "on_arrival",      "in_inbox",
    "handler_threw", "malformed",      "no_reply",        "peer_removed",
    "peer_stopped",  "self_isolated",  "peer_isolated",   "stopping",
    "cancelled",     "intake",         "reply_room",      "channel_groups"};

}  // namespace

std::string_view to_string(OutcomeKind kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  return index < kind_names.size() ? kind_names[index] : "?";
}

std::string_view to_string(Cause cause) noexcept {
  const auto index = static_cast<std::size_t>(cause);
  return index < cause_names.size() ? cause_names[index] : "?";
}

std::string_view to_string(Handled handled) noexcept {
  switch (handled) {
    case Handled::no:
      return "no";
    case Handled::yes:
      return "yes";
    case Handled::maybe:
      return "maybe";
  }
  return "?";
}

Handled handled(OutcomeKind kind) noexcept {
  switch (kind) {
    case OutcomeKind::delivered:
    case OutcomeKind::refused:
      return Handled::yes;
    case OutcomeKind::unknown:
      return Handled::maybe;
    default:
      return Handled::no;
  }
}

std::ostream& operator<<(std::ostream& out, OutcomeKind kind) { return out << to_string(kind); }
std::ostream& operator<<(std::ostream& out, Cause cause) { return out << to_string(cause); }

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  out << outcome.kind;
  if (outcome.cause != Cause::none) out << " (" << outcome.cause << ')';
  return out;
}

}  // namespace hawser
