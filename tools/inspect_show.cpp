#include "inspect_show.hpp"

#include "inspect_fields.hpp"
#include "inspect_merge.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace hawser::tools {
namespace {

using nlohmann::json;

std::string view_of(const json& said) { return text_at(said, "node") + " of " + text_at(said, "cluster") + " sees:"; }

void append(Lines& lines, const Lines& more) { lines.insert(lines.end(), more.begin(), more.end()); }

std::string states_of(const json& peers) {
  std::string states;
  for (const char* const state : {"up", "connecting", "suspect", "unreachable"}) {
    states += (states.empty() ? "" : ", ") + count_at(peers, state) + " " + state;
  }
  return states;
}

std::string lease_of(const json& said) {
  const json& lease = field(said, "lease_remaining_us");
  return lease.is_number_integer() ? about_time(lease.get<std::int64_t>()) : "no end";
}

Lines one_status(const json& said, const Terminal& terminal) {
  Lines lines;
  const std::string stance = text_at(said, "stance");
  lines.push_back(terminal.styled(text_at(said, "node"), Style::bold) + " of " + text_at(said, "cluster") +
                  ", version " + text_at(said, "version") + ", at " + text_at(said, "endpoint") + ", up for " +
                  about_time(ago_us(said, number_at(said, "started_at_us"))));
  lines.push_back("stance     " + terminal.styled(stance, style_of(stance)) +
                  (flag_at(said, "ready") ? "" : ", not ready") + ", " + because(said, field(said, "stance_reason")));
  lines.push_back("strategy   " + text_at(said, "strategy") + ", epoch " + text_at(field(said, "epoch"), "counter") +
                  ", lease: " + lease_of(said));
  lines.push_back("peers      " + states_of(field(said, "peers")));
  const json& ledger = field(said, "ledger");
  lines.push_back("messages   " + count_at(field(ledger, "submitted"), "messages") + " submitted, " +
                  count_at(field(ledger, "held"), "messages") + " held; " + outcomes(ledger));
  if (number_at(ledger, "imbalance") != 0) {
    lines.push_back(terminal.styled("books      " + count_at(ledger, "imbalance") +
                                        " messages are missing: a fault of the library, please report it",
                                    Style::bad));
  }
  lines.push_back("itself     " + because(said, field(said, "local_health")) + "; loop lag " +
                  about_time(number_at(said, "loop_lag_us")));
  return lines;
}

Lines many_status(const std::vector<Answer>& answers, const Terminal& terminal) {
  Table table{{{"node"},
               {"stance"},
               {"epoch", Align::right},
               {"up", Align::right},
               {"doubted", Align::right},
               {"submitted", Align::right},
               {"held", Align::right},
               {"lag", Align::right},
               {"because"}}};
  for (const Answer& answer : answers) {
    const json& said = answer.said;
    if (!answer.fine()) {
      table.row({answer.from.text(), terminal.styled("no answer", Style::bad)});
      continue;
    }
    const std::string stance = text_at(said, "stance");
    const json& peers = field(said, "peers");
    const json& ledger = field(said, "ledger");
    table.row({text_at(said, "node"),
               terminal.styled(stance + (flag_at(said, "ready") ? "" : ", not ready"), style_of(stance)),
               text_at(field(said, "epoch"), "counter"), count_at(peers, "up"),
               std::to_string(plus(number_at(peers, "suspect"), number_at(peers, "unreachable"))),
               count_at(field(ledger, "submitted"), "messages"), count_at(field(ledger, "held"), "messages"),
               about_time(number_at(said, "loop_lag_us")), because(said, field(said, "stance_reason"))});
  }
  return table.lines(terminal);
}

Lines one_peers(const json& said, const Terminal& terminal) {
  Lines lines{view_of(said)};
  Table table{{{"peer"}, {"state"}, {"phi", Align::right}, {"rtt", Align::right}, {"breaker"}, {"because"}}};
  for (const json& peer : rows(said, "peers")) {
    const std::string state = text_at(peer, "state");
    const json& phi = field(peer, "phi");
    const std::int64_t round_trip = number_at(peer, "round_trip_us");
    const std::string breaker = text_at(field(peer, "breaker"), "state");
    table.row({text_at(peer, "id"),
               terminal.styled(state + (flag_at(peer, "degraded") ? ", degraded" : ""), style_of(state)),
               phi.is_number() ? fixed(phi.get<double>(), 1) : "", round_trip > 0 ? about_time(round_trip) : "",
               terminal.styled(breaker, style_of(breaker)), because(said, field(peer, "reason"))});
  }
  append(lines, table.lines(terminal));
  return lines;
}

// Rows are peers, columns who was asked; a row on which they do not agree is marked.
Lines many_peers(const std::vector<Answer>& answers, const Terminal& terminal) {
  std::set<std::string> ids;
  std::vector<Table::Column> columns{{""}, {"peer"}};
  for (const Answer& answer : answers) {
    columns.push_back({answer.fine() ? text_at(answer.said, "node") + " says" : answer.from.text()});
    for (const json& peer : rows(answer.said, "peers")) ids.insert(text_at(peer, "id"));
  }
  const std::set<std::string> disputed = disputed_peers(answers);
  Table table{std::move(columns)};
  for (const std::string& id : ids) {
    std::vector<std::string> cells{disputed.contains(id) ? terminal.styled("!", Style::bad) : "", id};
    for (const Answer& answer : answers) {
      const json& peer = row_of(answer.said, id);
      const std::string state = text_at(peer, "state");
      const bool itself = answer.fine() && text_at(answer.said, "node") == id;
      const std::string word = !answer.fine() ? "no answer" : itself ? "answers" : peer.is_null() ? "unknown" : state;
      const std::string cause =
          itself || peer.is_null() || state == "up" ? "" : " (" + text_at(field(peer, "reason"), "cause") + ")";
      const Style style = !answer.fine() ? Style::bad : itself ? Style::good : style_of(state);
      cells.push_back(terminal.styled(word + (flag_at(peer, "degraded") ? ", degraded" : ""), style) + cause);
    }
    table.row(std::move(cells));
  }
  return table.lines(terminal);
}

Lines one_peer(const json& said, const json& peer, const Terminal& terminal) {
  Lines lines;
  const std::string state = text_at(peer, "state");
  lines.push_back(terminal.styled(text_at(peer, "id"), Style::bold) + " at " + text_at(peer, "endpoint") +
                  ", incarnation " + text_at(peer, "incarnation") + ", as " + text_at(said, "node") + " sees it");
  lines.push_back("state       " +
                  terminal.styled(state + (flag_at(peer, "degraded") ? ", degraded" : ""), style_of(state)) + ", " +
                  because(said, field(peer, "reason")));
  const std::int64_t round_trip = number_at(peer, "round_trip_us");
  lines.push_back("heartbeats  " + count_at(peer, "heartbeats_sent") + " sent, " +
                  count_at(peer, "heartbeats_answered") + " answered, round trip " +
                  (round_trip > 0 ? about_time(round_trip) : "unknown") + ", phi " + fixed(real_at(peer, "phi"), 1));
  lines.push_back("session     " + count_at(peer, "sessions") + " agreed, this one for " +
                  about_time(number_at(peer, "session_age_us")) + "; lost after it had been up " +
                  count_at(peer, "flaps") + " times");
  const json& breaker = field(peer, "breaker");
  const std::string breaker_state = text_at(breaker, "state");
  lines.push_back("breaker     " + terminal.styled(breaker_state, style_of(breaker_state)) + ", " +
                  because(said, field(breaker, "reason")) + "; opened " + count_at(breaker, "opened") + " times");
  for (const json& lane : rows(peer, "lanes")) {
    lines.push_back("lane        " + text_at(lane, "lane") + " " + text_at(lane, "state") + ", " +
                    because(said, field(lane, "reason")) + "; dialled " + count_at(lane, "dials") + " times, " +
                    count_at(lane, "unacknowledged_bytes") + " bytes under way");
  }
  const json& ledger = field(peer, "ledger");
  lines.push_back("messages    " + count_at(field(ledger, "submitted"), "messages") + " submitted, " +
                  count_at(field(ledger, "held"), "messages") + " held; " + outcomes(ledger));
  lines.push_back("room        " + count_at(peer, "outbound_room") + " bytes out, " + count_at(peer, "inbound_room") +
                  " bytes in");
  return lines;
}

struct Told {
  std::int64_t ago = 0;
  const json* event = nullptr;
  std::string node;
};

}  // namespace

Style style_of(const std::string& state) {
  if (state == "up" || state == "serving" || state == "closed") return Style::good;
  if (state == "unreachable" || state == "isolated" || state == "open") return Style::bad;
  return Style::warn;
}

Lines silent_lines(const std::vector<Answer>& answers, const Terminal& terminal) {
  Lines lines;
  for (const Answer& answer : answers) {
    if (!answer.fine()) lines.push_back(terminal.styled(answer.problem, Style::bad));
  }
  return lines;
}

Lines status_lines(const std::vector<Answer>& answers, const Terminal& terminal) {
  return answers.size() == 1 ? one_status(answers[0].said, terminal) : many_status(answers, terminal);
}

Lines peers_lines(const std::vector<Answer>& answers, const Terminal& terminal) {
  return answers.size() == 1 ? one_peers(answers[0].said, terminal) : many_peers(answers, terminal);
}

Lines peer_lines(const std::vector<Answer>& answers, const std::string& id, const Terminal& terminal) {
  Lines lines;
  for (const Answer& answer : answers) {
    if (!answer.fine()) continue;
    if (!lines.empty()) lines.emplace_back();
    append(lines, one_peer(answer.said, row_of(answer.said, id), terminal));
  }
  return lines;
}

Lines channels_lines(const std::vector<Answer>& answers, const Terminal& terminal) {
  Lines lines;
  if (answers.size() == 1) lines.push_back(view_of(answers[0].said));
  Table table{{{answers.size() == 1 ? "" : "node"},
               {"peer"},
               {"type"},
               {"queued", Align::right},
               {"in flight", Align::right},
               {"oldest", Align::right},
               {"breaker"},
               {"ended"}}};
  for (const Answer& answer : answers) {
    for (const json& row : rows(answer.said, "channels")) {
      const std::string name = text_at(row, "name");
      const std::string breaker = text_at(field(row, "breaker"), "state");
      const std::string type = flag_at(row, "replies") ? "(replies)" : name.empty() ? text_at(row, "type") : name;
      table.row({answers.size() == 1 ? "" : text_at(answer.said, "node"), text_at(row, "peer"), type,
                 count_at(row, "queued_messages"), count_at(row, "sent_messages"),
                 about_time(number_at(row, "oldest_age_us")), terminal.styled(breaker, style_of(breaker)),
                 outcomes(field(row, "ledger"))});
    }
  }
  append(lines, table.lines(terminal));
  return lines;
}

Lines events_lines(const std::vector<Answer>& answers, std::int64_t since_us, const Terminal& terminal) {
  std::vector<Told> all;
  for (const Answer& answer : answers) {
    for (const json& event : rows(answer.said, "events")) {
      const std::int64_t ago = ago_us(answer.said, number_at(event, "at_us"));
      if (since_us > 0 && ago > since_us) continue;
      all.push_back({ago, &event, text_at(answer.said, "node")});
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Told& a, const Told& b) { return a.ago > b.ago; });
  Lines lines;
  if (answers.size() == 1) lines.push_back(view_of(answers[0].said));
  Table table{{{answers.size() == 1 ? "" : "node"},
               {"number", Align::right},
               {"ago", Align::right},
               {"kind"},
               {"peer"},
               {"cause"},
               {"what"}}};
  for (const Told& told : all) {
    const json& event = *told.event;
    table.row({answers.size() == 1 ? "" : told.node, count_at(event, "number"), about_time(told.ago),
               text_at(event, "kind"), text_at(event, "peer"), text_at(event, "cause"), text_at(event, "text")});
  }
  append(lines, table.lines(terminal));
  return lines;
}

Lines members_lines(const std::vector<Answer>& status, const std::vector<Answer>& peers, const Terminal& terminal) {
  Lines lines;
  for (std::size_t at = 0; at < status.size(); ++at) {
    const json& said = status[at].said;
    if (!status[at].fine()) continue;
    if (!lines.empty()) lines.emplace_back();
    const json& view = rows(said, "view");
    const json& epoch = field(said, "epoch");
    if (view.empty()) {
      lines.push_back(text_at(said, "node") + " is in no view (strategy " + text_at(said, "strategy") +
                      "): these are the nodes it is configured with");
    } else {
      lines.push_back(text_at(said, "node") + ": view of epoch " + text_at(epoch, "counter") + ", " +
                      std::to_string(view.size()) + " members, " +
                      (flag_at(said, "view_settled") ? "settled" : "not settled: an older view may still be served"));
    }
    std::map<std::string, std::string> in_view;
    for (const json& member : view) in_view[text_at(member, "id")] = text_at(member, "incarnation");
    Table table{{{"member"}, {"in the view"}, {"incarnation"}, {"state"}, {"because"}}};
    const std::string self = text_at(said, "node");
    std::map<std::string, const json*> known{{self, nullptr}};
    for (const auto& [id, incarnation] : in_view) known[id] = nullptr;
    for (const json& peer : rows(peers[at].said, "peers")) known[text_at(peer, "id")] = &peer;
    for (const auto& [id, peer] : known) {
      const bool itself = id == self;
      const json& row = peer == nullptr ? field(json{}, "") : *peer;
      const std::string state = itself ? text_at(said, "stance") : text_at(row, "state");
      const auto found = in_view.find(id);
      const std::string incarnation = found != in_view.end() ? found->second
                                      : itself               ? text_at(said, "incarnation")
                                                             : text_at(row, "incarnation");
      const std::string inside = view.empty()             ? "-"
                                 : found != in_view.end() ? "yes"
                                                          : terminal.styled("no", Style::warn);
      table.row({id + (itself ? " (itself)" : ""), inside, incarnation, terminal.styled(state, style_of(state)),
                 itself ? because(said, field(said, "stance_reason")) : because(peers[at].said, field(row, "reason"))});
    }
    append(lines, table.lines(terminal));
  }
  return lines;
}

}  // namespace hawser::tools
