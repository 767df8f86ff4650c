// `hawser resolve`: who serves and who is isolated when a cluster is cut in a given way, when, and why.
//
// The shipped isolation cores are played over the cut on virtual time; nothing is decided here.
#pragma once

#include <string>
#include <vector>

namespace hawser::tools {

struct ResolveOptions {
  std::string members;                  // a file, TOML or JSON
  std::string input;                    // a JSON file with all of it; - is the standard input
  std::vector<std::string> strategies;  // empty: what the files say, or all that fit
  std::string quorum;
  std::string referee;
  std::string role;
  std::string cut;
  std::string links;
  std::string down;
  std::string heartbeat;
  std::string lease;
  std::string stable_after;
  std::string detection;
  std::string event;  // recorded changes to decide again; then nothing else but json counts
  bool all_cuts = false;
  bool json = false;
};

// Exit codes: 0 somebody serves under every strategy, 1 nobody serves under one of them, 2 wrong input.
int resolve(const ResolveOptions& options);

}  // namespace hawser::tools
