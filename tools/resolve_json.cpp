// The answer of `hawser resolve` as one JSON object.
#include "resolve_show.hpp"
#include "resolve_why.hpp"

#include <nlohmann/json.hpp>

namespace hawser::tools {
namespace {

using Json = nlohmann::ordered_json;

Json names(const ResolveQuestion& question, const MemberSet& set) {
  Json list = Json::array();
  for (const Place place : set) list.push_back(question.members[place].id.text());
  return list;
}

Json epoch_json(const ResolveQuestion& question, const Epoch& epoch) {
  return {{"counter", epoch.counter},
          {"proposer", question.members[epoch.proposer].id.text()},
          {"incarnation", to_number(epoch.proposer_incarnation)}};
}

Json member_json(const ResolveQuestion& question, const ResolveAnswer& answer, Place place) {
  const ResolveMember& member = answer.outcome.members[place];
  Json json{{"id", question.members[place].id.text()},
            {"stance", member.down ? "down" : std::string{to_string(member.stance)}},
            {"serving", member.serving},
            {"cause", member.down ? "down" : member.cause},
            {"reason", why(answer.asked.config, answer.outcome, place)},
            {"links", names(question, member.links)},
            {"votes", names(question, member.votes)},
            {"quorum", member.quorum},
            {"view", nullptr}};
  if (member.view.any()) {
    json["view"] = {{"epoch", epoch_json(question, member.view.epoch)},
                    {"members", names(question, member.view.places())}};
  }
  return json;
}

Json step_json(const ResolveQuestion& question, const ResolveStep& step) {
  Json json{{"at_us", to_us(step.at)},
            {"node", question.members[step.place].id.text()},
            {"event", to_string(step.event)},
            {"nodes", names(question, step.who)},
            {"epoch", nullptr}};
  if (is_view(step.epoch)) json["epoch"] = epoch_json(question, step.epoch);
  return json;
}

Json survey_json(const ResolveQuestion& question, const ResolveAnswer& answer) {
  const MemberSet all = MemberSet::first(question.members.size());
  Json silencing = Json::array();
  for (const SurveyCut& cut : answer.survey->cuts) {
    if (!cut.serving.empty()) continue;
    silencing.push_back(Json::array({names(question, cut.side), names(question, all - cut.side)}));
  }
  Json failures = Json::array();
  for (const SurveyFailure& failure : answer.survey->failures) {
    failures.push_back({{"failure", failure_in_words(answer.asked.config, failure)},
                        {"survived", !failure.serving.empty()},
                        {"serving", names(question, failure.serving)}});
  }
  return {{"cuts", answer.survey->cuts.size()}, {"silencing", silencing}, {"failures", failures}};
}

}  // namespace

std::string resolve_json(const ResolveQuestion& question, const ResolveTimes& times, const Damage& damage,
                         const std::vector<ResolveAnswer>& answers) {
  Json lost = Json::array();
  for (std::size_t i = 0; i < damage.members(); ++i) {
    for (std::size_t j = 0; j < damage.members(); ++j) {
      if (i == j || damage.passes(static_cast<Place>(i), static_cast<Place>(j))) continue;
      lost.push_back(question.members[i].id.text() + ">" + question.members[j].id.text());
    }
  }
  const IsolationSettings& settings = times.settings;
  Json json{{"settings",
             {{"heartbeat_us", to_us(settings.heartbeat)},
              {"detection_us", to_us(times.detection)},
              {"lease_us", to_us(settings.lease)},
              {"promise_us", to_us(settings.promise())},
              {"stable_after_us", to_us(settings.stable_after)}}},
            {"lost", lost},
            {"strategies", Json::array()}};
  for (const ResolveAnswer& answer : answers) {
    Json one{{"strategy", to_string(answer.asked.config.strategy)},
             {"quorum", quorum_in_words(answer.asked.config)},
             {"notes", answer.asked.notes},
             {"stable", answer.outcome.stable},
             {"serving", names(question, answer.outcome.serving())},
             {"members", Json::array()},
             {"steps", Json::array()}};
    for (std::size_t i = 0; i < question.members.size(); ++i) {
      one["members"].push_back(member_json(question, answer, static_cast<Place>(i)));
    }
    for (const ResolveStep& step : answer.outcome.steps) one["steps"].push_back(step_json(question, step));
    if (answer.survey) one["all_cuts"] = survey_json(question, answer);
    json["strategies"].push_back(std::move(one));
  }
  return json.dump();
}

}  // namespace hawser::tools
