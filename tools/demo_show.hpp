// How the demo looks: a live table of who sees whom and what became of the messages, sentences, and the books at the
// end.
#pragma once

#include "demo_stage.hpp"
#include "demo_story.hpp"
#include <hawser/base/time.hpp>
#include "terminal.hpp"

#include <string>
#include <utility>
#include <vector>

namespace hawser::tools {

// `12.3s  n4 is unreachable ...`, coloured by what it is.
std::string note_line(const Note& note, const Terminal& terminal);

// One row per node: how it lives, whether it may act, how it sees each other node, and how its messages ended.
std::vector<std::string> demo_frame(const Stage& stage, const Story& story, Duration now, const Terminal& terminal);

// The ledger of every node and of the whole, and what was lost with those that were killed.
std::vector<std::string> demo_books(const Stage& stage, const Terminal& terminal);

// One machine-readable object. `extra` names what only one of the stages knows, such as the seed.
std::string demo_json(const Stage& stage, const Story& story,
                      const std::vector<std::pair<std::string, std::string>>& extra);

}  // namespace hawser::tools
