#include "inspect_watch.hpp"

#include "exit_code.hpp"
#include "interrupt.hpp"
#include "screen.hpp"
#include "top_view.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace hawser::tools {
namespace {

int watch_in_lines(const Look& take, const InspectOptions& options, const InspectWanted& wanted, std::FILE* out) {
  const Interrupt interrupt;
  int code = exit_fine;
  for (std::uint64_t looks = 0;; ++looks) {
    Terminal terminal{out};
    const Frame frame = take(terminal, interrupt.descriptor());
    if (interrupt.came()) return code;
    code = frame.code;
    if (looks > 0 && !options.json) terminal.line("");
    for (const std::string& problem : frame.problems) std::fprintf(stderr, "hawser: %s\n", problem.c_str());
    for (const std::string& line : frame.lines) terminal.line(line);
    std::fwrite(frame.json.data(), 1, frame.json.size(), out);
    if (std::fflush(out) != 0 || looks + 1 == options.looks || !interrupt.wait(wanted.interval)) return code;
  }
}

int watch_on_screen(const Look& take, const InspectOptions& options, const InspectWanted& wanted) {
  Screen screen;
  Frame frame;
  for (std::uint64_t looks = 1;; ++looks) {
    Terminal terminal{stdout};
    Frame taken = take(terminal, screen.ended_descriptor());
    if (screen.ended()) return frame.code;
    frame = std::move(taken);
    std::vector<std::string> lines;
    for (const std::string& problem : frame.problems) lines.push_back(terminal.styled(problem, Style::bad));
    lines.insert(lines.end(), frame.lines.begin(), frame.lines.end());
    screen.draw(lines);
    if (looks == options.looks) return frame.code;
    for (;;) {
      const Key key = screen.wait(wanted.interval);
      if (key.kind == Key::Kind::quit || key.is('q')) return frame.code;
      if (key.kind == Key::Kind::resized) screen.draw(lines);
      if (key.kind == Key::Kind::none || key.kind == Key::Kind::resized) break;
    }
  }
}

std::vector<std::vector<Answer>> asked_for_top(const InspectWanted& wanted, int stop) {
  return ask_all(wanted.at, std::vector<std::string>{"/api/v1/status", "/api/v1/peers", "/api/v1/channels"},
                 wanted.timeout, stop);
}

void show(TopView& view, std::vector<std::vector<Answer>> asked) {
  view.take(std::move(asked[0]), std::move(asked[1]), std::move(asked[2]));
}

int top_in_lines(TopView view, const InspectOptions& options, const InspectWanted& wanted, std::FILE* out) {
  return watch_in_lines(
      [&](const Terminal&, int stop) {
        show(view, asked_for_top(wanted, stop));
        Frame frame;
        frame.code = view.code();
        frame.json = view.json().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
        return frame;
      },
      options, wanted, out);
}

}  // namespace

int watch(const Look& take, const InspectOptions& options, const InspectWanted& wanted, std::FILE* out) {
  if (out == stdout && !options.json && Screen::possible()) return watch_on_screen(take, options, wanted);
  return watch_in_lines(take, options, wanted, out);
}

int run_top(const InspectOptions& options, std::FILE* out) {
  InspectWanted wanted;
  TopView view;
  std::string problem;
  if (const auto wrong = understand(options, wanted)) problem = *wrong;
  if (problem.empty() && !options.sort.empty() && !view.sort_by(options.sort)) {
    problem = "--sort: there is no column '" + printable(options.sort) + "': it is one of";
    for (const TopPage page : {TopPage::channels, TopPage::peers}) {
      for (const std::string_view column : TopView::columns(page)) problem += " " + std::string{column};
    }
  }
  if (problem.empty() && !options.json && !Screen::possible()) {
    problem = "top draws on a terminal, and this is none: use --json, or `hawser channels --watch`";
  }
  if (!problem.empty()) {
    std::fprintf(stderr, "hawser: %s\n", problem.c_str());
    return exit_usage;
  }
  view.filter_by(printable(options.filter));
  if (options.json) return top_in_lines(std::move(view), options, wanted, out);
  Screen screen;
  const auto draw = [&] {
    const Terminal terminal{stdout};
    screen.draw(view.lines(terminal, screen.height()));
  };
  // What is given up because of the signal that ends it says nothing about the nodes.
  const auto look = [&] {
    auto asked = asked_for_top(wanted, screen.ended_descriptor());
    if (!screen.ended()) show(view, std::move(asked));
  };
  look();
  draw();
  for (;;) {
    const Key key = screen.wait(wanted.interval);
    if (key.kind == Key::Kind::none && !view.paused()) look();
    if (!view.press(key)) return view.code();
    draw();
  }
}

}  // namespace hawser::tools
