#include "resolve_event.hpp"

#include "campaign.hpp"
#include "exit_code.hpp"
#include "terminal.hpp"
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace hawser::tools {
namespace {

using Json = nlohmann::json;

constexpr std::size_t line_bytes_max = std::size_t{16} << 20;

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument{what}; }

const Json& at(const Json& json, const char* key) {
  if (!json.is_object() || !json.contains(key)) fail(std::string{"it has no `"} + key + "`");
  return json[key];
}

std::string text(const Json& json, const char* key) {
  const Json& value = at(json, key);
  if (!value.is_string()) fail(std::string{"`"} + key + "` is no text");
  return value.get<std::string>();
}

bool flag(const Json& json, const char* key) {
  const Json& value = at(json, key);
  if (!value.is_boolean()) fail(std::string{"`"} + key + "` is neither true nor false");
  return value.get<bool>();
}

std::int64_t number(const Json& json, const char* key, std::int64_t min, std::int64_t max) {
  const Json& value = at(json, key);
  if (!value.is_number_integer()) fail(std::string{"`"} + key + "` is no whole number");
  const bool huge = value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(max);
  if (huge || value.get<std::int64_t>() < min || value.get<std::int64_t>() > max) {
    fail(std::string{"`"} + key + "` lies outside of " + std::to_string(min) + " .. " + std::to_string(max));
  }
  return value.get<std::int64_t>();
}

std::uint64_t large(const Json& json, const char* key) {
  const std::string digits = text(json, key);
  std::uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [last, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || last != end) fail(std::string{"`"} + key + "` is no number written as text");
  return value;
}

Place place(const Json& json, const char* key, std::size_t places) {
  return static_cast<Place>(number(json, key, 0, static_cast<std::int64_t>(places) - 1));
}

Instant instant(const Json& json, const char* key) {
  constexpr std::int64_t furthest = std::int64_t{1} << 60;
  return instant_from_us(number(json, key, -furthest, furthest));
}

Epoch epoch(const Json& json, const char* key) {
  const Json& value = at(json, key);
  if (value.is_null()) return {};
  return {large(value, "counter"), static_cast<std::uint32_t>(number(value, "proposer", 0, places_max)),
          Incarnation{large(value, "proposer_incarnation")}};
}

const Json& list(const Json& json, const char* key, std::size_t most) {
  const Json& value = at(json, key);
  if (!value.is_array()) fail(std::string{"`"} + key + "` is no list");
  if (value.size() > most) fail(std::string{"`"} + key + "` has more than " + std::to_string(most) + " entries");
  return value;
}

View view(const Json& json, const char* key, std::size_t places) {
  const Json& value = at(json, key);
  View view;
  view.epoch = epoch(value, "epoch");
  for (const Json& member : list(value, "members", places)) {
    view.members.push_back({place(member, "place", places), Incarnation{large(member, "incarnation")}});
  }
  return view;
}

MemberRow row(const Json& json, std::size_t places) {
  MemberRow row;
  row.place = place(json, "place", places);
  row.incarnation = Incarnation{large(json, "incarnation")};
  row.version = large(json, "version");
  for (const Json& heard : list(json, "hears", places)) {
    if (!heard.is_number_unsigned() || heard.get<std::uint64_t>() >= places) fail("`hears` names no place");
    row.hears.add(heard.get<Place>());
  }
  row.votes = flag(json, "votes");
  row.leaving = flag(json, "leaving");
  row.grant = epoch(json, "grant");
  row.serving = epoch(json, "serving");
  return row;
}

CoterieConfig coterie(const Json& rules) {
  CoterieConfig config;
  const auto strategy = strategy_of(text(rules, "strategy"));
  if (!strategy) fail("`strategy` is none that is known");
  config.strategy = *strategy;
  for (const Json& member : list(rules, "members", members_max)) {
    const auto id = NodeId::parse(text(member, "id"));
    if (!id) fail("`id` of a member is no node id");
    config.members.push_back(
        {*id, static_cast<std::uint32_t>(number(member, "weight", 1, 1'000'000)), text(member, "role")});
  }
  config.role = text(rules, "role");
  config.quorum = static_cast<std::uint32_t>(number(rules, "quorum", 0, members_max));
  const std::string referee = text(rules, "referee");
  if (!referee.empty() && !NodeId::valid(referee)) fail("`referee` is no node id");
  if (!referee.empty()) config.referee = referee;
  const std::vector<std::string> problems = Coterie::problems(config);
  if (!problems.empty()) fail("`rules` make no coterie: " + problems.front());
  return config;
}

IsolationSettings settings(const Json& rules) {
  constexpr std::int64_t day = std::int64_t{24} * 3600 * 1'000'000;
  IsolationSettings settings;
  settings.heartbeat = Duration{number(rules, "heartbeat_us", 1, day)};
  settings.lease = Duration{number(rules, "lease_us", 1, day)};
  settings.stable_after = Duration{number(rules, "stable_after_us", 0, day)};
  settings.drift_ppm = static_cast<std::uint32_t>(number(rules, "drift_ppm", 0, 999'999));
  return settings;
}

Evidence evidence(const Json& json, std::size_t places) {
  Evidence evidence;
  evidence.at = instant(json, "at_us");
  evidence.self = place(json, "self", places);
  evidence.incarnation = Incarnation{large(json, "incarnation")};
  evidence.leaving = flag(json, "leaving");
  evidence.grant = view(json, "grant", places);
  evidence.entered = epoch(json, "entered");
  evidence.last = epoch(json, "last");
  evidence.given_up = flag(json, "given_up");
  const Json& below = at(json, "below");
  evidence.below = below.is_string() && below.get<std::string>() == "all" ? last_epoch : epoch(json, "below");
  evidence.lease_ends = at(json, "lease_ends_us").is_null() ? Instant::min() : instant(json, "lease_ends_us");
  for (const Json& each : list(json, "supports", 2 * places)) {
    SupportEvidence support{place(each, "voter", places), epoch(each, "epoch"), instant(each, "sent_us"), {}};
    if (!at(each, "before").is_null()) support.before = epoch(each["before"], "epoch");
    evidence.supports.push_back(support);
  }
  evidence.table = MemberTable{places};
  for (const Json& each : list(json, "table", places)) evidence.table.merge(row(each, places));
  return evidence;
}

std::optional<Stance> stance_of(const std::string& name) {
  for (const Stance stance : {Stance::joining, Stance::serving, Stance::isolated}) {
    if (name == to_string(stance)) return stance;
  }
  return std::nullopt;
}

std::string names(const RecordedChange& change, const MemberSet& set) { return Coterie{change.coterie}.names(set); }

std::string until_text(const RecordedChange& change, const Decision& decision) {
  if (decision.until == Instant::min()) return {};
  return ", until " + std::to_string((decision.until - change.evidence.at).count() / 1000) + " ms later";
}

}  // namespace

std::optional<RecordedChange> read_change(const std::string& text_in, std::string& problem) {
  const Json json = Json::parse(text_in, nullptr, false);
  if (json.is_discarded()) {
    problem = "it is no JSON";
    return std::nullopt;
  }
  try {
    RecordedChange change;
    change.change = text(json, "change");
    change.node = text(json, "node");
    const Json& rules = at(json, "rules");
    change.coterie = coterie(rules);
    change.settings = settings(rules);
    const std::size_t places = Coterie{change.coterie}.places();
    change.evidence = evidence(at(json, "evidence"), places);
    if (change.change == "stance") {
      const auto to = stance_of(text(json, "to"));
      if (!to) fail("`to` is no stance");
      change.to = *to;
    } else if (change.change == "entered" || change.change == "settled") {
      change.view = view(json, "view", places);
      change.rejoined = flag(json, "rejoined");
    } else {
      fail("`change` is stance, entered or settled");
    }
    return change;
  } catch (const std::invalid_argument& wrong) {
    problem = wrong.what();
  } catch (const Json::exception& wrong) {
    problem = wrong.what();
  }
  return std::nullopt;
}

ReplayedChange replay(const RecordedChange& change) {
  const Coterie coterie{change.coterie};
  ReplayedChange result;
  result.decision = decide(coterie, change.settings, change.evidence);
  const Decision& decision = result.decision;
  if (change.change == "stance") {
    result.said = to_string(change.to);
    result.decided = to_string(decision.stance);
    result.same = change.to == decision.stance;
    return result;
  }
  if (change.change == "settled") {
    const bool settled = has_settled(change.evidence, change.view) && decision.stance == Stance::serving;
    result.said = "settled";
    result.decided = settled ? "settled" : "not settled";
    result.same = settled && change.view.epoch == change.evidence.entered;
    return result;
  }
  const bool may = decision.stance == Stance::serving && change.evidence.entered == change.view.epoch &&
                   change.evidence.grant == change.view &&
                   change.view.has(change.evidence.self, change.evidence.incarnation);
  result.said = change.rejoined ? "rejoined" : "continued";
  result.decided = !may ? "not entered" : decision.continues ? "continued" : "rejoined";
  result.same = may && decision.continues != change.rejoined;
  return result;
}

int resolve_event(const std::string& file, bool json) {
  std::ifstream opened;
  if (file != "-") {
    opened.open(file, std::ios::binary);
    if (!opened) {
      std::fprintf(stderr, "hawser: %s cannot be read\n", printable(file).c_str());
      return exit_usage;
    }
  }
  std::istream& in = file == "-" ? std::cin : opened;
  Terminal terminal;
  std::uint64_t line_number = 0;
  std::uint64_t seen = 0;
  std::uint64_t differing = 0;
  for (std::string line; std::getline(in, line);) {
    ++line_number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    std::string problem = "it is longer than 16 MiB";
    const auto change = line.size() > line_bytes_max ? std::nullopt : read_change(line, problem);
    if (!change) {
      std::fprintf(stderr, "hawser: %s:%llu: no change of stance or view: %s\n", printable(file).c_str(),
                   static_cast<unsigned long long>(line_number), printable(problem).c_str());
      return exit_usage;
    }
    const ReplayedChange replayed = replay(*change);
    ++seen;
    differing += replayed.same ? 0 : 1;
    if (json) {
      const Json out{{"line", line_number},
                     {"node", change->node},
                     {"change", change->change},
                     {"said", replayed.said},
                     {"decided", replayed.decided},
                     {"same", replayed.same},
                     {"supporters", names(*change, replayed.decision.supporters)},
                     {"quorum", replayed.decision.quorum},
                     {"wish", names(*change, replayed.decision.wish)}};
      std::cout << out.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
      continue;
    }
    const std::string verdict =
        replayed.same ? terminal.styled("same", Style::good) : terminal.styled("DIFFERS", Style::bad);
    terminal.line(printable(change->node) + ": " + change->change + ": " + replayed.said +
                  "; again: " + replayed.decided + "  " + verdict);
    terminal.line("  supported by " + names(*change, replayed.decision.supporters) +
                  (replayed.decision.quorum ? ", a quorum" : ", no quorum") + until_text(*change, replayed.decision) +
                  "; its table wants " + names(*change, replayed.decision.wish));
  }
  std::cout.flush();
  if (seen == 0) {
    std::fprintf(stderr, "hawser: %s holds no change\n", printable(file).c_str());
    return exit_usage;
  }
  if (!json) {
    terminal.line(grouped(seen) + " changes, " +
                  (differing == 0 ? "all decided the same" : grouped(differing) + " decided otherwise"));
  }
  return differing == 0 ? exit_fine : exit_unhealthy;
}

}  // namespace hawser::tools
