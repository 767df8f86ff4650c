#include "inspect_show.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <utility>
#include <vector>

namespace hawser::tools {
namespace {

using nlohmann::json;

const json& at(const json& object, const char* key) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

bool flag_at(const json& object, const char* key) {
  const json& value = at(object, key);
  return value.is_boolean() && value.get<bool>();
}

const json& rows(const json& object, const char* key) {
  static const json none = json::array();
  const json& value = at(object, key);
  return value.is_array() ? value : none;
}

std::string count_at(const json& object, const char* key) { return std::to_string(number_at(object, key)); }

std::string fixed(double number, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return text.data();
}

std::string age(const json& said, const json& reason) {
  return about_time(number_at(said, "taken_at_us") - number_at(reason, "since_us"));
}

// `silent for 3.2 s, next in 0.4 s: no answer`
std::string because(const json& said, const json& reason) {
  std::string text = text_at(reason, "cause") + " for " + age(said, reason);
  const json& next = at(reason, "next_at_us");
  if (next.is_number_integer()) {
    const std::int64_t wait = next.get<std::int64_t>() - number_at(said, "taken_at_us");
    text += wait > 0 ? ", next in " + about_time(wait) : ", next now";
  }
  const std::string detail = text_at(reason, "detail");
  return detail.empty() ? text : text + ": " + detail;
}

Style style_of(const std::string& state) {
  if (state == "up" || state == "serving" || state == "closed") return Style::good;
  if (state == "unreachable" || state == "isolated" || state == "open") return Style::bad;
  return Style::warn;
}

std::string view_of(const json& said) { return text_at(said, "node") + " of " + text_at(said, "cluster") + " sees:"; }

// `delivered 12, unreachable 3`
std::string outcomes(const json& ledger) {
  std::string text;
  const json& all = at(ledger, "outcomes");
  if (!all.is_object()) return text;
  for (const auto& [word, count] : all.items()) {
    text += (text.empty() ? "" : ", ") + printable(word) + " " + count_at(count, "messages");
  }
  return text;
}

void print(const Table& table, Terminal& terminal) {
  for (const std::string& line : table.lines(terminal)) terminal.line(line);
}

}  // namespace

std::string about_time(std::int64_t us) {
  if (us < 0) us = 0;
  const auto number = static_cast<double>(us);
  if (us < 1'000) return std::to_string(us) + " us";
  if (us < 1'000'000) return std::to_string(us / 1'000) + " ms";
  if (us < 60'000'000) return fixed(number / 1e6, 1) + " s";
  if (us < 3'600'000'000) return fixed(number / 6e7, 1) + " min";
  if (us < 86'400'000'000) return fixed(number / 3.6e9, 1) + " h";
  return fixed(number / 8.64e10, 1) + " d";
}

std::string text_at(const json& object, const char* key) {
  const json& value = at(object, key);
  return value.is_string() ? printable(value.get<std::string>()) : "";
}

std::int64_t number_at(const json& object, const char* key) {
  const json& value = at(object, key);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

void show_status(const json& said, Terminal& terminal) {
  const std::string stance = text_at(said, "stance");
  terminal.line(terminal.styled(text_at(said, "node"), Style::bold) + " of " + text_at(said, "cluster") + ", version " +
                text_at(said, "version") + ", at " + text_at(said, "endpoint") + ", up for " +
                about_time(number_at(said, "taken_at_us") - number_at(said, "started_at_us")));
  terminal.line("stance     " + terminal.styled(stance, style_of(stance)) +
                (flag_at(said, "ready") ? "" : ", not ready") + ", " + because(said, at(said, "stance_reason")));
  terminal.line("strategy   " + text_at(said, "strategy") + ", epoch " + text_at(at(said, "epoch"), "counter"));
  const json& peers = at(said, "peers");
  std::string states;
  for (const char* const state : {"up", "connecting", "suspect", "unreachable"}) {
    states += (states.empty() ? "" : ", ") + count_at(peers, state) + " " + state;
  }
  terminal.line("peers      " + states);
  const json& ledger = at(said, "ledger");
  terminal.line("messages   " + count_at(at(ledger, "submitted"), "messages") + " submitted, " +
                count_at(at(ledger, "held"), "messages") + " held; " + outcomes(ledger));
  if (number_at(ledger, "imbalance") != 0) {
    terminal.line(terminal.styled("books      " + count_at(ledger, "imbalance") +
                                      " messages are missing: a fault of the library, please report it",
                                  Style::bad));
  }
  terminal.line("loop lag   " + about_time(number_at(said, "loop_lag_us")));
}

void show_peers(const json& said, Terminal& terminal) {
  terminal.line(view_of(said));
  Table table{{{"peer"}, {"state"}, {"phi", Align::right}, {"rtt", Align::right}, {"breaker"}, {"because"}}};
  for (const json& peer : rows(said, "peers")) {
    const std::string state = text_at(peer, "state");
    const json& phi = at(peer, "phi");
    const std::int64_t round_trip = number_at(peer, "round_trip_us");
    const std::string breaker = text_at(at(peer, "breaker"), "state");
    table.row({text_at(peer, "id"),
               terminal.styled(state + (flag_at(peer, "degraded") ? ", degraded" : ""), style_of(state)),
               phi.is_number() ? fixed(phi.get<double>(), 1) : "", round_trip > 0 ? about_time(round_trip) : "",
               terminal.styled(breaker, style_of(breaker)), because(said, at(peer, "reason"))});
  }
  print(table, terminal);
}

void show_channels(const json& said, Terminal& terminal) {
  terminal.line(view_of(said));
  Table table{{{"peer"},
               {"type"},
               {"queued", Align::right},
               {"in flight", Align::right},
               {"oldest", Align::right},
               {"breaker"},
               {"ended"}}};
  for (const json& row : rows(said, "channels")) {
    const std::string name = text_at(row, "name");
    const std::string breaker = text_at(at(row, "breaker"), "state");
    const std::string type = flag_at(row, "replies") ? "(replies)" : name.empty() ? text_at(row, "type") : name;
    table.row({text_at(row, "peer"), type, count_at(row, "queued_messages"), count_at(row, "sent_messages"),
               about_time(number_at(row, "oldest_age_us")), terminal.styled(breaker, style_of(breaker)),
               outcomes(at(row, "ledger"))});
  }
  print(table, terminal);
}

void show_events(const json& said, Terminal& terminal) {
  terminal.line(view_of(said));
  Table table{{{"number", Align::right}, {"ago", Align::right}, {"kind"}, {"peer"}, {"cause"}, {"what"}}};
  for (const json& event : rows(said, "events")) {
    table.row({count_at(event, "number"), about_time(number_at(said, "taken_at_us") - number_at(event, "at_us")),
               text_at(event, "kind"), text_at(event, "peer"), text_at(event, "cause"), text_at(event, "text")});
  }
  print(table, terminal);
}

}  // namespace hawser::tools
