// `hawser resolve --event FILE`: changes of stance and view, one JSON object a line, decided again from their evidence.
#pragma once

#include <hawser/interconnect/isolation/coterie.hpp>
#include <hawser/interconnect/isolation/decision.hpp>
#include <hawser/interconnect/isolation/evidence.hpp>
#include <hawser/interconnect/isolation/settings.hpp>

#include <optional>
#include <string>

namespace hawser::tools {

// One recorded change: what it says happened, and what that rested on.
struct RecordedChange {
  std::string change;  // stance, entered, settled
  std::string node;
  Stance to = Stance::joining;  // of a stance
  View view;                    // of a view
  bool rejoined = false;
  CoterieConfig coterie;
  IsolationSettings settings;
  Evidence evidence;
};

// Nothing, with the sentence why, when the text is no such change.
std::optional<RecordedChange> read_change(const std::string& text, std::string& problem);

struct ReplayedChange {
  Decision decision;
  std::string said;     // what was recorded
  std::string decided;  // what the evidence decides
  bool same = false;
};
ReplayedChange replay(const RecordedChange& change);

// 0: all decided the same; 1: one did not; 2: the file is not what it should be. `file`: - is the standard input.
int resolve_event(const std::string& file, bool json);

}  // namespace hawser::tools
