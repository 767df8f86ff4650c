#include <hawser/inspect/log_line.hpp>

#include <hawser/inspect/vocabulary.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace hawser {
namespace {

// Whose words the causes of such events are, where they decide how much an event weighs; empty: its kind does.
std::string_view subject_of(std::string_view kind) noexcept {
  if (kind == "peer_state" || kind == "gray") return "peer";
  if (kind == "breaker" || kind == "stance") return kind;
  if (kind == "node" || kind == "stall" || kind == "arbiter") return "happening";
  return {};
}

std::string time_text(std::int64_t wall_us) {
  const std::int64_t us = std::max<std::int64_t>(wall_us, 0);
  const auto seconds = static_cast<std::time_t>(us / 1'000'000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, static_cast<int>(us / 1000 % 1000));
  return text.data();
}

bool plain(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(),
                                       [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\'; });
}

void append(std::string& line, std::string_view key, std::string_view value) {
  if (!line.empty()) line += ' ';
  line.append(key).append("=");
  if (plain(value)) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '\n') {
      line += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') line += '\\';
    // What could drive a terminal does not reach one by way of a log.
    line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  line += '"';
}

}  // namespace

LogLevel level_of(const Event& event) noexcept {
  const WordMeaning* word = find_word(subject_of(event.kind), event.cause);
  if (word == nullptr) word = find_word("event", event.kind);
  return word == nullptr ? LogLevel::warn : word->weight;
}

std::string to_key_values(const LogLine& line, std::int64_t wall_us) {
  std::string text;
  append(text, "time", time_text(wall_us));
  append(text, "level", to_string(line.level));
  append(text, "node", line.node);
  append(text, "kind", line.kind);
  if (!line.peer.empty()) append(text, "peer", line.peer);
  append(text, "cause", line.cause);
  append(text, "msg", line.text);
  if (line.number > 0) append(text, "number", std::to_string(line.number));
  append(text, "uptime_us", std::to_string(to_us(line.uptime)));
  if (line.suppressed > 0) append(text, "suppressed", std::to_string(line.suppressed));
  return text;
}

std::string to_json_line(const LogLine& line, std::int64_t wall_us) {
  nlohmann::ordered_json out = {
      {"time", time_text(wall_us)}, {"level", to_string(line.level)}, {"node", line.node}, {"kind", line.kind}};
  if (!line.peer.empty()) out["peer"] = line.peer;
  out["cause"] = line.cause;
  out["msg"] = line.text;
  if (line.number > 0) out["number"] = line.number;
  out["uptime_us"] = to_us(line.uptime);
  if (line.suppressed > 0) out["suppressed"] = line.suppressed;
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string to_event_line(const Event& event, const NodeId& node, Incarnation incarnation, std::int64_t wall_us) {
  const nlohmann::ordered_json out = {
      {"time", time_text(wall_us)}, {"node", node.text()},      {"incarnation", std::to_string(to_number(incarnation))},
      {"number", event.number},     {"at_us", to_us(event.at)}, {"kind", event.kind},
      {"peer", event.peer.text()},  {"cause", event.cause},     {"level", to_string(level_of(event))},
      {"text", event.text}};
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace hawser
