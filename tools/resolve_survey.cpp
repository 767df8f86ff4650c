#include "resolve_survey.hpp"

#include <algorithm>
#include <cstdint>

namespace hawser::tools {
namespace {

void survey_cuts(const CoterieConfig& config, std::vector<SurveyCut>& cuts) {
  const std::size_t n = config.members.size();
  // The first member's side, with any of the others: each cut once, and never all on one side.
  for (std::uint32_t bits = 0; n > 1 && bits + 1 < (std::uint32_t{1} << (n - 1)); ++bits) {
    MemberSet side = MemberSet::only(0);
    for (std::size_t i = 1; i < n; ++i) {
      if ((bits >> (i - 1) & 1) != 0) side.add(static_cast<Place>(i));
    }
    Damage damage{n};
    damage.cut_off(side);
    cuts.push_back({side, resolve_at_once(config, damage)});
  }
  const auto smaller = [n](const SurveyCut& cut) { return std::min(cut.side.size(), n - cut.side.size()); };
  std::stable_sort(cuts.begin(), cuts.end(),
                   [&](const SurveyCut& a, const SurveyCut& b) { return smaller(a) < smaller(b); });
}

void survey_failures(const CoterieConfig& config, std::vector<SurveyFailure>& failures) {
  const std::size_t n = config.members.size();
  const auto add = [&](SurveyFailure failure, auto&& break_it) {
    Damage damage{n};
    break_it(damage);
    failure.serving = resolve_at_once(config, damage);
    failures.push_back(failure);
  };
  using Kind = SurveyFailure::Kind;
  for (std::size_t i = 0; i < n; ++i) {
    const auto a = static_cast<Place>(i);
    add({Kind::node, a, a, {}}, [a](Damage& damage) { damage.down(a); });
  }
  for (const Kind kind : {Kind::link, Kind::direction}) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = kind == Kind::link ? i + 1 : 0; j < n; ++j) {
        if (i == j) continue;
        const auto a = static_cast<Place>(i);
        const auto b = static_cast<Place>(j);
        add({kind, a, b, {}}, [&](Damage& damage) { kind == Kind::link ? damage.lose_both(a, b) : damage.lose(a, b); });
      }
    }
  }
}

}  // namespace

std::size_t ResolveSurvey::silenced() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(cuts.begin(), cuts.end(), [](const SurveyCut& cut) { return cut.serving.empty(); }));
}

ResolveSurvey survey(const CoterieConfig& config) {
  ResolveSurvey found;
  survey_cuts(config, found.cuts);
  survey_failures(config, found.failures);
  return found;
}

std::string failure_in_words(const CoterieConfig& config, const SurveyFailure& failure) {
  const std::string& a = config.members[failure.a].id.text();
  const std::string& b = config.members[failure.b].id.text();
  switch (failure.kind) {
    case SurveyFailure::Kind::node:
      return a + " down";
    case SurveyFailure::Kind::link:
      return a + "-" + b + " lost";
    case SurveyFailure::Kind::direction:
      return a + ">" + b + " lost";
  }
  return "?";
}

}  // namespace hawser::tools
