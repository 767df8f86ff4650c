#include "resolve_damage.hpp"

#include <hawser/base/nearest.hpp>
#include "text.hpp"

#include <algorithm>

namespace hawser::tools {
namespace {

struct Word {
  std::string_view text;
  std::size_t at;  // character, from 1
};

std::vector<Word> words_of(std::string_view text, char separator, std::size_t at = 1) {
  std::vector<Word> words;
  for (;;) {
    const std::size_t end = std::min(text.find(separator), text.size());
    Word word{text.substr(0, end), at};
    while (word.text.starts_with(' ')) {
      word.text.remove_prefix(1);
      ++word.at;
    }
    while (word.text.ends_with(' ')) word.text.remove_suffix(1);
    words.push_back(word);
    if (end == text.size()) return words;
    text.remove_prefix(end + 1);
    at += end + 1;
  }
}

std::string place_text(const Word& word) { return "character " + std::to_string(word.at) + ": "; }

std::optional<Place> known(std::string_view name, const std::vector<MemberConfig>& members) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [name](const MemberConfig& member) { return member.id.text() == name; });
  if (found == members.end()) return std::nullopt;
  return static_cast<Place>(found - members.begin());
}

std::optional<Place> member(const Word& word, const std::vector<MemberConfig>& members, std::string& problem) {
  if (const auto place = known(word.text, members)) return place;
  std::vector<std::string_view> names;
  std::string all;
  for (const MemberConfig& each : members) {
    names.push_back(each.id.text());
    if (names.size() <= 10) all += (all.empty() ? "" : ", ") + each.id.text();
  }
  if (names.size() > 10) all += ", ...";
  problem = place_text(word);
  if (word.text.empty()) {
    problem += "a member's name is missing; the members are " + all;
    return std::nullopt;
  }
  const std::string_view near = nearest_name(word.text, names);
  problem += "there is no member '" + printable(word.text.substr(0, 64)) + "'; " +
             (near.empty() ? "the members are " + all : "did you mean '" + std::string{near} + "'?");
  return std::nullopt;
}

// Where the sign stands: a `>`, or the `-` that has a member's name on both sides, else the first one at all.
std::size_t sign_of(std::string_view text, const std::vector<MemberConfig>& members) {
  if (const std::size_t arrow = text.find('>'); arrow != std::string_view::npos) return arrow;
  for (std::size_t dash = text.find('-'); dash != std::string_view::npos; dash = text.find('-', dash + 1)) {
    if (known(words_of(text.substr(0, dash), '|').front().text, members) &&
        known(words_of(text.substr(dash + 1), '|').front().text, members)) {
      return dash;
    }
  }
  return text.find('-');
}

}  // namespace

void Damage::cut_off(const MemberSet& side) {
  for (std::size_t i = 0; i < members(); ++i) {
    for (std::size_t j = 0; j < members(); ++j) {
      const auto a = static_cast<Place>(i);
      const auto b = static_cast<Place>(j);
      if (side.has(a) != side.has(b)) lose(a, b);
    }
  }
}

MemberSet Damage::links_of(Place place) const {
  MemberSet links;
  for (std::size_t i = 0; i < members(); ++i) {
    if (linked(place, static_cast<Place>(i))) links.add(static_cast<Place>(i));
  }
  return links;
}

void read_cut(std::string_view text, const std::vector<MemberConfig>& members, Damage& damage, std::string& problem) {
  if (text.empty()) return;
  std::vector<MemberSet> sides;
  MemberSet seen;
  for (const Word& side : words_of(text, '|')) {
    sides.emplace_back();
    for (const Word& word : words_of(side.text, ',', side.at)) {
      const auto place = member(word, members, problem);
      if (!place) return;
      if (seen.has(*place)) {
        problem = place_text(word) + "'" + std::string{word.text} + "' is named twice; each member is on one side";
        return;
      }
      seen.add(*place);
      sides.back().add(*place);
    }
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (seen.has(static_cast<Place>(i))) continue;
    problem = "'" + members[i].id.text() + "' is on no side; name every member, and part the sides by |";
    return;
  }
  for (const MemberSet& side : sides) damage.cut_off(side);
}

void read_links(std::string_view text, const std::vector<MemberConfig>& members, Damage& damage, std::string& problem) {
  if (text.empty()) return;
  Damage changed = damage;
  for (const Word& word : words_of(text, ',')) {
    const std::size_t sign = sign_of(word.text, members);
    if (sign == std::string_view::npos) {
      problem = place_text(word) + "'" + printable(word.text.substr(0, 64)) +
                "' is no link; write a>b for what a sends to b, a-b for both directions";
      return;
    }
    const auto from = member(words_of(word.text.substr(0, sign), '|', word.at).front(), members, problem);
    if (!from) return;
    const Word second = words_of(word.text.substr(sign + 1), '|', word.at + sign + 1).front();
    const auto to = member(second, members, problem);
    if (!to) return;
    if (from == to) {
      problem = place_text(word) + "'" + std::string{word.text} + "' leads from a member to itself";
      return;
    }
    changed.lose(*from, *to);
    if (word.text[sign] == '-') changed.lose(*to, *from);
  }
  damage = changed;
}

void read_down(std::string_view text, const std::vector<MemberConfig>& members, Damage& damage, std::string& problem) {
  if (text.empty()) return;
  Damage changed = damage;
  for (const Word& word : words_of(text, ',')) {
    const auto place = member(word, members, problem);
    if (!place) return;
    changed.down(*place);
  }
  damage = changed;
}

}  // namespace hawser::tools
