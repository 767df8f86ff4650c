#include "demo_command.hpp"

#include "demo_processes.hpp"
#include "demo_show.hpp"
#include "demo_world.hpp"
#include "exit_code.hpp"
#include "text.hpp"

#include <algorithm>
#include <utility>

namespace hawser::tools {
namespace {

int check(const DemoOptions& options) {
  if (options.nodes < 3 || options.nodes > 9) {
    std::fprintf(stderr, "hawser: --nodes is 3 to 9: one to freeze, one to kill, and those who see it\n");
    return exit_usage;
  }
  if (!(options.seconds >= 15 && options.seconds <= 600)) {
    std::fprintf(stderr, "hawser: --seconds is 15 to 600\n");
    return exit_usage;
  }
  return exit_fine;
}

void tell_verdict(const Story& story, const Stage& stage, const std::string& trouble, const std::string& where,
                  Terminal& terminal) {
  terminal.line("");
  for (const std::string& line : demo_books(stage, terminal)) terminal.line(line);
  terminal.line("");
  if (!trouble.empty()) {
    terminal.line(terminal.styled("The demo could not go on: " + trouble + ".", Style::bad));
  } else if (story.succeeded()) {
    terminal.line(terminal.styled("Every step was seen as expected" + where + ".", Style::good));
  } else {
    terminal.line(terminal.styled("Not as expected: " + story.results().back().text + ".", Style::bad));
  }
}

}  // namespace

int demo(const DemoOptions& options) {
  if (const int wrong = check(options); wrong != exit_fine) return wrong;
  const StoryPlan plan = demo_plan(options);
  Story story{plan};
  Stage stage{plan.nodes};
  Terminal terminal;
  // Before a word is said: it may turn out that there can be no such nodes here.
  DemoProcesses processes{plan.nodes, demo_traffic(), options.partition};
  if (!options.json) {
    terminal.line(
        terminal.styled(std::to_string(plan.nodes.size()) + " nodes, each a process of its own " +
                            (options.partition ? "in a network namespace of its own, at one bridge." : "on loopback."),
                        Style::bold));
    for (const std::string& line : demo_settings(demo_config("n1"), demo_traffic())) terminal.line(line);
    terminal.line("");
  }
  const bool seen = play(processes, story, stage, terminal, options.json, !options.json);
  if (options.json) {
    terminal.line(demo_json(stage, story, {{"stage", "processes"}, {"trouble", processes.trouble()}}));
  } else {
    tell_verdict(story, stage, processes.trouble(), "", terminal);
  }
  return seen ? exit_fine : exit_unhealthy;
}

int sim_demo(const DemoOptions& options) {
  if (const int wrong = check(options); wrong != exit_fine) return wrong;
  const StoryPlan plan = demo_plan(options);
  Story story{plan};
  Stage stage{plan.nodes};
  Terminal terminal;
  const std::string seed = std::to_string(options.seed);
  if (!options.json) {
    terminal.line(
        terminal.styled(std::to_string(plan.nodes.size()) + " nodes on virtual time, seed " + seed + ".", Style::bold));
    for (const std::string& line : demo_settings(demo_config("n1"), demo_traffic())) terminal.line(line);
    terminal.line("");
  }
  DemoWorld world{plan.nodes, demo_traffic(), options.seed};
  const bool seen = play(world, story, stage, terminal, options.json, false);
  const std::string trace = hexadecimal(world.trace_hash());
  if (options.json) {
    terminal.line(demo_json(stage, story, {{"stage", "simulator"}, {"seed", seed}, {"trace_hash", trace}}));
  } else {
    tell_verdict(story, stage, {}, ", and will be for ever: seed " + seed + ", trace " + trace, terminal);
  }
  return seen ? exit_fine : exit_unhealthy;
}

}  // namespace hawser::tools
