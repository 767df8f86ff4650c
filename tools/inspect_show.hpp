// What nodes' admin endpoints said, for people: lines and tables from the API's JSON.
//
// One node is shown at length, several side by side. Who did not answer is a line of its own, never left out.
#pragma once

#include "inspect_ask.hpp"
#include "terminal.hpp"

#include <string>
#include <vector>

namespace hawser::tools {

using Lines = std::vector<std::string>;

Lines status_lines(const std::vector<Answer>& answers, const Terminal& terminal);
Lines peers_lines(const std::vector<Answer>& answers, const Terminal& terminal);
// One peer with everything that is known of it.
Lines peer_lines(const std::vector<Answer>& answers, const std::string& id, const Terminal& terminal);
Lines channels_lines(const std::vector<Answer>& answers, const Terminal& terminal);
// `since_us`: those at most that old; 0: all.
Lines events_lines(const std::vector<Answer>& answers, std::int64_t since_us, const Terminal& terminal);
// `status` and `peers`: answers of the same endpoints.
Lines members_lines(const std::vector<Answer>& status, const std::vector<Answer>& peers, const Terminal& terminal);

// Who hears whom; of /api/v1/matrix.
Lines matrix_lines(const std::vector<Answer>& answers, const Terminal& terminal);

// Who did not answer, and what to do about it.
Lines silent_lines(const std::vector<Answer>& answers, const Terminal& terminal);

Style style_of(const std::string& state);

}  // namespace hawser::tools
