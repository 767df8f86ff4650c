// What `hawser resolve` is asked: members, strategies, times, and what is broken, from a TOML or JSON file and the
// command line.
#pragma once

#include <hawser/base/toml_tree.hpp>
#include <hawser/interconnect/isolation/coterie.hpp>
#include <hawser/interconnect/isolation/settings.hpp>
#include "resolve_damage.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hawser::tools {

// Above this the matrix is no picture any more, and pulses between all pairs take too long to play.
inline constexpr std::size_t resolve_members_max = 64;

// A text that names members, and where it stands, so that a complaint about it can say so.
struct NamedText {
  std::string text;
  std::string where;  // `--cut`, or `file:3:1: cut`
};

struct ResolveQuestion {
  std::vector<MemberConfig> members;
  std::vector<Strategy> strategies;  // empty: all that fit
  std::uint32_t quorum = 0;          // of static_quorum
  std::string referee;               // of referee
  std::string role;                  // only members with it vote
  NamedText cut;
  NamedText links;
  NamedText down;
  IsolationSettings settings;
  Duration detection{0};  // silence after which a link counts as lost; 0: four heartbeats
};

// Reads what the tree says over what `question` holds; `file` stands in places.
void read_question(const TomlValue& root, const std::string& file, ResolveQuestion& question, TomlProblems& problems);

// One strategy to be resolved, or why it cannot be.
struct ResolveCandidate {
  CoterieConfig config;
  std::vector<std::string> notes;  // what of the question means nothing with this strategy
};

// The strategies asked for, or all that fit; every sentence in `problems` makes the question unusable, and names both
// quorums where two sides could serve at once.
std::vector<ResolveCandidate> candidates_of(const ResolveQuestion& question, std::vector<std::string>& problems);

// Cut, links and who is down.
std::optional<Damage> damage_of(const ResolveQuestion& question, std::vector<std::string>& problems);

// By its name; nothing, with the nearest name in `problem`.
std::optional<Strategy> read_strategy(std::string_view name, std::string& problem);

}  // namespace hawser::tools
