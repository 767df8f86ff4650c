// One cut, played: the isolation cores of all members on virtual time, from a whole cluster through the damage until
// nothing changes any more.
//
// No sockets and no detector but a fixed silence: what comes out is who serves and when each step happened with these
// settings. Clocks run true, pulses take one delay each and are never lost but by the damage. A function of its
// arguments.
#pragma once

#include <hawser/interconnect/isolation/coterie.hpp>
#include <hawser/interconnect/isolation/settings.hpp>
#include <hawser/interconnect/isolation/stance.hpp>
#include <hawser/interconnect/isolation/view.hpp>
#include "resolve_damage.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace hawser::tools {

struct ResolveTimes {
  IsolationSettings settings;
  Duration detection{0};  // silence after which a link counts as lost; above 0
  Duration delay{1'000};  // of every pulse
};

// What is wrong with them, one sentence each; empty when they can be played.
std::vector<std::string> problems(const ResolveTimes& times);

enum class ResolveEvent : std::uint8_t {
  detected,  // it notices that links are lost: `who`
  isolated,  // it stops serving
  resumed,   // it serves again in the view it had
  entered,   // it serves in a view; `who`: told removed
  rejoined,  // the same, after it may have been out; `who`: told removed
  settled,   // the others of its view have left older ones
};
std::string_view to_string(ResolveEvent event) noexcept;

struct ResolveStep {
  Duration at{0};  // after the damage
  Place place = 0;
  ResolveEvent event = ResolveEvent::detected;
  MemberSet who;
  Epoch epoch;  // of the view it is about; zero with detected
};

struct ResolveMember {
  bool down = false;
  bool serving = false;
  Stance stance = Stance::joining;
  View view;  // it serves in, or served in last
  std::string cause;
  std::string detail;
  MemberSet links;
  MemberSet votes;      // voters among them, itself included
  bool quorum = false;  // whether those are one
};

struct ResolveOutcome {
  bool began = false;   // the whole cluster served in one view before
  bool stable = false;  // nothing changed any more
  Duration watched{0};  // after the damage
  std::vector<ResolveMember> members;
  std::vector<ResolveStep> steps;  // by time

  MemberSet serving() const;
};

// REQUIRES: problems are empty of the times and of the coterie; damage is of as many members.
ResolveOutcome resolve(const CoterieConfig& config, const ResolveTimes& times, const Damage& damage);

// Who will serve once all know all: the shipped derivation, without playing anything. Empty: nobody.
MemberSet resolve_at_once(const CoterieConfig& config, const Damage& damage);

}  // namespace hawser::tools
