// `hawser why`: the chain of causes behind the state of one node, told as a story from what the API says.
//
// Who doubts it, since when, on what evidence; what is done about it and when; what happened before; what a person can
// do. Pure: answers in, steps out.
#pragma once

#include "inspect_ask.hpp"

#include <string>
#include <vector>

namespace hawser::tools {

// What was asked for a story, each from the same endpoints in the same order.
struct StoryMaterial {
  std::vector<Answer> status;
  std::vector<Answer> peers;
  std::vector<Answer> channels;  // all, or those to the node in question
  std::vector<Answer> events;
};

struct StoryStep {
  std::string
      what;         // verdict, cause, evidence, others, breaker, channels, connection, messages, before, itself, remedy
  std::string who;  // the node whose word it is
  std::string text;   // a sentence
  std::string level;  // good, warn, bad, or empty
};

// Empty when nobody who answered knows of such a node.
std::vector<StoryStep> tell_story(const StoryMaterial& material, const std::string& id);

}  // namespace hawser::tools
