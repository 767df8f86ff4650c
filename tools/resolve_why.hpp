// Why a member serves or does not, in sentences, and what its votes amount to under a strategy.
#pragma once

#include "resolve_run.hpp"

#include <string>

namespace hawser::tools {

// `3 of 5 votes; it takes 3`.
std::string votes_in_words(const CoterieConfig& config, const MemberSet& votes);
// What makes a quorum: `more than half of 5 votes`.
std::string quorum_in_words(const CoterieConfig& config);
std::string why(const CoterieConfig& config, const ResolveOutcome& outcome, Place place);

}  // namespace hawser::tools
