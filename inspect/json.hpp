// A NodeSnapshot as JSON: what /snapshot serves, what `hawser node --snapshots` prints, what scripts read.
//
// Field names are snake_case. Durations and instants are whole microseconds and end in `_us`; an instant is on that
// node's own steady clock and means something only beside `taken_at_us`. What is not due is null. Ids of types are text
// ("0x...") and so are incarnations and epochs, since JavaScript rounds large numbers. `outcomes` and `causes` list
// what occurred: a word that is missing counts zero. Phi is always finite. Text that is no UTF-8 is repaired, never
// thrown.
#pragma once

#include <hawser/interconnect/snapshot.hpp>

#include <string>

namespace hawser {

enum class JsonStyle : unsigned char { line, pretty };

std::string to_json(const NodeSnapshot& snapshot, JsonStyle style = JsonStyle::line);
std::string to_json(const Event& event, JsonStyle style = JsonStyle::line);

}  // namespace hawser
