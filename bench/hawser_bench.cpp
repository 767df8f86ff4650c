// hawser_bench: how fast Hawser is beside plain libzmq, measured in one run on this machine.
#include "delivery_costs.hpp"
#include "inspect_cost.hpp"
#include "kit_costs.hpp"
#include "pair.hpp"
#include "peer_crowd.hpp"
#include "question.hpp"
#include "report.hpp"
#include "sim_speed.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::bench {
namespace {

constexpr const char* usage =
    "usage: hawser_bench [option ...] [question ...]     all questions when none is named\n"
    "  --quick             three short pairs: a smoke test, not a result\n"
    "  --json              every figure as JSON instead of tables\n"
    "  --pairs N           pairs per question, 1 .. 1000 (5)\n"
    "  --ms N              measured time per run, 10 .. 600000 (1000)\n"
    "  --backoff-us N      sleep of a Hawser sender whose queue is full, 0 yields (50)\n"
    "  --plain-only        only the libzmq side\n"
    "  --wrap-sender CMD   put CMD in front of Hawser's sender, as in \"perf record -g -o sender.perf\"\n"
    "  --wrap-receiver CMD the same for the receiver\n"
    "  --list              the questions\n";

struct Command {
  Settings settings;
  std::vector<Question> questions;
  bool simulator = false;  // the questions `sim`, `inspect` and `peers`, which have no plain side
  bool inspect = false;
  bool peers = false;
  bool json = false;
  bool list = false;
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::uint32_t number(const std::string& option, const std::string& text, std::uint32_t min, std::uint32_t max) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max) {
    throw std::invalid_argument(option + " wants a number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return value;
}

Question question_named(const std::string& name) {
  for (Question& question : all_questions()) {
    if (question.name == name) return std::move(question);
  }
  throw std::invalid_argument("there is no question `" + name + "`; see --list");
}

Command parse(const std::vector<std::string>& words) {
  Command command;
  Settings& settings = command.settings;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const auto value = [&]() -> const std::string& {
      if (i + 1 == words.size()) throw std::invalid_argument(word + " wants a value");
      return words[++i];
    };
    if (word == "--quick") {
      settings.pairs = 3;
      settings.measured_ms = 250;
      settings.warm_up_ms = 100;
    } else if (word == "--json") {
      command.json = true;
    } else if (word == "--list") {
      command.list = true;
    } else if (word == "--plain-only") {
      settings.plain_only = true;
    } else if (word == "--pairs") {
      settings.pairs = number(word, value(), 1, 1000);
    } else if (word == "--ms") {
      settings.measured_ms = number(word, value(), 10, 600'000);
    } else if (word == "--backoff-us") {
      settings.backoff_us = number(word, value(), 0, 1'000'000);
    } else if (word == "--wrap-sender") {
      settings.hawser_wrappers.sender = split(value());
    } else if (word == "--wrap-receiver") {
      settings.hawser_wrappers.receiver = split(value());
    } else if (word.starts_with("-")) {
      throw std::invalid_argument("unknown option " + word);
    } else {
      if (word == "sim") command.simulator = true;
      if (word == "inspect") command.inspect = true;
      if (word == "peers") command.peers = true;
      const bool apart = word == "sim" || word == "inspect" || word == "peers";
      if (!apart) command.questions.push_back(question_named(word));
    }
  }
  if (command.questions.empty() && !command.simulator && !command.inspect && !command.peers) {
    command.questions = all_questions();
    command.simulator = command.inspect = command.peers = !settings.plain_only;
  }
  if (settings.plain_only) {
    std::erase_if(command.questions, [](const Question& question) { return !against_libzmq(question.rows.front()); });
  }
  return command;
}

int run(const Command& command) {
  if (command.list) {
    for (const Question& question : command.questions) {
      std::printf("%-10s %s\n", std::string{question.name}.c_str(), std::string{question.headline}.c_str());
    }
    if (command.simulator) std::printf("%-10s %s\n", "sim", sim_headline);
    if (command.inspect) std::printf("%-10s %s\n", "inspect", inspect_headline);
    if (command.peers) std::printf("%-10s %s\n", "peers", peers_headline);
    return 0;
  }
  if (!command.json) std::printf("%s", machine_text().c_str());
  std::vector<Answer> answers;
  for (const Question& question : command.questions) {
    answers.push_back(ask(question, command.settings));
    if (command.json) continue;
    std::printf("\n%s", to_table(answers.back(), command.settings).c_str());
    std::fflush(stdout);
  }
  Parts parts;
  for (const Question& question : command.questions) {
    if (question.name != "policies" || command.settings.plain_only) continue;
    parts = {ask_kit(command.settings), ask_delivery(command.settings)};
  }
  if (!parts.kit.empty() && !command.json) std::printf("\n%s", to_table(parts).c_str());
  SimAnswer simulator;
  if (command.simulator) simulator = ask_sim(command.settings);
  if (command.simulator && !command.json) std::printf("\n%s", to_table(simulator, command.settings).c_str());
  InspectAnswer inspect;
  if (command.inspect) inspect = ask_inspect(command.settings);
  if (command.inspect && !command.json) std::printf("\n%s", to_table(inspect, command.settings).c_str());
  PeersAnswer peers;
  if (command.peers) peers = ask_peers(command.settings);
  if (command.peers && !command.json) std::printf("\n%s", to_table(peers, command.settings).c_str());
  if (command.json) {
    std::printf("%s", to_json(answers, parts, command.simulator ? &simulator : nullptr,
                              command.inspect ? &inspect : nullptr, command.peers ? &peers : nullptr, command.settings)
                          .c_str());
  }
  for (const Answer& answer : answers) {
    for (const RowResult& row : answer.rows) {
      if (lost(row) == 0) continue;
      std::fprintf(stderr, "hawser_bench: accepted messages were not delivered: %s, %s\n",
                   std::string{answer.question.name}.c_str(), row.row.label.c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace hawser::bench

int main(int argc, char** argv) {
  using namespace hawser::bench;
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "--role") return run_role({words.begin() + 1, words.end()});
  if (!words.empty() && (words[0] == "--help" || words[0] == "-h")) {
    std::printf("%s", usage);
    return 0;
  }
  try {
    return run(parse(words));
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "hawser_bench: %s\n%s", error.what(), usage);
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "\nhawser_bench: %s\n", error.what());
    return 1;
  }
}
