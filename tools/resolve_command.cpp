#include "resolve_command.hpp"

#include "exit_code.hpp"
#include <hawser/base/quantity.hpp>
#include "json_tree.hpp"
#include "resolve_event.hpp"
#include "resolve_question.hpp"
#include "resolve_run.hpp"
#include "resolve_show.hpp"
#include "resolve_survey.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <optional>
#include <system_error>

namespace hawser::tools {
namespace {

using Sentences = std::vector<std::string>;

std::optional<std::string> text_of(const std::string& path, Sentences& wrong) {
  std::string problem;
  if (path != "-") {
    auto text = read_text_file(path, problem);
    if (!text) wrong.push_back(path + ": " + problem);
    return text;
  }
  std::string text;
  for (char c = 0; text.size() <= toml_bytes_max && std::cin.get(c);) text += c;
  return text;
}

bool looks_like_json(const std::string& path, std::string_view text) {
  if (path.ends_with(".json")) return true;
  if (path.ends_with(".toml")) return false;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  // A table of TOML begins with `[` as well, but never a file that has members in a list.
  return first != std::string_view::npos && text[first] == '{';
}

void read_file(const std::string& path, ResolveQuestion& question, Sentences& wrong) {
  const auto text = text_of(path, wrong);
  if (!text) return;
  const std::string shown = path == "-" ? "the input" : path;
  TomlProblems problems;
  const auto root = looks_like_json(path, *text) || path == "-" ? parse_json(*text, problems)
                                                                : parse_toml(*text, "list of members", problems);
  if (root) read_question(*root, shown, question, problems);
  for (std::string& line : problems.lines(shown)) wrong.push_back(std::move(line));
}

void read_duration(const char* option, const std::string& text, Duration& field, Sentences& wrong) {
  if (text.empty()) return;
  std::string problem;
  const auto value = parse_duration(text, problem);
  if (!value) wrong.push_back(std::string{option} + ": " + problem);
  if (value) field = *value;
}

void read_options(const ResolveOptions& options, ResolveQuestion& question, Sentences& wrong) {
  if (!options.strategies.empty()) question.strategies.clear();
  for (const std::string& name : options.strategies) {
    std::string problem;
    const auto strategy = read_strategy(name, problem);
    if (strategy) question.strategies.push_back(*strategy);
    if (!strategy) wrong.push_back("--strategy: " + problem);
  }
  if (!options.quorum.empty()) {
    const char* const end = options.quorum.data() + options.quorum.size();
    const auto [at, error] = std::from_chars(options.quorum.data(), end, question.quorum);
    if (error != std::errc{} || at != end || question.quorum == 0) {
      wrong.push_back("--quorum: '" + printable(options.quorum.substr(0, 40)) + "' is no number of voters");
    }
  }
  if (!options.referee.empty()) question.referee = options.referee;
  if (!options.role.empty()) question.role = options.role;
  if (!options.cut.empty()) question.cut = {options.cut, "--cut"};
  if (!options.links.empty()) question.links = {options.links, "--links"};
  if (!options.down.empty()) question.down = {options.down, "--down"};
  read_duration("--heartbeat", options.heartbeat, question.settings.heartbeat, wrong);
  read_duration("--lease", options.lease, question.settings.lease, wrong);
  read_duration("--stable-after", options.stable_after, question.settings.stable_after, wrong);
  read_duration("--detection", options.detection, question.detection, wrong);
}

int complain(const Sentences& wrong) {
  for (const std::string& sentence : wrong) std::fprintf(stderr, "hawser: %s\n", sentence.c_str());
  return exit_usage;
}

}  // namespace

int resolve(const ResolveOptions& options) {
  if (!options.event.empty()) return resolve_event(options.event, options.json);
  Sentences wrong;
  ResolveQuestion question;
  if (!options.members.empty()) read_file(options.members, question, wrong);
  if (!options.input.empty()) read_file(options.input, question, wrong);
  read_options(options, question, wrong);
  if (!wrong.empty()) return complain(wrong);

  const std::vector<ResolveCandidate> candidates = candidates_of(question, wrong);
  const std::optional<Damage> damage = wrong.empty() ? damage_of(question, wrong) : std::nullopt;
  ResolveTimes times{question.settings, question.detection};
  if (times.detection == Duration::zero()) times.detection = times.settings.heartbeat * 4;
  for (const std::string& sentence : problems(times)) wrong.push_back(sentence);
  if (options.all_cuts && question.members.size() > survey_members_max) {
    wrong.push_back("--all-cuts: " + std::to_string(question.members.size()) + " members have too many cuts; at most " +
                    std::to_string(survey_members_max));
  }
  if (!wrong.empty() || !damage) return complain(wrong);

  std::vector<ResolveAnswer> answers;
  for (const ResolveCandidate& candidate : candidates) {
    ResolveAnswer answer{candidate, resolve(candidate.config, times, *damage), {}};
    if (options.all_cuts) answer.survey = survey(candidate.config);
    answers.push_back(std::move(answer));
  }
  if (options.json) {
    std::cout << resolve_json(question, times, *damage, answers) << '\n' << std::flush;
  } else {
    Terminal terminal;
    show(question, times, *damage, answers, terminal);
  }
  const bool silent = std::any_of(answers.begin(), answers.end(),
                                  [](const ResolveAnswer& answer) { return answer.outcome.serving().empty(); });
  return silent ? exit_unhealthy : exit_fine;
}

}  // namespace hawser::tools
