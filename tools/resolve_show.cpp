#include "resolve_show.hpp"

#include <hawser/base/quantity.hpp>
#include "resolve_why.hpp"

#include <algorithm>
#include <cstdio>

namespace hawser::tools {
namespace {

constexpr std::size_t silencing_shown_max = 40;

const std::string& id(const ResolveQuestion& question, Place place) { return question.members[place].id.text(); }

std::string names(const ResolveQuestion& question, const MemberSet& set) {
  std::string text;
  for (const Place place : set) text += (text.empty() ? "" : ", ") + id(question, place);
  return text.empty() ? "nobody" : text;
}

// `+1.663 s`; to the millisecond, since that is how exact a delay of a millisecond makes it.
std::string when(Duration at) {
  char text[32];
  std::snprintf(text, sizeof text, "+%.3f s", static_cast<double>(to_us(at)) / 1e6);
  return text;
}

// Row to column: what passes between the two.
std::string cell(const Damage& damage, Place row, Place column) {
  if (row == column) return ".";
  const bool there = damage.passes(row, column);
  const bool back = damage.passes(column, row);
  return there && back ? "=" : there ? ">" : back ? "<" : "x";
}

void draw(const ResolveQuestion& question, const Damage& damage, const std::vector<ResolveAnswer>& answers,
          Terminal& terminal) {
  std::size_t width = 2;
  for (const MemberConfig& member : question.members) width = std::max(width, member.id.text().size());
  std::string head = std::string(width + 2, ' ');
  for (const MemberConfig& member : question.members) head += pad(member.id.text(), width) + " ";
  for (const ResolveAnswer& answer : answers) {
    head += " " + pad(std::string{to_string(answer.asked.config.strategy)}, 13);
  }
  while (head.ends_with(' ')) head.pop_back();
  terminal.line(head);
  for (std::size_t i = 0; i < question.members.size(); ++i) {
    const auto row = static_cast<Place>(i);
    std::string line = pad(id(question, row), width) + "  ";
    for (std::size_t j = 0; j < question.members.size(); ++j) {
      const std::string sign = cell(damage, row, static_cast<Place>(j));
      const Style style = sign == "x" ? Style::bad : sign == "<" || sign == ">" ? Style::warn : Style::dim;
      line += terminal.styled(sign, style) + std::string(width, ' ');
    }
    for (const ResolveAnswer& answer : answers) {
      const ResolveMember& member = answer.outcome.members[i];
      const std::string word = member.down ? "down" : member.serving ? "serves" : "isolated";
      line += " " + terminal.styled(pad(word, 13), member.serving ? Style::good : Style::bad);
    }
    while (line.ends_with(' ')) line.pop_back();
    terminal.line(line);
  }
  terminal.line(terminal.styled("= both ways   > row to column only   < column to row only   x nothing", Style::dim));
}

void summary(const ResolveQuestion& question, const std::vector<ResolveAnswer>& answers, Terminal& terminal) {
  Table table{{{"strategy"}, {"who serves"}, {"who is isolated"}}};
  for (const ResolveAnswer& answer : answers) {
    MemberSet isolated;
    for (std::size_t i = 0; i < question.members.size(); ++i) {
      const ResolveMember& member = answer.outcome.members[i];
      if (!member.down && !member.serving) isolated.add(static_cast<Place>(i));
    }
    table.row({std::string{to_string(answer.asked.config.strategy)}, names(question, answer.outcome.serving()),
               names(question, isolated)});
  }
  for (const std::string& line : table.lines(terminal)) terminal.line(line);
}

void show_steps(const ResolveQuestion& question, const ResolveOutcome& outcome, Terminal& terminal) {
  if (outcome.steps.empty()) {
    terminal.line("  nothing changes");
    return;
  }
  Table table{{{"  when", Align::right}, {"node"}, {"what happens"}}};
  for (const ResolveStep& step : outcome.steps) {
    const std::string view = "view " + std::to_string(step.epoch.counter);
    std::string what;
    switch (step.event) {
      case ResolveEvent::detected:
        what = "finds its links lost: " + names(question, step.who);
        break;
      case ResolveEvent::isolated:
        what = "stops serving";
        break;
      case ResolveEvent::resumed:
        what = "serves again in " + view;
        break;
      case ResolveEvent::entered:
        what = "serves in " + view + "; told removed: " + names(question, step.who);
        break;
      case ResolveEvent::rejoined:
        what = "rejoins in " + view + "; told removed: " + names(question, step.who);
        break;
      case ResolveEvent::settled:
        what = view + " is settled";
        break;
    }
    table.row({when(step.at), id(question, step.place), what});
  }
  for (const std::string& line : table.lines(terminal)) terminal.line("  " + line);
}

std::string safe_cuts(const ResolveSurvey& survey) {
  return std::to_string(survey.cuts.size() - survey.silenced()) + " of " + std::to_string(survey.cuts.size()) +
         " cuts into two sides leave somebody serving";
}

void show_survey(const ResolveQuestion& question, const ResolveAnswer& answer, Terminal& terminal) {
  const ResolveSurvey& survey = *answer.survey;
  terminal.line("  " + safe_cuts(survey) + (survey.silenced() == 0 ? "" : "; these silence everybody:"));
  std::size_t shown = 0;
  for (const SurveyCut& cut : survey.cuts) {
    if (!cut.serving.empty() || shown == silencing_shown_max) continue;
    ++shown;
    terminal.line("    " + names(question, cut.side) + " | " +
                  names(question, MemberSet::first(question.members.size()) - cut.side));
  }
  if (shown < survey.silenced()) {
    terminal.line("    and " + std::to_string(survey.silenced() - shown) + " more; --json has them all");
  }
  Table table{{{"single failure"}, {"survived"}, {"who serves then"}}};
  for (const SurveyFailure& failure : survey.failures) {
    // A direction counts as its link: a link is both directions. Only what differs is worth a line.
    if (failure.kind == SurveyFailure::Kind::direction) {
      const auto link = std::find_if(survey.failures.begin(), survey.failures.end(), [&](const SurveyFailure& other) {
        return other.kind == SurveyFailure::Kind::link && other.a == std::min(failure.a, failure.b) &&
               other.b == std::max(failure.a, failure.b);
      });
      if (link->serving == failure.serving) continue;
    }
    table.row({failure_in_words(answer.asked.config, failure), failure.serving.empty() ? "no" : "yes",
               names(question, failure.serving)});
  }
  for (const std::string& line : table.lines(terminal)) terminal.line("    " + line);
  terminal.line("    a direction lost costs the same as its link, unless it has a line of its own");
}

void show_answer(const ResolveQuestion& question, const ResolveAnswer& answer, Terminal& terminal) {
  const CoterieConfig& config = answer.asked.config;
  terminal.line("");
  terminal.line(terminal.styled(std::string{to_string(config.strategy)}, Style::bold) +
                ", quorum: " + quorum_in_words(config));
  for (const std::string& note : answer.asked.notes) terminal.line("  note: " + note);
  for (const std::string& note : Coterie::warnings(config, true)) terminal.line("  note: " + note);
  show_steps(question, answer.outcome, terminal);
  if (!answer.outcome.stable) terminal.line("  and still changing after " + when(answer.outcome.watched));
  for (std::size_t i = 0; i < question.members.size(); ++i) {
    const ResolveMember& member = answer.outcome.members[i];
    const std::string stance = member.down ? "is down" : member.serving ? "serves" : "is isolated";
    const std::string text = id(question, static_cast<Place>(i)) + " " + stance + ": " +
                             why(config, answer.outcome, static_cast<Place>(i)) + ".";
    bool first = true;
    for (const std::string& line : wrap(text, std::max<std::size_t>(terminal.width(), 40) - 4)) {
      terminal.line((first ? "  " : "    ") + line);
      first = false;
    }
  }
  if (answer.survey) show_survey(question, answer, terminal);
}

}  // namespace

void show(const ResolveQuestion& question, const ResolveTimes& times, const Damage& damage,
          const std::vector<ResolveAnswer>& answers, Terminal& terminal) {
  draw(question, damage, answers, terminal);
  terminal.line("");
  summary(question, answers, terminal);
  terminal.line("");
  const IsolationSettings& settings = times.settings;
  terminal.line("heartbeat " + format_duration(settings.heartbeat) + ", detection " + format_duration(times.detection) +
                ", lease " + format_duration(settings.lease) + " (promise " + when(settings.promise()).substr(1) +
                "), stable_after " + format_duration(settings.stable_after) + "; times count from the damage");
  for (const std::string& warning : warnings(settings)) terminal.line("note: " + warning);
  for (const ResolveAnswer& answer : answers) show_answer(question, answer, terminal);
}

}  // namespace hawser::tools
