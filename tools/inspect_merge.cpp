#include "inspect_merge.hpp"

#include "inspect_fields.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <utility>

namespace hawser::tools {
namespace {

using nlohmann::json;

struct Word {
  std::string node;  // who says so
  std::string state;
  std::string cause;
};

// `unreachable (silent)`
std::string phrase(const Word& word) { return word.state + (word.cause.empty() ? "" : " (" + word.cause + ")"); }

bool doubtful(const std::string& state) { return state == "suspect" || state == "unreachable"; }

// What nodes say of each other node; nobody's word about itself.
std::map<std::string, std::vector<Word>> words_by_peer(const std::vector<Answer>& answers) {
  std::map<std::string, std::vector<Word>> words;
  for (const Answer& answer : answers) {
    if (!answer.fine()) continue;
    const std::string node = text_at(answer.said, "node");
    for (const json& peer : rows(answer.said, "peers")) {
      const std::string id = text_at(peer, "id");
      if (id == node) continue;
      words[id].push_back({node, text_at(peer, "state"), text_at(field(peer, "reason"), "cause")});
    }
  }
  return words;
}

std::set<std::string> who_answers(const std::vector<Answer>& answers) {
  std::set<std::string> nodes;
  for (const Answer& answer : answers) {
    if (answer.fine()) nodes.insert(text_at(answer.said, "node"));
  }
  return nodes;
}

// `n1 and n2`
std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t at = 0; at < names.size(); ++at) {
    text += at == 0 ? "" : at + 1 == names.size() ? " and " : ", ";
    text += names[at];
  }
  return text;
}

std::vector<std::string> disputes_of(const std::string& peer, const std::vector<Word>& words, bool answers) {
  std::map<std::string, std::vector<std::string>> by_state;
  for (const Word& word : words) by_state[word.state].push_back(word.node + " says " + peer + " is " + phrase(word));
  std::vector<std::string> sentences;
  if (by_state.size() > 1) {
    std::vector<std::string> claims;
    for (const auto& [state, said] : by_state) claims.insert(claims.end(), said.begin(), said.end());
    sentences.push_back(joined(claims));
  }
  if (!answers) return sentences;
  std::vector<std::string> doubts;
  for (const Word& word : words) {
    if (doubtful(word.state)) doubts.push_back(word.node + " says " + peer + " is " + phrase(word));
  }
  if (!doubts.empty()) sentences.push_back(joined(doubts) + ", and " + peer + " itself answers here: it is alive");
  return sentences;
}

}  // namespace

const json& row_of(const json& said, const std::string& id) {
  static const json nothing;
  for (const json& peer : rows(said, "peers")) {
    if (text_at(peer, "id") == id) return peer;
  }
  return nothing;
}

std::set<std::string> disputed_peers(const std::vector<Answer>& peers) {
  const std::set<std::string> alive = who_answers(peers);
  std::set<std::string> disputed;
  for (const auto& [peer, words] : words_by_peer(peers)) {
    if (!disputes_of(peer, words, alive.contains(peer)).empty()) disputed.insert(peer);
  }
  return disputed;
}

std::vector<std::string> peer_disputes(const std::vector<Answer>& peers) {
  const std::set<std::string> alive = who_answers(peers);
  std::vector<std::string> sentences;
  for (const auto& [peer, words] : words_by_peer(peers)) {
    for (std::string& sentence : disputes_of(peer, words, alive.contains(peer)))
      sentences.push_back(std::move(sentence));
  }
  return sentences;
}

std::vector<std::string> status_disputes(const std::vector<Answer>& status) {
  struct Serving {
    std::string node;
    std::string epoch;
    std::string proposer;
  };
  std::vector<Serving> serving;
  std::map<std::string, std::vector<std::string>> clusters;
  std::map<std::string, std::vector<std::string>> strategies;
  std::map<std::string, std::set<std::string>> lives;
  std::vector<std::string> sentences;
  for (const Answer& answer : status) {
    if (!answer.fine()) continue;
    const std::string node = text_at(answer.said, "node");
    clusters[text_at(answer.said, "cluster")].push_back(node);
    strategies[text_at(answer.said, "strategy")].push_back(node);
    lives[node].insert(text_at(answer.said, "incarnation"));
    if (!flag_at(answer.said, "may_serve") || rows(answer.said, "view").empty()) continue;
    const json& epoch = field(answer.said, "epoch");
    serving.push_back({node, text_at(epoch, "counter"), count_at(epoch, "proposer")});
  }
  for (std::size_t at = 1; at < serving.size(); ++at) {
    const Serving& one = serving[0];
    const Serving& other = serving[at];
    if (one.epoch == other.epoch && one.proposer == other.proposer) continue;
    sentences.push_back(one.node + " serves in epoch " + one.epoch + "/" + one.proposer + " and " + other.node +
                        " in epoch " + other.epoch + "/" + other.proposer +
                        ": normal for up to one lease, while a view changes");
  }
  const auto differ = [&](const std::map<std::string, std::vector<std::string>>& groups, const std::string& what) {
    if (groups.size() < 2) return;
    std::vector<std::string> claims;
    for (const auto& [value, nodes] : groups) claims.push_back(joined(nodes) + " " + what + " '" + value + "'");
    sentences.push_back(joined(claims) + ": they turn each other away");
  };
  differ(clusters, "of the cluster");
  differ(strategies, "with the strategy");
  for (const auto& [node, incarnations] : lives) {
    if (incarnations.size() > 1)
      sentences.push_back("two processes answer as " + node + ": only the newer one is listened to");
  }
  return sentences;
}

}  // namespace hawser::tools
