// A configuration written out: as a file one can start from, and as a page one can read.
#pragma once

#include <hawser/interconnect/config.hpp>
#include "terminal.hpp"

#include <string>
#include <vector>

namespace hawser::tools {

// A file with what `config` says in force, and every other key as a comment that gives its default.
std::string config_template(const Config& config);

// Every key with its value, unit, default, range, sentence and cost. `config` null: the defaults alone.
std::vector<std::string> config_page(const Config* config, const Terminal& terminal);

}  // namespace hawser::tools
