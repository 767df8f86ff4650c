#include "burn.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace hawser::stories {
namespace {

constexpr Duration longest_ttl{4'000'000};
constexpr std::size_t parcel_bytes_min = 16;
constexpr std::size_t parcel_bytes_max = 400'000;  // seven chunks
// Frames that are under way when it is measured: heartbeats and what answers them.
constexpr std::size_t buffers_under_way = 64;

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) count += entry.exists() ? 1 : 0;
  return count;
}

// The number, then a pattern that depends on it: what was put together wrongly is seen.
Message<Parcel> numbered_parcel(std::uint64_t number, std::size_t bytes) {
  Message<Parcel> result = parcel(std::max(bytes, parcel_bytes_min), static_cast<std::uint8_t>(number));
  std::memcpy(result->getBytes().begin(), &number, sizeof number);
  return result;
}

std::uint64_t number_of(Parcel::Reader got) {
  const auto bytes = got.getBytes();
  std::uint64_t number = 0;
  REQUIRE(bytes.size() >= sizeof number);
  std::memcpy(&number, bytes.begin(), sizeof number);
  bool whole = true;
  const auto fill = static_cast<std::uint8_t>(number);
  for (std::size_t i = sizeof number; i < bytes.size(); ++i) {
    whole = whole && bytes[i] == static_cast<capnp::byte>(fill + i % 251);
  }
  CHECK(whole);
  return number;
}

struct Broken : std::runtime_error {
  Broken() : std::runtime_error("the handler fails on purpose") {}
};

}  // namespace

Burn::Burn(Pair& pair, const BurnOptions& options) : pair_(pair), options_(options), random_(options.seed) {
  books_.lateness().quantum = options.lateness;
  books_.lateness().base_delay = Duration{60'000};  // delays of links are among the troubles
  std::vector<Member> members;
  for (unsigned i = 1; i <= options.nodes; ++i) {
    names_.push_back("n" + std::to_string(i));
    members.push_back({names_.back(), [this](Node& node) { app(node); },
                       [](Config& config) { config.bounds.message_bytes_max = 1u << 20; }});
  }
  pair_.begin(std::move(members));
}

sim::WorldTime Burn::now() const { return sim::later(sim::world_begin, Duration{to_us(pair_.time())}); }

std::string Burn::any_but(const std::string& name) {
  for (;;) {
    const std::string& chosen = any();
    if (chosen != name) return chosen;
  }
}

// ---- the program that every node runs

void Burn::app(Node& node) {
  const sim::RunId run{node.id().text(), node.incarnation()};
  runs_[run.node] = run;
  TypePolicy bulk;
  bulk.lane = LaneClass::bulk;
  bulk.concurrency = 3;
  node.policy<Parcel>(bulk);
  TypePolicy urgent;
  urgent.priority = priority_max;
  urgent.channel_messages = 64;
  urgent.overflow = Overflow::wait;
  node.policy<Question>(urgent);
  handle_all(node, run);
  node.every(Duration{15'000}, [this, &node, run] {
    if (traffic_) burst(node, run);
    return true;
  });
}

void Burn::handle_all(Node& node, const sim::RunId& run) {
  node.on<Note>([this, run](Note::Reader got, const Delivery& from) {
    seen(got.getNumber(), run, from);
    if (got.getNumber() % 17 == 0) throw Broken{};
  });
  node.on<Question>([this, run](Question::Reader asked, const Delivery& from) {
    seen(asked.getNumber(), run, from);
    if (asked.getNumber() % 13 == 0) throw Broken{};
    return answer(asked.getNumber());
  });
  node.on<Parcel>([this, run, &node](Received<Parcel> got, const Delivery& from) -> Task<> {
    const std::uint64_t number = number_of(*got);
    seen(number, run, from);
    if (number % 5 == 0) co_await node.sleep(Duration{static_cast<std::int64_t>(number % 30) * 1'000});
    if (number % 19 == 0) throw Broken{};
  });
}

void Burn::burst(Node& node, const sim::RunId& run) {
  Random& random = node.random();
  const std::string to = names_[random.below(names_.size())];
  if (to == run.node) return;
  constexpr std::array<unsigned, 4> sizes{1, 1, 6, 40};
  const unsigned count = sizes[random.below(sizes.size())];
  for (unsigned i = 0; i < count; ++i) {
    const Duration ttl = random.chance(150'000) ? random.between(Duration{5'000}, Duration{60'000})
                                                : random.between(Duration{100'000}, longest_ttl);
    switch (random.below(4)) {
      case 0: {
        const std::size_t most = random.chance(100'000) ? parcel_bytes_max : 3'000;
        send_parcel(node, run, to, ttl, random.below(most));
        break;
      }
      case 1:
        ask(node, run, to, ttl);
        break;
      default:
        send_note(node, run, to, ttl);
    }
  }
}

std::uint64_t Burn::enter(const sim::RunId& run, const std::string& to, const EncodedMessage& message, Duration ttl,
                          std::uint64_t number) {
  books_.submitted(number, {run, to, message.type.id}, message.bytes.size(), ttl, now());
  return number;
}

void Burn::send_note(Node& node, const sim::RunId& run, const std::string& to, Duration ttl) {
  const std::uint64_t number = books_.next_number();
  const EncodedMessage message = note(number, "burn").encode();
  enter(run, to, message, ttl, number);
  node.peer(NodeId{to}).send(message, {.ttl = ttl}, [this, number](Outcome outcome) {
    books_.ended(number, outcome, now());
  });
}

void Burn::send_parcel(Node& node, const sim::RunId& run, const std::string& to, Duration ttl, std::size_t bytes) {
  const std::uint64_t number = books_.next_number();
  const EncodedMessage message = numbered_parcel(number, bytes).encode();
  enter(run, to, message, ttl, number);
  node.peer(NodeId{to}).send(message, {.ttl = ttl}, [this, number](Outcome outcome) {
    books_.ended(number, outcome, now());
  });
}

void Burn::ask(Node& node, const sim::RunId& run, const std::string& to, Duration ttl) {
  const std::uint64_t number = books_.next_number();
  const Message<Question> message = question(number);
  enter(run, to, message.encode(), ttl, number);
  node.peer(NodeId{to}).request<Answer>(message, {.timeout = ttl}, [this, number](Result<Received<Answer>> reply) {
    if (reply) CHECK((*reply)->getNumber() == number);
    books_.ended(number, reply.outcome(), now());
  });
}

void Burn::seen(std::uint64_t number, const sim::RunId& run, const Delivery& from) {
  books_.handled(number, run, {from.node.text(), from.incarnation}, now());
}

// ---- trouble

// Books end before the process does: whatever it still says would be said by nobody.
void Burn::end_run(const std::string& name) {
  const auto found = runs_.find(name);
  if (found == runs_.end()) return;
  books_.run_ended(found->second);
  runs_.erase(found);
}

void Burn::trouble() {
  const std::string one = any();
  const std::string other = any_but(one);
  const Duration lasts = random_.between(Duration{5'000}, options_.trouble_max);
  switch (random_.below(11)) {
    case 0:
      pair_.cut();
      break;
    case 1:
      pair_.jam();
      break;
    case 2:
      pair_.cut_way(one, other);
      break;
    case 3:
      pair_.stall_way(one, other);
      break;
    case 4:
      pair_.delay(random_.between(Duration{1'000}, Duration{40'000}));
      break;
    case 5:
      pair_.lose(20'000);
      break;
    case 6:
      if (pair_.alive(one)) pair_.refuse(one);
      break;
    case 7:
      if (!pair_.alive(one)) break;
      end_run(one);
      pair_.crash(one);
      break;
    case 8:
      if (!pair_.alive(one)) break;
      pair_.stop(one);
      end_run(one);
      break;
    default:
      pair_.reset();
  }
  pair_.run_for(lasts);
  if (random_.chance(700'000)) recover();
}

void Burn::recover() {
  pair_.heal();
  for (const std::string& name : names_) {
    if (!pair_.alive(name)) pair_.start(name);
    pair_.accept(name);  // it may have died while it refused
  }
}

// ---- quiet points

void Burn::round() {
  traffic_ = true;
  for (unsigned i = 0; i < options_.troubles; ++i) {
    trouble();
    pair_.run_for(random_.between(Duration{10'000}, options_.trouble_max / 2));
    verify();
  }
  recover();
  traffic_ = false;
  use_every_lane();
  pair_.rest();
  check_books();
  check_steady();
}

// A breaker that has seen trouble closes only by real calls, and a lane opens only when it is used.
void Burn::use_every_lane() {
  const auto not_up = [this] {
    std::ostringstream text;
    for (const std::string& one : names_) {
      for (const std::string& other : names_) {
        if (one == other) continue;
        const PeerHealth health = pair_.node(one).peer(NodeId{other}).health();
        if (health.state != PeerState::up) text << one << " takes " << other << " for " << health << '\n';
      }
    }
    return text.str();
  };
  const bool all_up = pair_.run_until([&] { return not_up().empty(); }, Duration{90'000'000});
  INFO(not_up());
  REQUIRE(all_up);
  for (const std::string& one : names_) {
    for (const std::string& other : names_) {
      if (one == other) continue;
      const auto shown = [&](LaneClass lane) {
        const NodeSnapshot snapshot = pair_.node(one).snapshot();
        const auto peer = std::find_if(snapshot.peers.begin(), snapshot.peers.end(),
                                       [&](const PeerSnapshot& each) { return each.health.id == NodeId{other}; });
        return peer->lanes[static_cast<std::size_t>(lane)].state;
      };
      for (int attempt = 0; attempt < 300; ++attempt) {
        if (shown(LaneClass::ordinary) == LaneState::open && shown(LaneClass::bulk) == LaneState::open) break;
        send_note(pair_.node(one), runs_.at(one), other, longest_ttl);
        send_parcel(pair_.node(one), runs_.at(one), other, longest_ttl, 100);
        pair_.run_for(Duration{100'000});
      }
      INFO(one << " -> " << other);
      CHECK(shown(LaneClass::ordinary) == LaneState::open);
      CHECK(shown(LaneClass::bulk) == LaneState::open);
    }
  }
}

void Burn::check_books() {
  books_.look_for_overdue(now(), [this](const std::string& name) { return pair_.alive(name); });
  for (const auto& [name, run] : runs_) {
    const NodeSnapshot snapshot = pair_.node(name).snapshot();
    for (const PeerSnapshot& peer : snapshot.peers) {
      for (const ChannelSnapshot& channel : peer.channels) {
        if (!channel.replies) books_.compare({run, peer.health.id.text(), channel.type}, channel.ledger, true);
      }
      for (const InboundSnapshot& inbound : peer.inbound) CHECK(inbound.queued_messages == 0);
    }
  }
  verify();
}

Burn::Steady Burn::measure() const { return {Buffer::held(), options_.descriptors ? open_descriptors() : 0}; }

void Burn::check_steady() {
  if (!std::exchange(measured_, true)) {
    pair_.run_for(Duration{1'000'000});  // what is being closed is closed
    steady_ = measure();
    return;
  }
  const auto steady = [this] {
    const Steady seen = measure();
    return seen.buffers <= steady_.buffers + buffers_under_way && seen.descriptors <= steady_.descriptors;
  };
  const bool back = pair_.run_until(steady, Duration{15'000'000});
  const Steady seen = measure();
  INFO("buffers " << seen.buffers << ", at the first quiet point " << steady_.buffers);
  INFO("descriptors " << seen.descriptors << ", at the first quiet point " << steady_.descriptors);
  CHECK(back);
}

void Burn::verify() {
  for (const sim::Finding& finding : findings_.take()) {
    std::ostringstream where;
    for (const std::string& name : finding.nodes) where << name << ' ';
    FAIL(to_string(finding.invariant) << " (" << where.str() << "): " << finding.text);
  }
}

std::vector<std::uint64_t> Burn::outcomes() const {
  std::vector<std::uint64_t> sum(outcome_kind_count);
  for (const auto& [key, row] : books_.rows()) {
    for (std::size_t i = 0; i < outcome_kind_count; ++i) sum[i] += row.told[i].messages;
  }
  return sum;
}

}  // namespace hawser::stories
