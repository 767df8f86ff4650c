#include "config_text.hpp"

#include <hawser/interconnect/config_keys.hpp>

#include <algorithm>

namespace hawser::tools {
namespace {

constexpr std::size_t file_width = 100;
constexpr std::size_t page_width_max = 110;

std::string title_of(std::string_view section) { return section == "types.*" ? "types.Name" : std::string{section}; }

std::string about(const ConfigKey& key) {
  std::string text{unit_text(key)};
  const std::string range = range_text(key);
  if (!range.empty()) text += ", " + range;
  return text;
}

void comment(std::string& out, std::string_view text) {
  for (const std::string& line : wrap(text, file_width - 2)) out += "# " + line + "\n";
}

void peers(std::string& out, const Config& config) {
  out += "\n# The other nodes. The order is their seniority.\n[peers]\n";
  if (config.peers.empty()) out += "# n2 = \"127.0.0.1:7002\"\n";
  for (const PeerConfig& peer : config.peers) {
    // A dot in a bare key would nest.
    const bool bare = peer.id.text().find('.') == std::string::npos;
    const std::string quote = bare ? "" : "\"";
    out += quote + peer.id.text() + quote + " = \"" + peer.endpoint.text() + "\"\n";
  }
}

// The value in force where it differs from the default, else the default as a comment.
std::string setting(const ConfigKey& key, const Config& config) {
  const std::string name{key.last_word()};
  const std::optional<KeyValue> value = key.get(config, {});
  const std::string text = value ? value_text(key, *value) : std::string{};
  const bool changed = value && (key.name == "id" || *value != *key.get(Config{}, {}));
  if (changed) return name + " = " + text + "\n";
  return "# " + name + " = " + (value ? text : default_text(key)) + "\n";
}

}  // namespace

std::string config_template(const Config& config) {
  std::string out = "# Configuration of one Hawser node. Lines that begin with '# name =' show a default.\n";
  std::string_view section;
  for (const ConfigKey& key : config_keys()) {
    if (key.of_types()) break;
    if (key.section() != section) {
      if (section.empty()) peers(out, config);
      section = key.section();
      out += "\n[" + title_of(section) + "]\n";
    } else {
      out += "\n";
    }
    comment(out, std::string{key.sentence} + " (" + about(key) + ")");
    out += setting(key, config);
  }
  out += "\n# How messages of one type travel; Name is its struct in the schema.\n# [types.Name]\n";
  for (const ConfigKey& key : config_keys()) {
    if (key.of_types()) comment(out, std::string{key.last_word()} + ": " + std::string{key.sentence});
  }
  for (const auto& [type, overrides] : config.types) {
    out += "\n[types." + type + "]\n";
    for (const ConfigKey& key : config_keys()) {
      if (!key.of_types()) continue;
      if (const auto value = key.get(config, type))
        out += std::string{key.last_word()} + " = " + value_text(key, *value) + "\n";
    }
  }
  return out;
}

std::vector<std::string> config_page(const Config* config, const Terminal& terminal) {
  const std::size_t width = std::min(terminal.width(), page_width_max);
  std::vector<std::string> lines;
  std::string_view section = "?";
  for (const ConfigKey& key : config_keys()) {
    if (key.section() != section) {
      section = key.section();
      if (!lines.empty()) lines.emplace_back();
      lines.push_back(
          terminal.styled(section.empty() ? "(top of the file)" : "[" + title_of(section) + "]", Style::bold));
    }
    const std::string standard = default_text(key);
    std::string said = standard;
    std::string note;
    if (config != nullptr && !key.of_types()) {
      said = value_text(key, *key.get(*config, {}));
      if (said != standard) note = (key.default_text.empty() ? "; default " : "; ") + standard;
    }
    const bool changed = !note.empty();
    lines.push_back("  " +
                    terminal.styled(std::string{key.last_word()} + " = " + said, changed ? Style::note : Style::plain) +
                    terminal.styled("   " + about(key) + note, Style::dim));
    for (const std::string& line : wrap(std::string{key.sentence} + " Cost: " + std::string{key.cost}, width - 6)) {
      lines.push_back("      " + line);
    }
  }
  if (config == nullptr) return lines;
  for (const auto& [type, overrides] : config->types) {
    lines.emplace_back();
    lines.push_back(terminal.styled("[types." + type + "]", Style::bold));
    for (const ConfigKey& key : config_keys()) {
      if (!key.of_types()) continue;
      if (const auto value = key.get(*config, type)) {
        lines.push_back("  " + std::string{key.last_word()} + " = " + value_text(key, *value));
      }
    }
  }
  return lines;
}

}  // namespace hawser::tools
