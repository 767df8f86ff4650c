#include <hawser/inspect/isolation_json.hpp>

#include <hawser/interconnect/config_isolation.hpp>
#include <hawser/interconnect/isolation/coterie.hpp>

#include <nlohmann/json.hpp>

#include <vector>

namespace hawser {
namespace {

using Json = nlohmann::ordered_json;

Json json(const Epoch& epoch) {
  if (!is_view(epoch)) return nullptr;
  return {{"counter", std::to_string(epoch.counter)},
          {"proposer", epoch.proposer},
          {"proposer_incarnation", std::to_string(to_number(epoch.proposer_incarnation))}};
}

Json json(const std::optional<Epoch>& epoch) { return epoch ? Json{{"epoch", json(*epoch)}} : Json(nullptr); }

Json json(const std::vector<ViewMember>& members) {
  Json list = Json::array();
  for (const ViewMember& member : members) {
    list.push_back({{"place", member.place}, {"incarnation", std::to_string(to_number(member.incarnation))}});
  }
  return list;
}

Json json(const View& view) { return {{"epoch", json(view.epoch)}, {"members", json(view.members)}}; }

Json json(const MemberSet& set) {
  Json list = Json::array();
  for (const Place place : set) list.push_back(place);
  return list;
}

Json json(const MemberRow& row) {
  return {{"place", row.place},
          {"incarnation", std::to_string(to_number(row.incarnation))},
          {"version", std::to_string(row.version)},
          {"hears", json(row.hears)},
          {"votes", row.votes},
          {"leaving", row.leaving},
          {"grant", json(row.grant)},
          {"serving", json(row.serving)}};
}

Json json(const Evidence& evidence) {
  Json supports = Json::array();
  for (const SupportEvidence& support : evidence.supports) {
    supports.push_back({{"voter", support.voter},
                        {"epoch", json(support.epoch)},
                        {"sent_us", to_us(support.sent)},
                        {"before", json(support.before)}});
  }
  Json table = Json::array();
  for (const MemberRow& row : evidence.table.rows()) {
    if (row.known()) table.push_back(json(row));
  }
  return {{"at_us", to_us(evidence.at)},
          {"self", evidence.self},
          {"incarnation", std::to_string(to_number(evidence.incarnation))},
          {"leaving", evidence.leaving},
          {"grant", json(evidence.grant)},
          {"entered", json(evidence.entered)},
          {"last", json(evidence.last)},
          {"given_up", evidence.given_up},
          {"below", evidence.below == last_epoch ? Json("all") : json(evidence.below)},
          {"lease_ends_us", evidence.lease_ends == Instant::min() ? Json(nullptr) : Json(to_us(evidence.lease_ends))},
          {"supports", std::move(supports)},
          {"table", std::move(table)}};
}

// Who votes how, and how long a lease is: what the evidence is judged by.
Json rules(const Config& config) {
  std::vector<std::string> unread;
  const CoterieConfig coterie = coterie_of(config, unread);
  const IsolationSettings settings = isolation_settings(config);
  Json members = Json::array();
  for (const MemberConfig& member : coterie.members) {
    members.push_back({{"id", member.id.text()}, {"weight", member.weight}, {"role", member.role}});
  }
  return {{"strategy", to_string(coterie.strategy)},
          {"members", std::move(members)},
          {"role", coterie.role},
          {"quorum", coterie.quorum},
          {"referee", coterie.referee.text()},
          {"heartbeat_us", to_us(settings.heartbeat)},
          {"lease_us", to_us(settings.lease)},
          {"stable_after_us", to_us(settings.stable_after)},
          {"drift_ppm", settings.drift_ppm}};
}

std::string written(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string to_json(const StanceChange& change, const Config& config) {
  return written({{"change", "stance"},
                  {"node", config.id.text()},
                  {"from", to_string(change.from)},
                  {"to", to_string(change.to)},
                  {"cause", change.reason.cause},
                  {"detail", change.reason.detail},
                  {"epoch", json(change.epoch)},
                  {"rules", rules(config)},
                  {"evidence", json(change.evidence)}});
}

std::string to_json(const ViewChange& change, const Config& config) {
  return written({{"change", change.event == ViewEvent::settled ? "settled" : "entered"},
                  {"node", config.id.text()},
                  {"view", json(change.view)},
                  {"rejoined", change.rejoined},
                  {"removed", json(change.removed)},
                  {"joined", json(change.joined)},
                  {"rules", rules(config)},
                  {"evidence", json(change.evidence)}});
}

}  // namespace hawser
