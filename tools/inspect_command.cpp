#include "inspect_command.hpp"

#include "exit_code.hpp"
#include "inspect_fields.hpp"
#include "inspect_follow.hpp"
#include "inspect_merge.hpp"
#include "inspect_show.hpp"
#include "inspect_story.hpp"
#include "inspect_watch.hpp"
#include "terminal.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace hawser::tools {
namespace {

using nlohmann::json;

// All that was asked for one look: by target, then by endpoint.
using Asked = std::vector<std::vector<Answer>>;

std::vector<std::string> targets_of(InspectView view, const InspectOptions& options, const InspectWanted& wanted) {
  const std::string peer = options.peer.empty() ? "" : "?peer=" + options.peer;
  switch (view) {
    case InspectView::status:
      return {"/api/v1/status"};
    case InspectView::peers:
      return {"/api/v1/peers" + peer};
    case InspectView::channels:
      return {"/api/v1/channels" + peer};
    case InspectView::events:
      return {"/api/v1/events?since=" + std::to_string(wanted.since_number)};
    case InspectView::members:
      return {"/api/v1/status", "/api/v1/peers"};
    case InspectView::matrix:
      return {"/api/v1/matrix"};
    case InspectView::why:
      return {"/api/v1/peers", "/api/v1/status", "/api/v1/channels", "/api/v1/events"};
  }
  return {};
}

std::vector<std::string> disputes(InspectView view, const Asked& asked) {
  switch (view) {
    case InspectView::status:
      return status_disputes(asked[0]);
    case InspectView::peers:
      return peer_disputes(asked[0]);
    case InspectView::members: {
      std::vector<std::string> all = status_disputes(asked[0]);
      for (std::string& each : peer_disputes(asked[1])) all.push_back(std::move(each));
      return all;
    }
    default:
      return {};
  }
}

std::vector<StoryStep> story_of(const Asked& asked, const std::string& id) {
  return tell_story({asked[1], asked[0], asked[2], asked[3]}, id);
}

Lines story_lines(const Asked& asked, const std::string& id, const Terminal& terminal) {
  Lines lines;
  for (const StoryStep& step : story_of(asked, id)) {
    const Style style = step.level == "good"   ? Style::good
                        : step.level == "bad"  ? Style::bad
                        : step.level == "warn" ? Style::warn
                                               : Style::plain;
    if (step.what == "verdict" && !lines.empty()) lines.emplace_back();
    const std::string label = step.what == "verdict" ? "" : pad(step.what, 12);
    const std::size_t width = std::max<std::size_t>(terminal.is_terminal() ? terminal.width() : 120, 40);
    bool first = true;
    for (const std::string& line : wrap(step.text, width - label.size())) {
      lines.push_back((first ? label : std::string(label.size(), ' ')) +
                      terminal.styled(line, step.what == "verdict" ? style
                                            : style == Style::good ? Style::plain
                                                                   : style));
      first = false;
    }
  }
  return lines;
}

Lines shown(InspectView view, const InspectOptions& options, const InspectWanted& wanted, const Asked& asked,
            const Terminal& terminal) {
  switch (view) {
    case InspectView::status:
      return status_lines(asked[0], terminal);
    case InspectView::peers:
      return options.peer.empty() ? peers_lines(asked[0], terminal) : peer_lines(asked[0], options.peer, terminal);
    case InspectView::channels:
      return channels_lines(asked[0], terminal);
    case InspectView::events:
      return events_lines(asked[0], wanted.since_age.count(), terminal);
    case InspectView::members:
      return members_lines(asked[0], asked[1], terminal);
    case InspectView::matrix:
      return matrix_lines(asked[0], terminal);
    case InspectView::why:
      return story_lines(asked, options.peer, terminal);
  }
  return {};
}

// The rows that were asked for, and the fields of the API.
json answer_json(InspectView view, const InspectWanted& wanted, const Asked& asked, std::size_t at) {
  json said = asked[0][at].said;
  if (view == InspectView::members) {
    json out = json::object();
    for (const char* const key : {"api", "node", "cluster", "incarnation", "taken_at_us", "strategy", "epoch", "view",
                                  "view_settled", "stance", "stance_reason", "ready"}) {
      out[key] = field(said, key);
    }
    out["peers"] = rows(asked[1][at].said, "peers");
    return out;
  }
  if (view == InspectView::events && wanted.since_age > Duration::zero()) {
    json kept = json::array();
    for (const json& event : rows(said, "events")) {
      if (ago_us(said, number_at(event, "at_us")) <= wanted.since_age.count()) kept.push_back(event);
    }
    said["events"] = std::move(kept);
  }
  return said;
}

json story_json(const Asked& asked, const std::string& id) {
  json steps = json::array();
  for (const StoryStep& step : story_of(asked, id)) {
    steps.push_back({{"what", step.what}, {"node", step.who}, {"text", step.text}, {"level", step.level}});
  }
  json peers = json::array();
  for (const Answer& answer : asked[0]) {
    if (const json& row = row_of(answer.said, id); !row.is_null()) {
      peers.push_back(
          {{"node", field(answer.said, "node")}, {"taken_at_us", field(answer.said, "taken_at_us")}, {"peer", row}});
    }
  }
  return {{"api", 1}, {"id", id}, {"steps", std::move(steps)}, {"seen", std::move(peers)}};
}

std::string json_text(InspectView view, const InspectOptions& options, const InspectWanted& wanted,
                      const Asked& asked) {
  const auto line = [](const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"; };
  if (view == InspectView::why) return line(story_json(asked, options.peer));
  const bool as_it_came = asked[0].size() == 1 && asked.size() == 1 && wanted.since_age == Duration::zero();
  if (as_it_came) return asked[0][0].body;
  if (asked[0].size() == 1) return line(answer_json(view, wanted, asked, 0));
  json nodes = json::array();
  for (std::size_t at = 0; at < asked[0].size(); ++at) {
    const Answer& answer = asked[0][at];
    nodes.push_back({{"at", answer.from.text()},
                     {"problem", answer.problem},
                     {"answer", answer.fine() ? answer_json(view, wanted, asked, at) : json(nullptr)}});
  }
  return line({{"api", 1}, {"nodes", std::move(nodes)}, {"disagreements", disputes(view, asked)}});
}

int code_of(const Asked& asked) {
  int code = exit_fine;
  for (const std::vector<Answer>& answers : asked) code = std::max(code, highest_code(answers));
  return code;
}

bool nobody_answers(const Asked& asked) {
  return std::none_of(asked.begin(), asked.end(), [](const std::vector<Answer>& answers) {
    return std::any_of(answers.begin(), answers.end(), [](const Answer& answer) { return answer.fine(); });
  });
}

int complain(int code, const std::string& sentence) {
  std::fprintf(stderr, "hawser: %s\n", sentence.c_str());
  return code;
}

// What several targets had to complain about, once for each endpoint.
std::vector<Answer> worst_of(const Asked& asked) {
  std::vector<Answer> worst = asked[0];
  for (const std::vector<Answer>& answers : asked) {
    for (std::size_t at = 0; at < answers.size(); ++at) {
      if (!answers[at].fine() && worst[at].fine()) worst[at] = answers[at];
    }
  }
  return worst;
}

Frame look(InspectView view, const InspectOptions& options, const InspectWanted& wanted, const Terminal& terminal,
           int stop) {
  const Asked asked = ask_all(wanted.at, targets_of(view, options, wanted), wanted.timeout, stop);
  Frame frame;
  frame.code = code_of(asked);
  for (const Answer& answer : worst_of(asked)) {
    if (!answer.fine()) frame.problems.push_back(answer.problem);
  }
  if (nobody_answers(asked)) return frame;
  if (view == InspectView::why && story_of(asked, options.peer).empty()) {
    frame.code = std::max<int>(frame.code, exit_unhealthy);
    frame.problems.push_back("none of the nodes that answered knows '" + options.peer +
                             "': `hawser peers` lists whom they know");
    return frame;
  }
  if (options.json) {
    frame.json = json_text(view, options, wanted, asked);
    return frame;
  }
  frame.lines = shown(view, options, wanted, asked, terminal);
  if (wanted.at.size() < 2) return frame;
  for (const std::string& sentence : disputes(view, asked)) {
    frame.lines.push_back(terminal.styled("! " + sentence, Style::bad));
  }
  return frame;
}

}  // namespace

int run_inspect(InspectView view, const InspectOptions& options, std::FILE* out) {
  InspectWanted wanted;
  if (const auto problem = understand(options, wanted)) return complain(exit_usage, *problem);
  if (view == InspectView::events && options.follow) return follow_events(options, wanted, out);
  const auto take = [&](const Terminal& terminal, int stop) { return look(view, options, wanted, terminal, stop); };
  if (options.watch) return watch(take, options, wanted, out);
  Terminal terminal{out};
  const Frame frame = take(terminal, -1);
  for (const std::string& problem : frame.problems) complain(frame.code, problem);
  std::fwrite(frame.json.data(), 1, frame.json.size(), out);
  for (const std::string& line : frame.lines) terminal.line(line);
  return frame.code;
}

int run_check(const InspectOptions& options, std::FILE* out) {
  InspectWanted wanted;
  if (const auto problem = understand(options, wanted)) return complain(exit_usage, *problem);
  const std::vector<Answer> answers = ask_all(wanted.at, "/readyz", wanted.timeout);
  const int code = highest_code(answers);
  std::size_t ready = 0;
  std::string parts;
  for (const Answer& answer : answers) {
    ready += answer.fine() ? 1 : 0;
    std::string part;
    if (answer.status == 0) {
      complain(exit_unreachable, answer.problem);
      part = answer.from.text() + " does not answer";
    } else if (const std::string error = text_at(answer.said, "error"); !error.empty()) {
      part = error + ": " + text_at(answer.said, "message");
    } else {
      part = text_at(answer.said, "node") + " is " + text_at(answer.said, "stance") + " (" +
             text_at(answer.said, "cause") + ") for " +
             about_time(ago_us(answer.said, number_at(answer.said, "since_us")));
    }
    parts += (parts.empty() ? "" : "; ") + part;
  }
  const bool alone = answers.size() == 1;
  if (options.json && alone) {
    std::fwrite(answers[0].body.data(), 1, answers[0].body.size(), out);
  } else if (options.json) {
    json nodes = json::array();
    for (const Answer& answer : answers)
      nodes.push_back(
          {{"at", answer.from.text()}, {"problem", answer.fine() ? "" : answer.problem}, {"answer", answer.said}});
    std::fprintf(out, "%s\n",
                 json{{"api", 1}, {"ready", code == exit_fine}, {"nodes", nodes}}
                     .dump(-1, ' ', false, json::error_handler_t::replace)
                     .c_str());
  } else if (!alone || answers[0].status != 0) {
    const std::string count = alone ? "" : " " + std::to_string(ready) + " of " + std::to_string(answers.size()) + ":";
    std::fprintf(out, "%s%s %s\n", code == exit_fine ? "READY" : "NOT READY", count.c_str(), parts.c_str());
  }
  return code;
}

}  // namespace hawser::tools
