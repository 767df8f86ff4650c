// What the two stages of the demo share: its settings, its traffic, and the telling of the story.
#pragma once

#include "demo_stage.hpp"
#include "demo_story.hpp"
#include <hawser/base/time.hpp>
#include <hawser/interconnect/config.hpp>
#include "service.hpp"
#include "terminal.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace hawser::tools {

struct DemoOptions {
  std::size_t nodes = 5;   // 3..9
  double seconds = 30;     // about how long, 15..600; half of it is waiting for what takes its time
  bool json = false;       // one object at the end instead of the telling
  bool partition = false;  // the story of a network that is cut, instead of that of a node frozen and one killed
  std::uint64_t seed = 1;  // of the simulated demo
};

// Where the nodes are.
class Theatre {
 public:
  // Carries out what the story wants.
  virtual void act(const Act& act, Stage& stage) = 0;
  // Lets a moment pass and hands what was seen meanwhile to the stage.
  virtual void wait(Duration moment, Stage& stage) = 0;
  virtual Duration now() const = 0;  // since the beginning
  // Why the show cannot go on; empty while it can.
  virtual std::string trouble() const = 0;

 protected:
  ~Theatre() = default;
};

std::vector<std::string> demo_nodes(const DemoOptions& options);
StoryPlan demo_plan(const DemoOptions& options);
// Short times, so that half a minute is enough. Endpoints are the caller's to add.
Config demo_config(const std::string& id);
std::vector<std::string> demo_settings(const Config& config, const Traffic& traffic);
Traffic demo_traffic();

// Tells the story to the end. True when every step was seen. `live`: redraw the table.
bool play(Theatre& theatre, Story& story, Stage& stage, Terminal& terminal, bool quiet, bool live);

}  // namespace hawser::tools
