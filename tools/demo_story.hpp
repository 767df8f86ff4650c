// The demo's plot: what is done to the nodes, and what must then be seen of them.
//
// Pure: time and sights come in, acts and sentences go out, so that one story runs over real processes and over
// simulated hosts. A step that is not seen in time ends the story as failed, and is named.
#pragma once

#include "demo_stage.hpp"
#include <hawser/base/time.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace hawser::tools {

enum class ActKind : unsigned char { none, pause, resume, kill, restart, cut, heal, stop_all };

struct Act {
  ActKind kind = ActKind::none;
  std::string node;
  std::vector<std::string> side{};  // cut: these from all others; heal: these come back
};

struct Note {
  enum class Tone : unsigned char { act, seen, missed };
  Duration at{0};  // since the story began
  Tone tone = Tone::act;
  std::string text;
};

struct StepResult {
  std::string title;
  bool observed = false;
  Duration at{0};
  std::string text;
};

struct StoryPlan {
  std::vector<std::string> nodes;  // 3 or more; the last two have a hard time
  double pace = 1.0;               // stretches the moments in which there is something to look at
  bool partition = false;          // instead of that, a minority of them is cut off
};

class Story {
 public:
  explicit Story(const StoryPlan& plan);

  struct Turn {
    Act act;
    std::vector<Note> notes;
  };
  // Call often; carry out the act before the next call.
  Turn advance(Duration now, Stage& stage);

  bool over() const noexcept { return failed_ || current_ == steps_.size(); }
  bool succeeded() const noexcept { return !failed_ && current_ == steps_.size(); }
  const std::vector<StepResult>& results() const noexcept { return results_; }
  std::size_t steps() const noexcept { return steps_.size(); }
  // What is waited for now.
  std::string waiting_for() const;

 private:
  struct Step {
    std::string title;
    Act act;
    std::string announcement;
    Duration within{0};
    Duration linger{0};
    // What there is to say once it is seen; empty until then.
    std::function<std::string(const Stage&)> seen;
  };
  // How the nodes that the step is about are, and how the others see them: for a step that is missed.
  std::string seen_instead(const Stage& stage) const;

  void opening();
  void paused_node(const std::string& node);
  void recovery(const std::string& node);
  void killed_node(const std::string& node);
  void restarted_node(const std::string& node);
  void cut_minority(const std::vector<std::string>& majority, const std::vector<std::string>& minority);
  void healed(const std::vector<std::string>& minority);
  void ending();

  StoryPlan plan_;
  std::vector<Step> steps_;
  std::vector<StepResult> results_;
  std::size_t current_ = 0;
  std::vector<std::string> about_;  // whom the last act was done to; none before the first: all
  bool begun_ = false;
  bool observed_ = false;
  bool failed_ = false;
  Duration deadline_{0};
  Duration linger_until_{0};
};

}  // namespace hawser::tools
