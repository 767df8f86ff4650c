#include <hawser/interconnect/isolation/coterie.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/interconnect/isolation/flaw.hpp>

#include <algorithm>
#include <set>

namespace hawser {
namespace {

constexpr std::uint32_t weight_max = 1'000'000;

const NodeId& arbiter_id() {
  static const NodeId id{"arbiter"};
  return id;
}

MemberSet voters_of(const CoterieConfig& config) {
  if (config.strategy == Strategy::arbiter) return MemberSet::only(static_cast<Place>(config.members.size()));
  MemberSet voters;
  for (std::size_t i = 0; i < config.members.size(); ++i) {
    if (config.role.empty() || config.members[i].role == config.role) voters.add(static_cast<Place>(i));
  }
  return voters;
}

std::optional<Place> find(const CoterieConfig& config, const NodeId& id) {
  const auto found = std::find_if(config.members.begin(), config.members.end(),
                                  [&id](const MemberConfig& member) { return member.id == id; });
  if (found == config.members.end()) return std::nullopt;
  return static_cast<Place>(found - config.members.begin());
}

std::string names_of(const CoterieConfig& config, const MemberSet& set) {
  std::string text = "{";
  for (const Place place : set) {
    if (text.size() > 1) text += ", ";
    text += place < config.members.size() ? config.members[place].id.text() : arbiter_id().text();
  }
  return text + "}";
}

void check_members(const CoterieConfig& config, std::vector<std::string>& found) {
  if (config.members.empty()) found.push_back("there are no members");
  if (config.members.size() > members_max) {
    found.push_back(std::to_string(config.members.size()) + " members; views hold at most " +
                    std::to_string(members_max));
  }
  std::set<NodeId> seen;
  for (const MemberConfig& member : config.members) {
    if (!seen.insert(member.id).second) found.push_back("member " + member.id.text() + " is named twice");
    if (member.weight == 0 || member.weight > weight_max) {
      found.push_back("member " + member.id.text() + " has weight " + std::to_string(member.weight) +
                      "; weights lie between 1 and 1000000");
    }
  }
}

void check_unused(const CoterieConfig& config, std::vector<std::string>& found) {
  const std::string strategy{to_string(config.strategy)};
  const bool weighted = std::any_of(config.members.begin(), config.members.end(),
                                    [](const MemberConfig& member) { return member.weight != 1; });
  if (weighted && config.strategy != Strategy::keep_majority) {
    found.push_back("weights mean nothing with strategy " + strategy + ", only with keep_majority");
  }
  if (config.quorum != 0 && config.strategy != Strategy::static_quorum) {
    found.push_back("a quorum of " + std::to_string(config.quorum) + " means nothing with strategy " + strategy +
                    ", only with static_quorum");
  }
  if (!config.referee.empty() && config.strategy != Strategy::referee) {
    found.push_back("a referee means nothing with strategy " + strategy + ", only with referee");
  }
  if (!config.role.empty() && (config.strategy == Strategy::arbiter || config.strategy == Strategy::none)) {
    found.push_back("a voting role means nothing with strategy " + strategy + ": no member votes");
  }
}

void check_quorum(const CoterieConfig& config, const MemberSet& voters, std::vector<std::string>& found) {
  const std::size_t n = voters.size();
  const std::size_t k = config.quorum;
  if (k == 0) {
    found.push_back("strategy static_quorum needs `quorum`, more than half of the " + std::to_string(n) + " voters");
  } else if (k > n) {
    found.push_back("a quorum of " + std::to_string(k) + " out of " + std::to_string(n) + " voters can never be met");
  } else if (2 * k <= n) {
    MemberSet one;
    MemberSet other;
    for (const Place place : voters) (one.size() < k ? one : other).add(place);
    while (other.size() > k) other.remove(*other.begin());
    found.push_back("a quorum of " + std::to_string(k) + " out of " + std::to_string(n) +
                    " voters lets two sides serve at once, for example " + names_of(config, one) + " and " +
                    names_of(config, other) + "; it takes " + std::to_string(n / 2 + 1));
  }
}

}  // namespace

std::vector<std::string> Coterie::problems(const CoterieConfig& config) {
  std::vector<std::string> found;
  check_members(config, found);
  check_unused(config, found);
  if (config.strategy == Strategy::none) return found;
  const MemberSet voters = config.members.size() <= members_max ? voters_of(config) : MemberSet{};
  if (voters.empty() && !config.members.empty() && config.members.size() <= members_max) {
    found.push_back("no member has the voting role " + config.role);
  }
  if (voters.size() > voters_max) {
    found.push_back(std::to_string(voters.size()) + " voters; at most " + std::to_string(voters_max) +
                    " may vote: name a role whose members do");
  }
  if (config.strategy == Strategy::static_quorum) check_quorum(config, voters, found);
  if (config.strategy == Strategy::referee) {
    const std::optional<Place> referee = find(config, config.referee);
    if (config.referee.empty()) {
      found.push_back("strategy referee needs `referee`, the name of a member");
    } else if (!referee) {
      found.push_back("the referee " + config.referee.text() + " is not a member");
    } else if (!voters.has(*referee)) {
      found.push_back("the referee " + config.referee.text() + " has not the voting role " + config.role);
    }
  }
  return found;
}

std::vector<std::string> Coterie::warnings(const CoterieConfig& config, bool durable) {
  std::vector<std::string> found;
  if (config.strategy == Strategy::none || !problems(config).empty()) return found;
  const Coterie coterie{config};
  const MemberSet needed = coterie.indispensable();
  if (config.strategy == Strategy::arbiter || needed.empty()) return found;
  found.push_back("nobody serves without " + coterie.names(needed));
  if (!durable) {
    found.push_back("without a state_dir " + coterie.names(needed) +
                    " forgets its vote when it restarts, and then needs every member's answer before anybody serves");
  }
  return found;
}

Coterie::Coterie(CoterieConfig config) : config_(std::move(config)), voters_(voters_of(config_)) {
  HAWSER_ASSERT(problems(config_).empty(), "a coterie is made of a configuration without problems");
  for (const MemberConfig& member : config_.members) weights_.push_back(member.weight);
  for (const Place place : voters_) weight_total_ += place < weights_.size() ? weights_[place] : 1;
  chosen_ = *voters_.begin();
  if (config_.strategy == Strategy::referee) chosen_ = *place_of(config_.referee);
}

const NodeId& Coterie::id(Place place) const {
  HAWSER_ASSERT(place < config_.members.size() || place == arbiter(), "a place of a member or the arbiter");
  return place < config_.members.size() ? config_.members[place].id : arbiter_id();
}

std::optional<Place> Coterie::place_of(const NodeId& id) const noexcept { return find(config_, id); }

std::optional<Place> Coterie::arbiter() const noexcept {
  if (config_.strategy != Strategy::arbiter) return std::nullopt;
  return static_cast<Place>(config_.members.size());
}

bool Coterie::quorum(const MemberSet& set) const noexcept {
  const MemberSet votes = set & voters_;
  if (votes.empty()) return false;
  const bool chosen = votes.has(chosen_);
  switch (config_.strategy) {
    case Strategy::none:
      return true;
    case Strategy::keep_majority: {
      std::uint64_t weight = 0;
      for (const Place place : votes) weight += weights_[place];
      if (flawed(Flaw::quorum_of_half)) return 2 * weight >= weight_total_;
      return 2 * weight > weight_total_ || (2 * weight == weight_total_ && chosen);
    }
    case Strategy::static_quorum:
      return votes.size() >= config_.quorum;
    case Strategy::keep_oldest:
      if (voters_.size() <= 2) return chosen;
      return chosen ? votes.size() >= 2 : votes.size() + 1 == voters_.size();
    case Strategy::referee:
    case Strategy::arbiter:
      return chosen;
  }
  return false;
}

MemberSet Coterie::indispensable() const noexcept {
  MemberSet needed;
  for (const Place place : voters_) {
    if (!quorum(voters_.without(place))) needed.add(place);
  }
  return needed;
}

std::string Coterie::names(const MemberSet& set) const { return names_of(config_, set); }

std::string Coterie::canonical() const {
  std::string text = "strategy " + std::string{to_string(config_.strategy)} + "\nquorum " +
                     std::to_string(config_.quorum) + "\nreferee " + config_.referee.text() + "\nrole " + config_.role +
                     "\n";
  for (const MemberConfig& member : config_.members) {
    text += "member " + member.id.text() + ' ' + std::to_string(member.weight) + ' ' + member.role + "\n";
  }
  return text;
}

}  // namespace hawser
