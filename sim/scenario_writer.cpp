// From a scenario to TOML, with nothing in it that is as it would be anyway; and the tables of docs/simulation.md.
#include <hawser/base/toml_tree.hpp>
#include <hawser/sim/scenario_file.hpp>
#include <hawser/sim/scenario_keys.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace hawser::sim {
namespace {

std::string key_text(const std::string& word) {
  const bool bare = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return bare ? word : toml_quoted(word);
}

// The shortest text that reads back as this number.
std::string number_text(double number) {
  std::array<char, 40> text{};
  for (int digits = 1; digits <= 17; ++digits) {
    std::snprintf(text.data(), text.size(), "%.*g", digits, number);
    if (std::strtod(text.data(), nullptr) == number) break;
  }
  return text.data();
}

std::string setting_line(const std::string& name, const KeyValue& value) {
  std::string key = name;
  std::string row = name;
  if (name.starts_with("types.")) {
    const std::size_t last = name.rfind('.');
    key = "types." + key_text(name.substr(6, last - 6)) + name.substr(last);
    row = "types.*" + name.substr(last);
  }
  std::string text;
  if (const auto* words = std::get_if<std::string>(&value)) {
    text = toml_quoted(*words);
  } else if (const auto* number = std::get_if<double>(&value)) {
    text = number_text(*number);
  } else {
    text = hawser::value_text(*find_config_key(row), value);
  }
  return key + " = " + text + '\n';
}

std::string settings_text(const std::string& section, const ConfigSettings& settings) {
  if (settings.empty()) return {};
  std::string text = "\n[" + section + "]\n";
  for (const auto& [name, value] : settings) text += setting_line(name, value);
  return text;
}

// `keys` are written whatever they are, all others where they differ from the default.
template <typename Struct>
std::string fields_text(std::span<const Field<Struct>> rows, const Struct& section, std::string_view keys) {
  static const Struct untouched;
  std::string text;
  for (const Field<Struct>& row : rows) {
    const FieldValue value = row.get(section);
    if (!has_word(keys, row.name) && value == row.get(untouched)) continue;
    text += std::string{row.name} + " = " + value_text(row, value) + '\n';
  }
  return text;
}

std::string_view keys_of(const Fault& fault) {
  const FaultVerb* const verb = find_fault_verb(fault.verb);
  return verb == nullptr ? std::string_view{} : verb->keys;
}

std::string_view keys_of(const Expectation& expected) {
  for (const ExpectRow& row : expect_rows()) {
    if (row.kind == expected.kind) return row.keys;
  }
  return {};
}

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string{"\\|"} : std::string(1, c);
  return out;
}

template <typename Struct>
std::string table_text(const std::string& title, std::span<const Field<Struct>> rows, bool defaults) {
  static const Struct untouched;
  std::string text = "### " + title + "\n\n| key | value | range | default | what it is |\n|---|---|---|---|---|\n";
  for (const Field<Struct>& row : rows) {
    const FieldValue value = row.get(untouched);
    std::string usual = value_text(row, value);
    if (!defaults || usual == "[]" || usual == "\"\"") usual = "";
    if (row.kind == FieldKind::count && usual == std::to_string(Expectation::unlimited)) usual = "";
    text += "| `" + std::string{row.name} + "` | " + unit_text(row) + " | " + cell(range_text(row)) + " | " +
            (usual.empty() ? "" : "`" + usual + "`") + " | " + cell(row.sentence) + " |\n";
  }
  return text + '\n';
}

std::string code_list(std::string_view list) {
  std::string text;
  for (const std::string_view word : words_of(list)) text += (text.empty() ? "`" : ", `") + std::string{word} + "`";
  return text;
}

}  // namespace

std::string to_toml(const Scenario& scenario) {
  std::string text = fields_text(scenario_fields(), scenario, "seed length nodes");
  text += settings_text("config", scenario.config);
  for (const auto& [name, settings] : scenario.node) {
    text += settings.config.empty() ? "\n[node." + key_text(name) + "]\n"
                                    : settings_text("node." + key_text(name) + ".config", settings.config);
  }
  for (const Link& link : scenario.links) text += "\n[[link]]\n" + fields_text(link_fields(), link, "");
  for (const Stream& stream : scenario.streams) {
    text += "\n[[stream]]\n" + fields_text(stream_fields(), stream, "type every");
  }
  for (const Fault& fault : scenario.faults) {
    text += "\n[[fault]]\n" + fields_text(fault_fields(), fault, std::string{keys_of(fault)} + " at do");
  }
  for (const Expectation& expected : scenario.expectations) {
    text += "\n[[expect]]\n" + fields_text(expectation_fields(), expected, std::string{keys_of(expected)} + " kind");
  }
  return text;
}

std::string scenario_reference_markdown() {
  std::string text = table_text("Top of the file", scenario_fields(), true);
  text += table_text("`[[link]]`", link_fields(), true);
  text += table_text("`[[stream]]`", stream_fields(), true);
  text += table_text("`[[fault]]`", fault_fields(), true);
  text += "| `do` | needs | may have | what it does |\n|---|---|---|---|\n";
  for (const FaultVerb& verb : fault_verbs()) {
    text += "| `" + std::string{verb.name} + "` | " + code_list(verb.keys) + " | " + code_list(verb.optional) + " | " +
            std::string{verb.sentence} + (verb.of_processes ? " Spares the stable core." : "") + " |\n";
  }
  text += '\n' + table_text("`[[expect]]`", expectation_fields(), true);
  text += "| `kind` | needs | may have | what it says |\n|---|---|---|---|\n";
  for (const ExpectRow& row : expect_rows()) {
    text += "| `" + std::string{to_string(row.kind)} + "` | " + code_list(row.keys) + " | " + code_list(row.optional) +
            " | " + std::string{row.sentence} + " |\n";
  }
  return text;
}

}  // namespace hawser::sim
