// The view one would like, from who hears whom: pure functions of the table, the same answer everywhere.
#pragma once

#include <hawser/interconnect/isolation/coterie.hpp>
#include <hawser/interconnect/isolation/member_table.hpp>
#include <hawser/interconnect/isolation/view.hpp>

#include <cstdint>

namespace hawser {

// Limits the search for the largest group where members hear each other in a pattern made to be hard: what has been
// found by then is the answer, on every node alike. Groups of twenty need some hundred steps.
inline constexpr std::uint32_t derive_steps_max = 20'000;

// The largest set of members that are pairwise linked and of whom each is linked with a quorum of voters that remember;
// of two as large, the one with the most senior member in which they differ. Empty where there is none.
MemberSet derive(const MemberTable& table, const Coterie& coterie);

// Whether `member` is linked with a quorum of voters that remember (it counts itself, if it is one).
bool sees_quorum(const MemberTable& table, const Coterie& coterie, Place member);

// Whether going from `grant` to `proposed` would drop a member which, by this table, is linked with all of the proposed
// and with a quorum: nothing is wrong with it, and the proposer knows less than this table does.
bool drops_the_healthy(const MemberTable& table, const Coterie& coterie, const View& grant, const View& proposed);

}  // namespace hawser
