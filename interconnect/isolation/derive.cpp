#include <hawser/interconnect/isolation/derive.hpp>

#include <algorithm>
#include <vector>

namespace hawser {
namespace {

// Branch and bound for the largest clique. Taking the senior candidate before leaving it visits cliques in the order in
// which ties are to be broken, so the first of the largest size is the answer. The bound is a greedy colouring: members
// of one colour are pairwise unlinked, so at most one of each colour can be in.
class CliqueSearch {
 public:
  CliqueSearch(const MemberTable& table, const MemberSet& candidates) : links_(table.places()) {
    for (const Place place : candidates) links_[place] = table.links_of(place) & candidates;
    search(MemberSet{}, 0, candidates);
  }
  const MemberSet& best() const noexcept { return best_; }

 private:
  void search(const MemberSet& taken, std::size_t size, MemberSet candidates) {
    if (size > best_size_) {
      best_ = taken;
      best_size_ = size;
    }
    while (!candidates.empty() && steps_ < derive_steps_max) {
      ++steps_;
      if (size + colours(candidates, best_size_ - size + 1) <= best_size_) return;
      const auto next = static_cast<Place>(candidates.senior());
      search(taken.with(next), size + 1, candidates & links_[next]);
      candidates.remove(next);
    }
  }

  // How many colours a greedy colouring needs; stops counting at `enough`.
  std::size_t colours(MemberSet left, std::size_t enough) const {
    std::size_t count = 0;
    while (!left.empty() && count < enough) {
      ++count;
      for (MemberSet class_of_one = left; !class_of_one.empty();) {
        const auto place = static_cast<Place>(class_of_one.senior());
        left.remove(place);
        class_of_one.remove(place);
        class_of_one = class_of_one - links_[place];
      }
    }
    return count;
  }

  std::vector<MemberSet> links_;
  MemberSet best_;
  std::size_t best_size_ = 0;
  std::uint32_t steps_ = 0;
};

}  // namespace

bool sees_quorum(const MemberTable& table, const Coterie& coterie, Place member) {
  return coterie.quorum(table.votes_seen(member, coterie.voters()));
}

MemberSet derive(const MemberTable& table, const Coterie& coterie) {
  MemberSet candidates;
  for (const MemberRow& row : table.rows()) {
    if (row.place >= coterie.members() || !row.known() || row.leaving) continue;
    if (sees_quorum(table, coterie, row.place)) candidates.add(row.place);
  }
  return CliqueSearch{table, candidates}.best();
}

bool drops_the_healthy(const MemberTable& table, const Coterie& coterie, const View& grant, const View& proposed) {
  const MemberSet wanted = proposed.places();
  return std::any_of(grant.members.begin(), grant.members.end(), [&](const ViewMember& member) {
    if (wanted.has(member.place) || table.row(member.place).leaving) return false;
    return table.links_of(member.place).contains(wanted) && sees_quorum(table, coterie, member.place);
  });
}

}  // namespace hawser
