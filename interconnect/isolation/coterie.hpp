// A coterie: which sets of voters are quorums, such that any two of them share a voter. All of safety rests on that.
//
// Built from the configured members in their order, which is seniority, dead or alive. A family with two disjoint
// quorums is refused, with both named. With a role, only its members vote; the others may be in views all the same. The
// arbiter is a voter outside the list: it has the place after the last member. The empty set is never a quorum.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/interconnect/isolation/member_set.hpp>
#include <hawser/interconnect/isolation/strategy.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hawser {

struct MemberConfig {
  NodeId id;
  std::uint32_t weight = 1;  // with keep_majority; 1 .. 1 000 000
  std::string role;          // empty: none
};

struct CoterieConfig {
  Strategy strategy = Strategy::none;
  std::vector<MemberConfig> members;  // all of them, by seniority, the same list on every node; 1 .. members_max
  std::uint32_t quorum = 0;           // static_quorum: k
  NodeId referee;                     // referee: who
  std::string role;                   // empty: everybody votes; otherwise only members of this role
};

class Coterie {
 public:
  // Every reason why the configuration makes no coterie, one sentence each; empty when it does.
  static std::vector<std::string> problems(const CoterieConfig& config);
  // What is allowed and probably not meant. `durable`: this cluster's nodes keep their votes on disk.
  static std::vector<std::string> warnings(const CoterieConfig& config, bool durable);

  // REQUIRES: problems(config) is empty.
  explicit Coterie(CoterieConfig config);

  Strategy strategy() const noexcept { return config_.strategy; }
  std::size_t members() const noexcept { return config_.members.size(); }
  // Of members, and of the arbiter where there is one: what tables, pulses and stored votes are sized by.
  std::size_t places() const noexcept { return members() + (strategy() == Strategy::arbiter ? 1 : 0); }
  const NodeId& id(Place place) const;  // REQUIRES: a member's place, or the arbiter's
  std::optional<Place> place_of(const NodeId& id) const noexcept;
  // Who votes: members, or the arbiter alone.
  const MemberSet& voters() const noexcept { return voters_; }
  // Only with the strategy of that name.
  std::optional<Place> arbiter() const noexcept;
  // Whether these (others than voters count for nothing) form a quorum.
  bool quorum(const MemberSet& set) const noexcept;
  // Voters without whom there is no quorum: after losing their memory they need everybody's answer.
  MemberSet indispensable() const noexcept;
  // `{n1, n3}`.
  std::string names(const MemberSet& set) const;
  // All that must be equal on every node, one line per value, for the digest in the hello.
  std::string canonical() const;

 private:
  CoterieConfig config_;
  MemberSet voters_;
  std::uint64_t weight_total_ = 0;
  std::vector<std::uint32_t> weights_;
  Place chosen_ = 0;  // the first voter, or the referee, or the arbiter
};

// Two disjoint quorums of a family over the voters `all` (at most 20 are searched), or nothing. For the checks above
// and for tests: `is_quorum` says whether a set counts.
template <typename IsQuorum>
std::optional<std::pair<MemberSet, MemberSet>> disjoint_quorums(const MemberSet& all, IsQuorum&& is_quorum) {
  std::vector<Place> places;
  for (const Place place : all) places.push_back(place);
  for (std::uint32_t bits = 0; places.size() <= 20 && bits < (std::uint32_t{1} << places.size()); ++bits) {
    MemberSet one;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if ((bits >> i & 1) != 0) one.add(places[i]);
    }
    // The largest set that shares nothing with it is enough: supersets of quorums are quorums.
    if (is_quorum(one) && is_quorum(all - one)) return std::pair{one, all - one};
  }
  return std::nullopt;
}

}  // namespace hawser
