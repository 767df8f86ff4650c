#include "resolve_why.hpp"

#include <cstdint>

namespace hawser::tools {
namespace {

std::uint64_t weight_of(const CoterieConfig& config, const MemberSet& set) {
  std::uint64_t weight = 0;
  for (const Place place : set) weight += config.members[place].weight;
  return weight;
}

std::string half_in_words(const CoterieConfig& config, const Coterie& coterie, const MemberSet& votes) {
  const std::uint64_t have = weight_of(config, votes);
  const std::uint64_t all = weight_of(config, coterie.voters());
  const std::string& first = coterie.id(*coterie.voters().begin()).text();
  std::string text = std::to_string(have) + " of " + std::to_string(all) + " votes";
  if (2 * have != all) return text + ", it takes " + std::to_string(all / 2 + 1);
  return text + ", exactly half, " + (votes.has(*coterie.voters().begin()) ? "with " : "without ") + first +
         ", who decides then";
}

std::string oldest_in_words(const Coterie& coterie, const MemberSet& votes) {
  const Place oldest = *coterie.voters().begin();
  const std::string& name = coterie.id(oldest).text();
  if (coterie.voters().size() <= 2) return (votes.has(oldest) ? "with " : "without ") + name + ", who decides alone";
  if (votes.has(oldest)) return name + ", the oldest, " + (votes.size() > 1 ? "with another voter" : "alone");
  const MemberSet missing = coterie.voters().without(oldest) - votes;
  return "without " + name + ", the oldest, it takes all the others" +
         (missing.empty() ? ", and they are there" : ", and " + coterie.names(missing) + " cannot be reached");
}

std::string view_in_words(const Coterie& coterie, const View& view) {
  return std::to_string(view.epoch.counter) + " " + coterie.names(view.places());
}

}  // namespace

std::string votes_in_words(const CoterieConfig& config, const MemberSet& votes) {
  const Coterie coterie{config};
  switch (config.strategy) {
    case Strategy::keep_majority:
      return half_in_words(config, coterie, votes);
    case Strategy::static_quorum:
      return std::to_string(votes.size()) + " of " + std::to_string(coterie.voters().size()) + " voters, it takes " +
             std::to_string(config.quorum);
    case Strategy::keep_oldest:
      return oldest_in_words(coterie, votes);
    case Strategy::referee: {
      const auto referee = coterie.place_of(config.referee);
      return (votes.has(*referee) ? "with the referee " : "without the referee ") + config.referee.text();
    }
    case Strategy::none:
    case Strategy::arbiter:
      break;
  }
  return "nobody votes";
}

std::string quorum_in_words(const CoterieConfig& config) {
  const Coterie coterie{config};
  const std::string first = coterie.id(*coterie.voters().begin()).text();
  switch (config.strategy) {
    case Strategy::keep_majority:
      return "more than half of " + std::to_string(weight_of(config, coterie.voters())) +
             " votes, or exactly half with " + first;
    case Strategy::static_quorum:
      return std::to_string(config.quorum) + " of " + std::to_string(coterie.voters().size()) + " voters";
    case Strategy::keep_oldest:
      return coterie.voters().size() <= 2 ? "whatever holds " + first
                                          : first + " with another voter, or all voters but " + first;
    case Strategy::referee:
      return "whatever holds " + config.referee.text();
    case Strategy::none:
    case Strategy::arbiter:
      break;
  }
  return "everybody always serves, on both sides of a cut as well";
}

std::string why(const CoterieConfig& config, const ResolveOutcome& outcome, Place place) {
  const Coterie coterie{config};
  const ResolveMember& member = outcome.members[place];
  if (member.down) return "it is down";
  if (config.strategy == Strategy::none) return "without a strategy every node always serves, whomever it reaches";
  const std::string votes = coterie.names(member.votes) + ": " + votes_in_words(config, member.votes);
  if (member.serving) {
    return "the voters it is linked with, itself included, are a quorum (" + votes + "), and it is in the view " +
           view_in_words(coterie, member.view) + ", which a quorum granted";
  }
  const std::string says = member.detail.empty() ? "" : "; its own word: " + member.detail;
  if (!member.quorum) {
    return "the voters it is linked with, itself included, are no quorum (" + votes + ")" + says;
  }
  const MemberSet serving = outcome.serving();
  const MemberSet missed = serving - member.links;
  if (serving.empty() || missed.empty()) return "it is linked with a quorum (" + votes + ")" + says;
  return "it is linked with a quorum (" + votes + "), but not with " + coterie.names(missed) +
         " of those who serve: all of a view are linked with all, and their group is the larger one, or as large with "
         "the more senior member" +
         says;
}

}  // namespace hawser::tools
