// What evidence decides: the same answer offline, from the evidence alone, that the node gave at the time.
//
// Nothing here is state: who supported which view on heartbeats sent when, what was granted, what the table says. Pure.
#pragma once

#include <hawser/interconnect/isolation/coterie.hpp>
#include <hawser/interconnect/isolation/evidence.hpp>
#include <hawser/interconnect/isolation/settings.hpp>

namespace hawser {

struct Decision {
  MemberSet supporters;  // whose answers count for the view it acts in, on heartbeats younger than the lease
  bool quorum = false;   // whether they are one
  Instant until{};       // when that ends unless more answers come; Instant::min() without a quorum
  Stance stance = Stance::joining;
  bool continues = false;  // nothing can have been granted without it between the view before and this one
  MemberSet wish;          // the view that the table makes it want
};

// REQUIRES: the table has as many places as the coterie.
Decision decide(const Coterie& coterie, const IsolationSettings& settings, const Evidence& evidence);
// Whether every other member of `view` has left older ones, by the table.
bool has_settled(const Evidence& evidence, const View& view);

}  // namespace hawser
