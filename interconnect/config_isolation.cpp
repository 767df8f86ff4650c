#include <hawser/interconnect/config_isolation.hpp>

#include <hawser/base/quantity.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

namespace hawser {
namespace {

constexpr const char* voting_role = "voter";
constexpr std::size_t words_max = 4096;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (words.size() < words_max) {
    const std::size_t begin = text.find_first_not_of(" \t,");
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::size_t size = std::min(text.find_first_of(" \t,"), text.size());
    words.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return words;
}

std::string shown(std::string_view word) { return "'" + std::string{word.substr(0, NodeId::size_max)} + "'"; }

class CoterieReader {
 public:
  CoterieReader(const Config& config, std::vector<std::string>& problems) : config_(config), problems_(problems) {}

  CoterieConfig read() {
    result_.strategy = config_.strategy;
    result_.quorum = config_.isolation.quorum;
    referee();
    members();
    voters();
    weights();
    return std::move(result_);
  }

 private:
  void say(std::string sentence) { problems_.push_back(std::move(sentence)); }

  void referee() {
    if (config_.isolation.referee.empty()) return;
    const std::optional<NodeId> id = NodeId::parse(config_.isolation.referee);
    if (id) result_.referee = *id;
    if (!id) say("isolation.referee: " + shown(config_.isolation.referee) + " is no node id");
  }

  void members() {
    std::vector<NodeId> everybody{config_.id};
    for (const PeerConfig& peer : config_.peers) everybody.push_back(peer.id);
    std::sort(everybody.begin(), everybody.end());
    if (config_.isolation.members.empty()) {
      for (const NodeId& id : everybody) add_member(id);
      return;
    }
    for (const std::string_view word : words_of(config_.isolation.members)) {
      const std::optional<NodeId> id = NodeId::parse(word);
      if (!id) {
        say("isolation.members: " + shown(word) + " is no node id");
      } else if (!std::binary_search(everybody.begin(), everybody.end(), *id)) {
        say("isolation.members names " + id->text() + ", which is neither this node nor one of its peers");
      } else {
        add_member(*id);
      }
    }
    for (const NodeId& id : everybody) {
      if (!id.empty() && member(id) == nullptr) say("isolation.members leaves out " + id.text());
    }
  }

  void add_member(const NodeId& id) {
    result_.members.emplace_back();
    result_.members.back().id = id;
  }

  MemberConfig* member(const NodeId& id) {
    const auto found = std::find_if(result_.members.begin(), result_.members.end(),
                                    [&](const MemberConfig& member) { return member.id == id; });
    return found == result_.members.end() ? nullptr : &*found;
  }

  MemberConfig* named(std::string_view key, std::string_view word) {
    const std::optional<NodeId> id = NodeId::parse(word);
    MemberConfig* const found = id ? member(*id) : nullptr;
    if (found == nullptr) say(std::string{key} + " names " + shown(word) + ", which is not a member");
    return found;
  }

  void voters() {
    const auto words = words_of(config_.isolation.voters);
    if (words.empty()) return;
    result_.role = voting_role;
    for (const std::string_view word : words) {
      if (MemberConfig* const found = named("isolation.voters", word)) found->role = voting_role;
    }
  }

  void weights() {
    for (const std::string_view word : words_of(config_.isolation.weights)) {
      const std::size_t equals = word.find('=');
      const std::string_view number = equals == std::string_view::npos ? std::string_view{} : word.substr(equals + 1);
      std::uint32_t weight = 0;
      const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), weight);
      if (number.empty() || error != std::errc{} || end != number.data() + number.size()) {
        say("isolation.weights: " + shown(word) + " is no weight: write for example n1=3");
        continue;
      }
      if (MemberConfig* const found = named("isolation.weights", word.substr(0, equals))) found->weight = weight;
    }
  }

  const Config& config_;
  std::vector<std::string>& problems_;
  CoterieConfig result_;
};

// The core speaks of its settings by their last word.
std::string with_key(const std::string& sentence) {
  if (sentence.starts_with("heartbeat ")) return "detector." + sentence;
  if (sentence.starts_with("lease ") || sentence.starts_with("stable_after ")) return "isolation." + sentence;
  return sentence;
}

bool says_something(const IsolationOptions& options) {
  return !options.members.empty() || !options.weights.empty() || !options.voters.empty() || options.quorum != 0 ||
         !options.referee.empty();
}

}  // namespace

CoterieConfig coterie_of(const Config& config, std::vector<std::string>& problems) {
  return CoterieReader{config, problems}.read();
}

IsolationSettings isolation_settings(const Config& config) {
  IsolationSettings settings;
  settings.heartbeat = config.detector.heartbeat;
  settings.lease = config.isolation.lease;
  settings.stable_after = config.isolation.stable_after;
  settings.drift_ppm = static_cast<std::uint32_t>(std::lround(std::clamp(config.clock_drift, 0.0, 1.0) * 1e6));
  return settings;
}

std::vector<std::string> isolation_problems(const Config& config) {
  std::vector<std::string> found;
  if (config.strategy == Strategy::none) {
    if (says_something(config.isolation)) {
      found.push_back("strategy is none, and [isolation] says who votes how: choose a strategy, or leave that out");
    }
    return found;
  }
  for (const std::string& sentence : problems(isolation_settings(config))) found.push_back(with_key(sentence));
  const std::size_t read = found.size();
  const CoterieConfig coterie = coterie_of(config, found);
  // A coterie of what could not be read would be blamed for what is missing in it.
  if (found.size() != read || config.id.empty()) return found;
  for (const std::string& sentence : Coterie::problems(coterie)) found.push_back("isolation: " + sentence);
  return found;
}

std::vector<std::string> isolation_warnings(const Config& config) {
  if (config.strategy == Strategy::none || !isolation_problems(config).empty()) return {};
  std::vector<std::string> found;
  for (const std::string& sentence : warnings(isolation_settings(config))) found.push_back("isolation: " + sentence);
  std::vector<std::string> ignored;
  const CoterieConfig coterie = coterie_of(config, ignored);
  for (const std::string& sentence : Coterie::warnings(coterie, !config.state_dir.empty())) {
    found.push_back("isolation: " + sentence);
  }
  if (config.strategy == Strategy::arbiter) {
    found.push_back(
        "strategy is arbiter: the program must bring one (hawser::Arbiter); this library and its command have none");
  } else if (config.state_dir.empty()) {
    found.push_back(
        "state_dir is empty: a node that starts again has forgotten its vote, and stays silent for one promise");
  }
  return found;
}

}  // namespace hawser
