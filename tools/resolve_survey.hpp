// What a cluster survives: every cut into two sides, and every single failure of a node, a link or a direction.
//
// By the shipped derivation, without playing each; tests hold it against the cores.
#pragma once

#include "resolve_run.hpp"

#include <string>
#include <vector>

namespace hawser::tools {

// Two-sided cuts of more members are too many to list.
inline constexpr std::size_t survey_members_max = 16;

struct SurveyCut {
  MemberSet side;     // with the first member
  MemberSet serving;  // empty: the cut silences everybody
};

struct SurveyFailure {
  enum class Kind : std::uint8_t { node, link, direction } kind = Kind::node;
  Place a = 0;  // the node, or from
  Place b = 0;  // to
  MemberSet serving;
};

struct ResolveSurvey {
  std::vector<SurveyCut> cuts;  // by number of members on the smaller side
  std::vector<SurveyFailure> failures;

  std::size_t silenced() const noexcept;  // cuts that silence everybody
};

// REQUIRES: Coterie::problems(config) is empty, at most survey_members_max members.
ResolveSurvey survey(const CoterieConfig& config);

// `n3 down`, `n1-n2 lost`, `n1>n2 lost`.
std::string failure_in_words(const CoterieConfig& config, const SurveyFailure& failure);

}  // namespace hawser::tools
