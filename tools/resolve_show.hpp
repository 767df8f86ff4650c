// The answer of `hawser resolve`, for eyes and for machines. docs/commands.md describes the JSON.
#pragma once

#include "resolve_question.hpp"
#include "resolve_run.hpp"
#include "resolve_survey.hpp"
#include "terminal.hpp"

#include <optional>
#include <string>
#include <vector>

namespace hawser::tools {

struct ResolveAnswer {
  ResolveCandidate asked;
  ResolveOutcome outcome;
  std::optional<ResolveSurvey> survey;
};

void show(const ResolveQuestion& question, const ResolveTimes& times, const Damage& damage,
          const std::vector<ResolveAnswer>& answers, Terminal& terminal);

// One object, one line.
std::string resolve_json(const ResolveQuestion& question, const ResolveTimes& times, const Damage& damage,
                         const std::vector<ResolveAnswer>& answers);

}  // namespace hawser::tools
