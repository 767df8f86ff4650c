// "Did you mean ...?": the known name closest to what somebody wrote.
#pragma once

#include <span>
#include <string_view>

namespace hawser {

// The candidate with the fewest edits (insert, delete, replace, swap of neighbours) from `wrong`, the earliest of as
// close ones; empty when even that one differs in more than a third of its characters, since then it is no help.
std::string_view nearest_name(std::string_view wrong, std::span<const std::string_view> candidates);

}  // namespace hawser
