// Answers as tables for people and as JSON for programs.
#pragma once

#include "inspect_cost.hpp"
#include "part_costs.hpp"
#include "peer_crowd.hpp"
#include "question.hpp"
#include "sim_speed.hpp"

#include <string>
#include <vector>

namespace hawser::bench {

std::string machine_text();
// As people write it, with so many decimals.
std::string number(double value, int decimals);
// Columns under each other: the first to the left, all others to the right. The first line is the header.
std::string lay_out(const std::vector<std::vector<std::string>>& lines);
std::string to_table(const Answer& answer, const Settings& settings);
std::string to_table(const Parts& parts);
// Every single figure, not only the summary. Null: that was not asked.
std::string to_json(const std::vector<Answer>& answers, const Parts& parts, const SimAnswer* simulator,
                    const InspectAnswer* inspect, const PeersAnswer* peers, const Settings& settings);

}  // namespace hawser::bench
