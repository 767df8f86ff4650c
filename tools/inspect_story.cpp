#include "inspect_story.hpp"

#include <hawser/inspect/vocabulary.hpp>
#include "inspect_fields.hpp"
#include "inspect_merge.hpp"
#include "inspect_show.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace hawser::tools {
namespace {

using nlohmann::json;

constexpr std::size_t events_told = 8;

// The word of a step's level for what style_of() shows.
std::string level_of(const std::string& state) {
  const Style style = style_of(state);
  return style == Style::good ? "good" : style == Style::bad ? "bad" : "warn";
}

std::string meaning_of(const std::string& subject, const std::string& word) {
  const WordMeaning* const known = find_word(subject, word);
  return known == nullptr ? "" : ": " + std::string{known->meaning};
}

// `connect_refused`, and what the detail adds to it.
std::string cause_with_detail(const json& reason) {
  const std::string detail = text_at(reason, "detail");
  return text_at(reason, "cause") + (detail.empty() ? "" : " (" + detail + ")");
}

class Story {
 public:
  Story(const StoryMaterial& material, const std::string& id) : material_(material), id_(id) {}

  std::vector<StoryStep> tell() {
    for (std::size_t at = 0; at < material_.peers.size(); ++at) {
      if (!material_.peers[at].fine()) continue;
      who_ = text_at(material_.peers[at].said, "node");
      if (who_ == id_) {
        about_itself(at);
      } else if (const json& peer = row_of(material_.peers[at].said, id_); !peer.is_null()) {
        about_peer(at, peer);
      }
    }
    if (steps_.empty()) return {};
    who_.clear();
    for (const std::string& sentence : peer_disputes(material_.peers)) {
      if (sentence.find(" " + id_ + " ") != std::string::npos) add("others", sentence, "warn");
    }
    for (const auto& [about, remedy] : remedies_) add("remedy", about + ": " + remedy);
    if (remedies_.empty()) add("remedy", "nothing is to be done");
    return std::move(steps_);
  }

 private:
  void add(std::string what, std::string text, std::string level = {}) {
    steps_.push_back({std::move(what), who_, std::move(text), std::move(level)});
  }

  void suggest(const std::string& subject, const std::string& word) {
    const WordMeaning* const known = find_word(subject, word);
    if (known == nullptr || known->remedy.empty()) return;
    // What was said of the peer goes for its connections, too.
    for (const auto& [about, remedy] : remedies_) {
      if (about == word) return;
    }
    remedies_.emplace_back(word, std::string{known->remedy});
  }

  void about_peer(std::size_t at, const json& peer) {
    const json& said = material_.peers[at].said;
    const std::string state = text_at(peer, "state");
    const json& reason = field(peer, "reason");
    const std::string cause = text_at(reason, "cause");
    add("verdict",
        id_ + " is " + state + (flag_at(peer, "degraded") ? " and degraded" : "") + " for " + who_ + ", since " +
            age_of(said, reason) + " ago",
        level_of(state));
    add("cause", cause_with_detail(reason) + meaning_of("peer", cause));
    if (state != "up") suggest("peer", cause);
    evidence(peer);
    if (at < material_.status.size() && material_.status[at].fine())
      own_health(material_.status[at].said, state != "up");
    breaker(said, peer);
    if (at < material_.channels.size()) channels(material_.channels[at].said);
    connections(said, peer, state != "up");
    if (at < material_.events.size()) before(material_.events[at].said, id_);
  }

  void evidence(const json& peer) {
    const std::int64_t sent = number_at(peer, "heartbeats_sent");
    const std::int64_t answered = number_at(peer, "heartbeats_answered");
    const std::int64_t round_trip = number_at(peer, "round_trip_us");
    std::string text = "of " + std::to_string(sent) + " heartbeats it answered " + std::to_string(answered) +
                       "; phi is " + fixed(real_at(peer, "phi"), 1);
    if (round_trip > 0) text += "; its round trip was " + about_time(round_trip);
    text += "; " + count_at(peer, "sessions") + " sessions, lost " + count_at(peer, "flaps") +
            " times after it had been up";
    add("evidence", text);
  }

  // Whoever is ill itself is a poor witness.
  void own_health(const json& status, bool doubts) {
    const json& health = field(status, "local_health");
    const std::string word = text_at(health, "cause");
    if (word == "healthy") {
      if (doubts)
        add("itself", who_ + " itself runs on time, loop lag " + about_time(number_at(status, "loop_lag_us")));
      return;
    }
    add("itself", who_ + " itself is " + because(status, health) + meaning_of("itself", word), "warn");
    suggest("itself", word);
  }

  void breaker(const json& said, const json& peer) {
    const json& breaker = field(peer, "breaker");
    const std::string state = text_at(breaker, "state");
    if (state == "closed" && number_at(breaker, "opened") == 0) return;
    const json& reason = field(breaker, "reason");
    const std::string meaning = state == "open" ? ": sends fail at once instead of waiting" : "";
    add("breaker",
        "the breaker of the peer is " + state + ", " + because(said, reason) + meaning + "; it opened " +
            count_at(breaker, "opened") + " times",
        level_of(state));
  }

  void channels(const json& said) {
    std::int64_t queued = 0;
    std::int64_t in_flight = 0;
    std::int64_t oldest = 0;
    std::string ended;
    for (const json& row : rows(said, "channels")) {
      if (text_at(row, "peer") != id_) continue;
      queued = plus(queued, number_at(row, "queued_messages"));
      in_flight = plus(in_flight, number_at(row, "sent_messages"));
      oldest = std::max(oldest, number_at(row, "oldest_age_us"));
      const std::string name = flag_at(row, "replies") ? "replies" : text_at(row, "name");
      const json& breaker = field(row, "breaker");
      const std::string state = text_at(breaker, "state");
      if (state != "closed") {
        const std::string cause = text_at(field(breaker, "reason"), "cause");
        add("channels", "the breaker of " + name + " is " + state + ", " + because(said, field(breaker, "reason")),
            level_of(state));
        if (state == "open" || state == "half_open") suggest("breaker", cause);
      }
      if (const std::string how = outcomes(field(row, "ledger")); !how.empty()) {
        ended += (ended.empty() ? "" : "; ") + name + ": " + how;
      }
    }
    add("messages", std::to_string(queued) + " wait and " + std::to_string(in_flight) + " are under way to it" +
                        (oldest > 0 ? ", the oldest for " + about_time(oldest) : "") +
                        (ended.empty() ? "" : "; ended: " + ended));
  }

  void connections(const json& said, const json& peer, bool doubted) {
    for (const json& lane : rows(peer, "lanes")) {
      const std::string state = text_at(lane, "state");
      const json& reason = field(lane, "reason");
      const std::string cause = text_at(reason, "cause");
      if (state == "idle") continue;
      std::string text = "the " + text_at(lane, "lane") + " connection is " + state + ": " + cause_with_detail(reason) +
                         ", " + age_of(said, reason) + " ago; dialled " + count_at(lane, "dials") + " times";
      if (const std::string next = due(said, reason); !next.empty() && state == "waiting") {
        text += "; " + next + " (" + about_time(number_at(lane, "next_delay_max_us")) + " at most)";
      }
      add("connection", text, state == "open" ? "good" : "warn");
      if (!doubted || state == "open") continue;
      for (const char* const subject : {"peer", "connection", "refusal"}) suggest(subject, cause);
    }
  }

  void before(const json& said, const std::string& about) {
    std::vector<const json*> mine;
    for (const json& event : rows(said, "events")) {
      const std::string peer = text_at(event, "peer");
      const std::string kind = text_at(event, "kind");
      // What this node was through itself explains much of what it says of others.
      if (peer == about || (peer.empty() && (kind == "stall" || kind == "stance"))) mine.push_back(&event);
    }
    const std::size_t from = mine.size() > events_told ? mine.size() - events_told : 0;
    for (std::size_t at = from; at < mine.size(); ++at) {
      const json& event = *mine[at];
      add("before", about_time(ago_us(said, number_at(event, "at_us"))) + " ago: " + text_at(event, "text") + " [" +
                        text_at(event, "kind") + ", " + text_at(event, "cause") + "]");
    }
  }

  // The node in question answers itself.
  void about_itself(std::size_t at) {
    if (at >= material_.status.size() || !material_.status[at].fine()) return;
    const json& said = material_.status[at].said;
    const json& reason = field(said, "stance_reason");
    const std::string stance = text_at(said, "stance");
    const std::string cause = text_at(reason, "cause");
    add("verdict",
        id_ + " itself answers: it is " + stance + (flag_at(said, "ready") ? "" : ", not ready") + ", since " +
            age_of(said, reason) + " ago",
        level_of(stance));
    add("cause", cause_with_detail(reason) + meaning_of("stance", cause));
    if (stance != "serving") suggest("stance", cause);
    const json& lease = field(said, "lease_remaining_us");
    if (flag_at(said, "may_serve") && lease.is_number_integer()) {
      add("evidence", "it may serve for " + about_time(lease.get<std::int64_t>()) +
                          " without another word of its quorum; epoch " + text_at(field(said, "epoch"), "counter"));
    }
    own_health(said, stance != "serving");
    std::string missing;
    for (const json& peer : rows(material_.peers[at].said, "peers")) {
      const std::string state = text_at(peer, "state");
      if (state == "up" || text_at(peer, "id") == id_) continue;
      missing += (missing.empty() ? "" : ", ") + text_at(peer, "id") + " is " + state + " (" +
                 text_at(field(peer, "reason"), "cause") + ")";
    }
    add("others", missing.empty() ? "it hears all of its peers" : "for it " + missing,
        missing.empty() ? "good" : "warn");
    if (at < material_.events.size()) before(material_.events[at].said, "");
  }

  const StoryMaterial& material_;
  const std::string& id_;
  std::string who_;
  std::vector<StoryStep> steps_;
  std::vector<std::pair<std::string, std::string>> remedies_;
};

}  // namespace

std::vector<StoryStep> tell_story(const StoryMaterial& material, const std::string& id) {
  return Story{material, id}.tell();
}

}  // namespace hawser::tools
