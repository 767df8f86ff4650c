#include <hawser/sim/books.hpp>

#include <algorithm>

namespace hawser::sim {
namespace {

constexpr Duration confirming{2'000'000};

std::string ms(Duration span) { return std::to_string(span.count() / 1000) + " ms"; }

Duration share(Duration span, double part) {
  return Duration{span.count() * static_cast<std::int64_t>(part * 1'000'000.0) / 1'000'000};
}

// How long it takes a clock that is as slow as drift allows to show that `span` has passed.
Duration on_slow_clock(Duration span, double drift) {
  const std::int64_t rate = 1'000'000 - static_cast<std::int64_t>(drift * 1'000'000.0);
  return Duration{(span.count() * 1'000'000 + rate - 1) / rate};
}

std::string text_of(const RunId& run) {
  return run.node + " (incarnation " + std::to_string(to_number(run.incarnation)) + ')';
}

}  // namespace

std::string Books::name_of(std::uint64_t number, const Record& record) const {
  return "message " + std::to_string(number) + " of " + text_of(record.channel.from) + " to " + record.channel.to;
}

Books::Record* Books::find(std::uint64_t number, const char* who) {
  const auto found = messages_.find(number);
  if (found != messages_.end()) return &found->second;
  findings_.add(Invariant::conservation, {},
                std::string{who} + " saw message " + std::to_string(number) + ", which nobody submitted");
  return nullptr;
}

const BookRow* Books::row(const ChannelKey& key) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : &found->second;
}

void Books::submitted(std::uint64_t number, const ChannelKey& channel, std::uint64_t bytes, Duration ttl,
                      WorldTime at) {
  Record& record = messages_[number];
  record.channel = channel;
  record.bytes = bytes;
  record.ttl = ttl;
  record.at = at;
  rows_[channel].submitted += {1, bytes};
  record.look_at = end_limit(record);
  due_.emplace(record.look_at, number);
}

void Books::handled(std::uint64_t number, const RunId& by, const RunId& sender, WorldTime at) {
  Record* record = find(number, "a handler");
  if (record == nullptr) return;
  const ChannelKey& channel = record->channel;
  const std::vector<std::string> nodes{channel.from.node, by.node};
  const std::string name = name_of(number, *record);
  if (over_.contains(by)) {
    findings_.add(Invariant::hygiene, nodes, name + " started a handler of " + text_of(by) + ", which has ended");
  }
  if (by.node != channel.to || sender != channel.from) {
    findings_.add(Invariant::conservation, nodes, name + " came to " + by.node + " as one of " + text_of(sender));
  }
  if (record->handled) findings_.add(Invariant::at_most_once, nodes, name + " was handled a second time");
  if (record->ended && hawser::handled(record->outcome) == Handled::no) {
    findings_.add(Invariant::conservation, nodes,
                  name + " is handled after its sender was told " + std::string{to_string(record->outcome)});
  }
  const Duration age = at - record->at;
  // A clock that stood, or jumped, is found out by the next round trip, and there may have been none since.
  const Duration silence =
      lateness_.unconfirmed ? lateness_.unconfirmed(by.node, channel.from.node, at) : Duration::zero();
  const Duration known = std::min(record->at - world_begin, (at - world_begin) - silence);
  const WorldTime begin = world_begin + std::max(known - confirming, Duration::zero());
  const bool timed = !misled_since(channel.from.node, begin) && !misled_since(by.node, begin);
  if (const Duration error = slack(*record, by, at); timed && age > record->ttl + error) {
    findings_.add(Invariant::ttl, nodes,
                  name + " is handled at an age of " + ms(age) + ", its TTL is " + ms(record->ttl) + " and the error " +
                      ms(error));
  }
  std::uint64_t& last = last_[channel];
  if (!record->handled && last > number) {
    findings_.add(Invariant::order, nodes, name + " is handled after number " + std::to_string(last));
  }
  last = std::max(last, number);
  Incarnation& newest = newest_[{by.node, channel.from.node}];
  if (channel.from.incarnation < newest) {
    findings_.add(Invariant::fencing, nodes,
                  name + " is handled after one of incarnation " + std::to_string(to_number(newest)));
  }
  newest = std::max(newest, channel.from.incarnation);
  record->handled = true;
  ++rows_[channel].handled;
  ++handled_;
}

void Books::clock_stands(const std::string& node, bool stands, WorldTime at) {
  const auto known = stood_until_.find(node);
  if (stands) {
    stood_until_[node] = world_never;
  } else if (known != stood_until_.end() && known->second == world_never) {
    known->second = at;
  }
}

// Only ages are in doubt: a clock that jumps forward ends nothing later.
void Books::clock_jumped(const std::string& node, WorldTime at) { jumped_at_[node] = at; }

bool Books::misled_since(const std::string& node, WorldTime at) const {
  const auto known = stood_until_.find(node);
  const auto jumped = jumped_at_.find(node);
  return (known != stood_until_.end() && known->second >= at) || (jumped != jumped_at_.end() && jumped->second >= at);
}

void Books::timers_late(const std::string& node, Duration most, WorldTime at) {
  const auto known = late_timers_.find(node);
  if (most > Duration::zero()) {
    const bool more = known != late_timers_.end() && known->second.until >= at;
    late_timers_[node] = {more ? std::max(most, known->second.most) : most, world_never};
  } else if (known != late_timers_.end() && known->second.until == world_never) {
    known->second.until = later(at, known->second.most);  // those that were set by then
  }
}

Duration Books::late_since(const std::string& node, WorldTime at) const {
  const auto known = late_timers_.find(node);
  return known != late_timers_.end() && known->second.until >= at ? known->second.most : Duration::zero();
}

// The receiver knows the sender's clock from their last round trips, and leaves room for what both may have drifted
// since. Where these were slow it goes on with an older one that was fast, and its drift, as long as that explains more
// than they do; the slowest that counts is an answer all the same.
Duration Books::slack(const Record& record, const RunId& by, WorldTime at) const {
  Duration since = (at - record.at) + Duration{2'000'000};
  if (lateness_.unconfirmed) {
    // A silence is forgiven as far as an answer may take.
    since += std::min(lateness_.unconfirmed(by.node, record.channel.from.node, at), lateness_.trusted);
  }
  Duration hidden{0};
  if (lateness_.queued) {
    const Duration slow = lateness_.queued(by.node, record.channel.from.node);
    hidden = std::min(share(2 * slow, lateness_.drift), lateness_.answer_max);
  }
  return lateness_.quantum + lateness_.base_delay + share(2 * since, lateness_.drift) + hidden;
}

// A message that was sent waits for its verdict a little beyond its TTL. Its sender reckons both on its own clock,
// which may be slow, and learns of the end by a timer. Nobody tells anything while its process does not run.
WorldTime Books::end_limit(const Record& record) const {
  const Duration planned = record.ttl + lateness_.verdict_window + 2 * lateness_.quantum;
  const Duration span = on_slow_clock(planned, lateness_.drift) + late_since(record.channel.from.node, record.at);
  WorldTime limit = later(record.at, span);
  const auto again = ran_again_.find(record.channel.from.node);
  if (again != ran_again_.end())
    limit = std::max(limit, later(again->second, lateness_.verdict_window + 2 * lateness_.quantum));
  const auto stood = stood_until_.find(record.channel.from.node);
  if (stood != stood_until_.end() && stood->second >= record.at) limit = std::max(limit, later(stood->second, span));
  return limit;
}

void Books::overdue(std::uint64_t number, const Record& record, WorldTime now) {
  findings_.add(
      Invariant::conservation, {record.channel.from.node, record.channel.to},
      name_of(number, record) + " has no outcome after " + ms(now - record.at) + ", its TTL is " + ms(record.ttl));
}

void Books::ended(std::uint64_t number, const Outcome& outcome, WorldTime at) {
  Record* record = find(number, "a sender");
  if (record == nullptr) return;
  const std::vector<std::string> nodes{record->channel.from.node, record->channel.to};
  const std::string name = name_of(number, *record);
  const std::string word{to_string(outcome.kind)};
  if (over_.contains(record->channel.from)) {
    findings_.add(Invariant::hygiene, nodes, name + " ended as " + word + " after its process had");
  }
  if (record->ended) {
    findings_.add(Invariant::conservation, nodes,
                  name + " ended as " + std::string{to_string(record->outcome)} + " and again as " + word);
    return;
  }
  if (outcome.handled() == Handled::yes && !record->handled) {
    findings_.add(Invariant::conservation, nodes, name + " ended as " + word + ", and no handler saw it");
  }
  if (outcome.handled() == Handled::no && record->handled) {
    findings_.add(Invariant::conservation, nodes, name + " ended as " + word + ", and a handler saw it");
  }
  if (at > end_limit(*record)) {
    findings_.add(
        Invariant::ttl, nodes,
        name + " ended as " + word + " only after " + ms(at - record->at) + ", its TTL is " + ms(record->ttl));
  }
  record->ended = true;
  record->outcome = outcome.kind;
  rows_[record->channel].told[static_cast<std::size_t>(outcome.kind)] += {1, record->bytes};
  due_.erase({record->look_at, number});
}

void Books::compare(const ChannelKey& key, const LedgerRow& shown, bool at_rest) {
  static const BookRow nothing;
  const BookRow* counted = row(key);
  const BookRow& own = counted == nullptr ? nothing : *counted;
  const std::vector<std::string> nodes{key.from.node, key.to};
  const auto say = [&](const std::string& what, std::uint64_t theirs, std::uint64_t ours) {
    findings_.add(Invariant::conservation, nodes,
                  key.from.node + " shows " + std::to_string(theirs) + ' ' + what + " to " + key.to +
                      ", the simulator counts " + std::to_string(ours));
  };
  if (shown.submitted.messages != own.submitted.messages)
    say("messages submitted", shown.submitted.messages, own.submitted.messages);
  if (shown.submitted.bytes != own.submitted.bytes) say("bytes submitted", shown.submitted.bytes, own.submitted.bytes);
  for (std::size_t i = 0; i < outcome_kind_count; ++i) {
    const std::string word{to_string(static_cast<OutcomeKind>(i))};
    if (shown.outcomes[i].messages != own.told[i].messages)
      say("messages " + word, shown.outcomes[i].messages, own.told[i].messages);
    if (shown.outcomes[i].bytes != own.told[i].bytes) say("bytes " + word, shown.outcomes[i].bytes, own.told[i].bytes);
  }
  if (!at_rest) return;
  if (shown.held.messages != 0) say("messages held at rest", shown.held.messages, 0);
  const std::uint64_t yes = shown[OutcomeKind::delivered].messages + shown[OutcomeKind::refused].messages;
  const std::uint64_t most = yes + shown[OutcomeKind::unknown].messages;
  if (own.handled < yes || own.handled > most) say("messages that may have been handled", most, own.handled);
}

}  // namespace hawser::sim
