// Answers as tables for people and as JSON for programs.
#pragma once

#include "question.hpp"

#include <string>
#include <vector>

namespace hawser::bench {

std::string machine_text();
std::string to_table(const Answer& answer, const Settings& settings);
// Every single figure, not only the summary.
std::string to_json(const std::vector<Answer>& answers, const Settings& settings);

}  // namespace hawser::bench
