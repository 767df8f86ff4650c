// What is broken between members: whose messages to whom are lost, and who is down.
//
// Written as a cut into sides (`n1,n2|n3`) and as lost directions and links (`n1>n3, n2-n4`).
#pragma once

#include <hawser/interconnect/isolation/coterie.hpp>
#include <hawser/interconnect/isolation/member_set.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::tools {

class Damage {
 public:
  explicit Damage(std::size_t members) : lost_(members) {}

  std::size_t members() const noexcept { return lost_.size(); }
  void lose(Place from, Place to) { lost_[from].add(to); }
  void lose_both(Place a, Place b) {
    lose(a, b);
    lose(b, a);
  }
  void down(Place place) { down_.add(place); }
  // Nothing passes between `side` and the others.
  void cut_off(const MemberSet& side);

  const MemberSet& down() const noexcept { return down_; }
  bool lives(Place place) const noexcept { return !down_.has(place); }
  // Whether the messages of one reach the other.
  bool passes(Place from, Place to) const noexcept {
    return from != to && lives(from) && lives(to) && !lost_[from].has(to);
  }
  // Both ways, which is what a link is.
  bool linked(Place a, Place b) const noexcept { return passes(a, b) && passes(b, a); }
  MemberSet links_of(Place place) const;

 private:
  std::vector<MemberSet> lost_;
  MemberSet down_;
};

// Sides are parted by |, members by commas; every member is on one side. Empty: no cut. Nothing is changed when
// `problem` is set, which says at which character, and what would be right.
void read_cut(std::string_view text, const std::vector<MemberConfig>& members, Damage& damage, std::string& problem);
// `a>b`: what a sends to b is lost; `a-b`: both directions are. Ids may hold a `-`: the known names decide.
void read_links(std::string_view text, const std::vector<MemberConfig>& members, Damage& damage, std::string& problem);
// Members by commas.
void read_down(std::string_view text, const std::vector<MemberConfig>& members, Damage& damage, std::string& problem);

}  // namespace hawser::tools
