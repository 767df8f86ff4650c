#include "top_view.hpp"

#include "inspect_fields.hpp"
#include "inspect_merge.hpp"
#include "inspect_show.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace hawser::tools {
namespace {

using Json = nlohmann::json;

struct ColumnOf {
  std::string_view title;
  Align align = Align::left;
  bool number = false;  // sorts by number, the largest first
};

constexpr std::array<ColumnOf, 9> channel_columns{{{"node"},
                                                   {"peer"},
                                                   {"type"},
                                                   {"queued", Align::right, true},
                                                   {"flight", Align::right, true},
                                                   {"oldest", Align::right, true},
                                                   {"in/s", Align::right, true},
                                                   {"ended/s", Align::right, true},
                                                   {"breaker"}}};
constexpr std::array<ColumnOf, 8> peer_columns{{{"node"},
                                                {"peer"},
                                                {"state"},
                                                {"phi", Align::right, true},
                                                {"rtt", Align::right, true},
                                                {"held", Align::right, true},
                                                {"breaker"},
                                                {"because"}}};

std::vector<ColumnOf> columns_of(TopPage page) {
  if (page == TopPage::channels) return {channel_columns.begin(), channel_columns.end()};
  return {peer_columns.begin(), peer_columns.end()};
}

std::int64_t ended_of(const Json& ledger) {
  std::int64_t sum = 0;
  const Json& outcomes = field(ledger, "outcomes");
  if (!outcomes.is_object()) return 0;
  for (const auto& [word, count] : outcomes.items()) sum = plus(sum, number_at(count, "messages"));
  return sum;
}

double per_second(std::int64_t before, std::int64_t now, std::int64_t us) {
  return us <= 0 || now < before
             ? 0
             : (static_cast<double>(now) - static_cast<double>(before)) * 1e6 / static_cast<double>(us);
}

std::string type_of(const Json& row) {
  if (flag_at(row, "replies")) return "(replies)";
  const std::string name = text_at(row, "name");
  return name.empty() ? text_at(row, "type") : name;
}

}  // namespace

std::vector<std::string_view> TopView::columns(TopPage page) {
  std::vector<std::string_view> titles;
  for (const ColumnOf& column : columns_of(page)) titles.push_back(column.title);
  return titles;
}

bool TopView::sort_by(std::string_view column) {
  for (const TopPage page : {TopPage::channels, TopPage::peers}) {
    const std::vector<std::string_view> all = columns(page);
    const auto found = std::find(all.begin(), all.end(), column);
    if (found == all.end()) continue;
    page_ = page;
    sort_ = static_cast<std::size_t>(found - all.begin());
    return true;
  }
  return false;
}

std::string TopView::key_of(const Json& said, const Json& row) {
  return text_at(said, "node") + " " + text_at(row, "peer") + " " + text_at(row, "type") +
         (flag_at(row, "replies") ? "r" : "");
}

void TopView::count(const Answer& answer) {
  const Json& said = answer.said;
  for (const Json& row : tools::rows(said, "channels")) {
    const Json& ledger = field(row, "ledger");
    Counted now{text_at(said, "incarnation"),
                number_at(said, "taken_at_us"),
                number_at(field(ledger, "submitted"), "messages"),
                ended_of(ledger),
                0,
                0};
    Counted& before = counted_[key_of(said, row)];
    const std::int64_t us = before.taken_at_us == 0 ? 0 : ago_us(said, before.taken_at_us);
    if (before.incarnation == now.incarnation && us == 0) continue;  // the same snapshot again
    if (before.incarnation == now.incarnation) {
      now.submitted_rate = per_second(before.submitted, now.submitted, us);
      now.ended_rate = per_second(before.ended, now.ended, us);
    }
    before = now;
  }
}

void TopView::take(std::vector<Answer> status, std::vector<Answer> peers, std::vector<Answer> channels) {
  status_ = std::move(status);
  peers_ = std::move(peers);
  channels_ = std::move(channels);
  constexpr std::size_t counted_max = 100'000;
  if (counted_.size() > counted_max) counted_.clear();  // of nodes and peers that have gone
  for (const Answer& answer : channels_) count(answer);
}

int TopView::code() const noexcept {
  return std::max({highest_code(status_), highest_code(peers_), highest_code(channels_)});
}

std::vector<TopView::Row> TopView::channel_rows() const {
  std::vector<Row> all;
  for (const Answer& answer : channels_) {
    for (const Json& row : tools::rows(answer.said, "channels")) {
      if (!row.is_object()) continue;
      const auto rate = counted_.find(key_of(answer.said, row));
      const double in = rate == counted_.end() ? 0 : rate->second.submitted_rate;
      const double out = rate == counted_.end() ? 0 : rate->second.ended_rate;
      const std::int64_t oldest = number_at(row, "oldest_age_us");
      const std::int64_t queued = number_at(row, "queued_messages");
      const std::int64_t flight = number_at(row, "sent_messages");
      const std::string node = text_at(answer.said, "node");
      all.push_back(
          {node,
           &answer.said,
           &row,
           {node, text_at(row, "peer"), type_of(row), std::to_string(queued), std::to_string(flight),
            about_time(oldest), fixed(in, 1), fixed(out, 1), text_at(field(row, "breaker"), "state")},
           {0, 0, 0, static_cast<double>(queued), static_cast<double>(flight), static_cast<double>(oldest), in, out, 0},
           in,
           out});
    }
  }
  return all;
}

std::vector<TopView::Row> TopView::peer_rows() const {
  std::vector<Row> all;
  for (const Answer& answer : peers_) {
    const std::string node = text_at(answer.said, "node");
    for (const Json& row : tools::rows(answer.said, "peers")) {
      if (!row.is_object()) continue;
      const std::int64_t round_trip = number_at(row, "round_trip_us");
      const std::int64_t held = number_at(field(field(row, "ledger"), "held"), "messages");
      const double phi = real_at(row, "phi");
      all.push_back({node,
                     &answer.said,
                     &row,
                     {node, text_at(row, "id"), text_at(row, "state") + (flag_at(row, "degraded") ? ", degraded" : ""),
                      fixed(phi, 1), round_trip > 0 ? about_time(round_trip) : "", std::to_string(held),
                      text_at(field(row, "breaker"), "state"), because(answer.said, field(row, "reason"))},
                     {0, 0, 0, phi, static_cast<double>(round_trip), static_cast<double>(held), 0, 0},
                     0,
                     0});
    }
  }
  return all;
}

std::vector<TopView::Row> TopView::rows() const {
  std::vector<Row> all = page_ == TopPage::channels ? channel_rows() : peer_rows();
  if (!filter_.empty()) {
    std::erase_if(all, [this](const Row& row) {
      return std::none_of(row.cells.begin(), row.cells.end(),
                          [this](const std::string& cell) { return cell.find(filter_) != std::string::npos; });
    });
  }
  sort(all);
  return all;
}

void TopView::sort(std::vector<Row>& rows) const {
  const bool number = columns_of(page_)[sort_].number;
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    if (number) return reversed_ ? a.numbers[sort_] < b.numbers[sort_] : a.numbers[sort_] > b.numbers[sort_];
    return reversed_ ? a.cells[sort_] > b.cells[sort_] : a.cells[sort_] < b.cells[sort_];
  });
}

void TopView::move(std::int64_t lines) {
  const std::int64_t last = std::max<std::int64_t>(static_cast<std::int64_t>(rows().size()) - 1, 0);
  first_ = static_cast<std::size_t>(std::clamp<std::int64_t>(static_cast<std::int64_t>(first_) + lines, 0, last));
}

bool TopView::type(const Key& key) {
  switch (key.kind) {
    case Key::Kind::quit:
      return false;
    case Key::Kind::enter:
      typing_ = false;
      return true;
    case Key::Kind::escape:
      typing_ = false;
      filter_.clear();
      return true;
    case Key::Kind::erase:
      while (!filter_.empty() && (static_cast<unsigned char>(filter_.back()) & 0xc0u) == 0x80u) filter_.pop_back();
      if (!filter_.empty()) filter_.pop_back();
      return true;
    case Key::Kind::text:
      if (filter_.size() + key.text.size() <= filter_bytes_max) filter_ += printable(key.text);
      first_ = 0;
      return true;
    default:
      return true;
  }
}

bool TopView::press(const Key& key) {
  constexpr std::int64_t page = 10;
  if (typing_) return type(key);
  const std::size_t count = columns_of(page_).size();
  if (key.kind == Key::Kind::quit || key.is('q')) return false;
  if (key.kind == Key::Kind::up || key.is('k')) move(-1);
  if (key.kind == Key::Kind::down || key.is('j')) move(1);
  if (key.kind == Key::Kind::page_up) move(-page);
  if (key.kind == Key::Kind::page_down) move(page);
  if (key.kind == Key::Kind::home) first_ = 0;
  if (key.kind == Key::Kind::end) move(1'000'000);
  if (key.kind == Key::Kind::escape) filter_.clear();
  if (key.kind == Key::Kind::left || key.is('<')) sort_ = (sort_ + count - 1) % count;
  if (key.kind == Key::Kind::right || key.is('>')) sort_ = (sort_ + 1) % count;
  if (key.is('r')) reversed_ = !reversed_;
  if (key.is(' ')) paused_ = !paused_;
  if (key.is('?') || key.is('h')) help_ = !help_;
  if (key.is('/')) typing_ = true;
  const TopPage wanted = key.is('c') ? TopPage::channels : key.is('p') ? TopPage::peers : page_;
  if (wanted != page_) {
    page_ = wanted;
    sort_ = 0;
    first_ = 0;
    reversed_ = false;
  }
  return true;
}

std::vector<std::string> TopView::head(const Terminal& terminal) const {
  std::vector<std::string> lines;
  for (const Answer& answer : status_) {
    if (!answer.fine()) {
      lines.push_back(terminal.styled(answer.problem, Style::bad));
      continue;
    }
    const Json& said = answer.said;
    const Json& peers = field(said, "peers");
    const std::string stance = text_at(said, "stance");
    lines.push_back(terminal.styled(text_at(said, "node"), Style::bold) + " " +
                    terminal.styled(stance, style_of(stance)) + "  peers " + count_at(peers, "up") + " up, " +
                    std::to_string(plus(number_at(peers, "suspect"), number_at(peers, "unreachable"))) +
                    " doubted  held " + count_at(field(field(said, "ledger"), "held"), "messages") + "  lag " +
                    about_time(number_at(said, "loop_lag_us")));
  }
  for (const std::string& sentence : peer_disputes(peers_))
    lines.push_back(terminal.styled("! " + sentence, Style::bad));
  return lines;
}

std::vector<std::string> TopView::lines(const Terminal& terminal, std::size_t height) const {
  std::vector<std::string> lines = head(terminal);
  // The rows are what it is for: at most half of the screen goes to what stands above them.
  if (lines.size() > height / 2) lines.resize(std::max<std::size_t>(height / 2, 1));
  const std::vector<ColumnOf> all = columns_of(page_);
  std::string foot = std::string{page_ == TopPage::channels ? "channels" : "peers"} + " by " +
                     std::string{all[sort_].title} + (reversed_ ? ", reversed" : "");
  if (typing_ || !filter_.empty()) foot += "  filter: " + filter_ + (typing_ ? "_" : "");
  if (paused_) foot += "  PAUSED";
  lines.push_back(foot + "  (? keys)");
  if (help_) {
    lines.push_back("c channels  p peers  < > column to sort by  r reverse  / filter, Enter keeps it, Esc clears it");
    lines.push_back("arrows, PgUp, PgDn, Home, End scroll  space pause  q quit");
  }
  std::vector<Table::Column> columns;
  for (const ColumnOf& column : all) columns.push_back({std::string{column.title}, column.align});
  Table table{std::move(columns)};
  const std::vector<Row> sorted = rows();
  const std::size_t room = height > lines.size() + 1 ? height - lines.size() - 1 : 1;
  const std::size_t from = std::min(first_, sorted.empty() ? 0 : sorted.size() - 1);
  for (std::size_t at = from; at < sorted.size() && at < from + room; ++at) {
    std::vector<std::string> cells = sorted[at].cells;
    const std::size_t breaker = page_ == TopPage::channels ? 8 : 6;
    cells[breaker] = terminal.styled(cells[breaker], style_of(cells[breaker]));
    if (page_ == TopPage::peers) cells[2] = terminal.styled(cells[2], style_of(cells[2]));
    table.row(std::move(cells));
  }
  const std::vector<std::string> drawn = table.lines(terminal);
  lines.insert(lines.end(), drawn.begin(), drawn.end());
  return lines;
}

nlohmann::json TopView::json() const {
  nlohmann::json out = {{"api", 1}, {"rows", nlohmann::json::array()}, {"problems", nlohmann::json::array()}};
  for (const Row& row : rows()) {
    nlohmann::json each = *row.fields;
    each["node"] = row.node;
    each["taken_at_us"] = number_at(*row.said, "taken_at_us");
    if (page_ == TopPage::channels) {
      each["submitted_per_second"] = row.submitted_rate;
      each["ended_per_second"] = row.ended_rate;
    }
    out["rows"].push_back(std::move(each));
  }
  for (const Answer& answer : channels_) {
    if (!answer.fine()) out["problems"].push_back(answer.problem);
  }
  return out;
}

}  // namespace hawser::tools
