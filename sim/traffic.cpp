#include <hawser/sim/traffic.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/interconnect/node.hpp>

#include "traffic.capnp.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace hawser::sim {
namespace {

constexpr std::uint64_t traffic_stream = 0x74726166666963ULL;
constexpr std::int64_t tail = 20;            // times its mean is the longest wait of a poisson stream
constexpr Duration often_enough{1'000'000};  // between two messages of a pair

[[noreturn]] void fail_on_purpose() { throw std::runtime_error{"this handler fails now and then"}; }

}  // namespace

// The messages of one stream from one run of a node.
class Traffic::Sender : public std::enable_shared_from_this<Sender> {
 public:
  Sender(Traffic& owner, const Stream& what, std::size_t kind, Node& node, Host& host, std::uint64_t seed)
      : traffic(owner),
        stream(what),
        run{host.name(), node.incarnation()},
        kind_(kind),
        node_(node),
        host_(host),
        random_(seed),
        size_(what.size.delay()),
        gap_(Delay::exponential(Duration::zero(), what.every, what.every * tail)) {
    const Names& targets = stream.to.empty() ? traffic.scenario_.nodes : stream.to;
    for (const std::string& name : targets) {
      if (!stream.to.empty() || name != host.name()) targets_.emplace_back(name);
    }
  }

  void begin() {
    const Duration passed = traffic.world_.now() - world_begin;
    const Duration ahead = std::max(stream.start - passed, Duration::zero());
    // Not all nodes at the same instant.
    next_ = host_.now() + ahead + random_.between(Duration::zero(), stream.every);
    if (!targets_.empty()) wait();
  }

  Peer peer(const NodeId& to) { return node_.peer(to); }
  std::size_t size() { return static_cast<std::size_t>(size_.draw(random_).count()); }
  bool fails() { return stream.failing != 0 && random_.chance(stream.failing); }

  Traffic& traffic;
  const Stream& stream;
  const RunId run;

 private:
  void wait() {
    host_.at(next_, [self = shared_from_this()] { self->arrive(); });
  }

  void arrive() {
    const Duration passed = traffic.world_.now() - world_begin;
    if (traffic.over_ || (stream.stop != Duration::zero() && passed >= stream.stop)) return;
    const std::uint64_t count = stream.arrival == Arrival::burst ? stream.burst : 1;
    for (std::uint64_t i = 0; i < count; ++i) share();
    next_ += stream.arrival == Arrival::poisson ? gap_.draw(random_) : stream.every;
    // What a pause or a late timer has missed is not made up for.
    next_ = std::max(next_, host_.now());
    wait();
  }

  void share();

  std::size_t kind_;
  Node& node_;
  Host& host_;
  Random random_;
  Delay size_;
  Delay gap_;
  std::vector<NodeId> targets_;
  std::size_t turn_ = 0;
  Instant next_{};
};

// A row per message type.
struct Traffic::Kind {
  std::string_view name;
  TypeId id;
  void (*submit)(Sender& sender, const NodeId& to);
  void (*handle)(Traffic& traffic, Node& node, const RunId& run);
};

const std::array<Traffic::Kind, 6>& Traffic::kinds() {
  static const std::array<Kind, 6> rows{
      Kind{"Note", type_info<traffic::Note>().id, &submit<traffic::Note>, &handle<traffic::Note>},
      Kind{"Order", type_info<traffic::Order>().id, &submit<traffic::Order>, &handle<traffic::Order>},
      Kind{"Blob", type_info<traffic::Blob>().id, &submit<traffic::Blob>, &handle<traffic::Blob>},
      Kind{"Query", type_info<traffic::Query>().id, &submit<traffic::Query>, &handle<traffic::Query>},
      Kind{"Signal", type_info<traffic::Signal>().id, &submit<traffic::Signal>, &handle<traffic::Signal>},
      Kind{"Job", type_info<traffic::Job>().id, &submit<traffic::Job>, &handle<traffic::Job>}};
  return rows;
}

void Traffic::Sender::share() {
  const auto& submit = kinds()[kind_].submit;
  switch (stream.share) {
    case Share::each:
      for (const NodeId& to : targets_) submit(*this, to);
      break;
    case Share::turn:
      submit(*this, targets_[turn_++ % targets_.size()]);
      break;
    case Share::random:
      submit(*this, targets_[random_.below(targets_.size())]);
      break;
  }
}

template <typename T>
void Traffic::submit(Sender& sender, const NodeId& to) {
  Traffic& traffic = sender.traffic;
  const Stream& stream = sender.stream;
  const std::uint64_t number = traffic.books_.next_number();
  Message<T> message;
  message->setNumber(number);
  message->setWork(static_cast<std::uint64_t>(stream.work.count()));
  message->setFailing(sender.fails());
  message->initBody(static_cast<unsigned>(sender.size()));
  EncodedMessage encoded = message.encode();
  traffic.books_.submitted(number, {sender.run, to.text(), encoded.type.id}, encoded.bytes.size(), stream.ttl,
                           traffic.world_.now());
  if (stream.request) {
    RequestOptions options;
    options.timeout = stream.ttl;
    sender.peer(to).template request<traffic::Answer>(
        message, options, [&traffic, number](const Result<Received<traffic::Answer>>& result) {
          traffic.told(number, result.outcome());
        });
  } else {
    SendOptions options;
    options.ttl = stream.ttl;
    sender.peer(to).send(std::move(encoded), options,
                         [&traffic, number](const Outcome& outcome) { traffic.told(number, outcome); });
  }
}

template <typename T>
void Traffic::handle(Traffic& traffic, Node& node, const RunId& run) {
  const auto kind = static_cast<std::size_t>(
      std::find_if(kinds().begin(), kinds().end(), [](const Kind& each) { return each.id == type_info<T>().id; }) -
      kinds().begin());
  const auto enter = [&traffic, run](std::uint64_t number, const Delivery& delivery) {
    traffic.books_.handled(number, run, {delivery.node.text(), delivery.incarnation}, traffic.world_.now());
  };
  if (traffic.works_[kind]) {
    node.on<T>([&node, enter](Received<T> message, const Delivery& delivery) -> Task<Message<traffic::Answer>> {
      enter(message->getNumber(), delivery);
      const Duration work{static_cast<std::int64_t>(message->getWork())};
      if (work > Duration::zero()) co_await node.sleep(work);
      if (message->getFailing()) fail_on_purpose();
      Message<traffic::Answer> answer;
      answer->setNumber(message->getNumber());
      co_return answer;
    });
  } else if (traffic.asks_[kind]) {
    node.on<T>([enter](typename T::Reader message, const Delivery& delivery) {
      enter(message.getNumber(), delivery);
      if (message.getFailing()) fail_on_purpose();
      Message<traffic::Answer> answer;
      answer->setNumber(message.getNumber());
      return answer;
    });
  } else {
    node.on<T>([enter](typename T::Reader message, const Delivery& delivery) {
      enter(message.getNumber(), delivery);
      if (message.getFailing()) fail_on_purpose();
    });
  }
}

Traffic::Traffic(World& world, Books& books, const Scenario& scenario)
    : world_(world), books_(books), scenario_(scenario) {
  for (const Stream& stream : scenario.streams) {
    const auto& types = stream_types();
    const auto found = std::find(types.begin(), types.end(), stream.type);
    HAWSER_ASSERT(found != types.end(), "a stream names one of stream_types()");
    const auto kind = static_cast<std::size_t>(found - types.begin());
    kind_of_stream_.push_back(kind);
    used_[kind] = true;
    works_[kind] = works_[kind] || stream.work > Duration::zero();
    asks_[kind] = asks_[kind] || stream.request;
  }
}

void Traffic::attach(Node& node, const std::string& name) {
  Host& host = world_.at_host(name);
  for (std::size_t kind = 0; kind < kinds().size(); ++kind) {
    if (used_[kind]) kinds()[kind].handle(*this, node, {name, node.incarnation()});
  }
  for (std::size_t i = 0; i < scenario_.streams.size(); ++i) {
    const Stream& stream = scenario_.streams[i];
    const Names& from = stream.from;
    if (!from.empty() && std::find(from.begin(), from.end(), name) == from.end()) continue;
    Random seeds{world_.seed() ^ traffic_stream ^ (std::uint64_t{host.index()} << 32 | host.starts())};
    const std::uint64_t seed = seeds.next() + i;
    std::make_shared<Sender>(*this, stream, kind_of_stream_[i], node, host, seed)->begin();
  }
}

void Traffic::told(std::uint64_t number, const Outcome& outcome) {
  ++outcomes_[static_cast<std::size_t>(outcome.kind)][static_cast<std::size_t>(outcome.cause)];
  books_.ended(number, outcome, world_.now());
}

bool steady(const Scenario& scenario) noexcept {
  const auto meant = [](const Names& group, const std::string& name) {
    return group.empty() || std::find(group.begin(), group.end(), name) != group.end();
  };
  for (const Stream& stream : scenario.streams) {
    const std::size_t targets = stream.to.empty() ? scenario.nodes.size() - 1 : stream.to.size();
    const auto shared = static_cast<std::int64_t>(stream.share == Share::each ? 1 : targets);
    if (stream.stop != Duration::zero() || stream.every * shared > often_enough) return false;
  }
  for (const std::string& from : scenario.nodes) {
    for (const std::string& to : scenario.nodes) {
      const auto speaks = [&](const Stream& stream) { return meant(stream.from, from) && meant(stream.to, to); };
      if (from != to && std::none_of(scenario.streams.begin(), scenario.streams.end(), speaks)) return false;
    }
  }
  return true;
}

const std::vector<std::string_view>& stream_types() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const Traffic::Kind& kind : Traffic::kinds()) all.push_back(kind.name);
    return all;
  }();
  return names;
}

TypeId stream_type_id(std::string_view type) {
  const auto& types = stream_types();
  const auto found = std::find(types.begin(), types.end(), type);
  HAWSER_ASSERT(found != types.end(), "a stream names one of stream_types()");
  static const std::array<TypeId, 6> ids{type_info<traffic::Note>().id,   type_info<traffic::Order>().id,
                                         type_info<traffic::Blob>().id,   type_info<traffic::Query>().id,
                                         type_info<traffic::Signal>().id, type_info<traffic::Job>().id};
  return ids[static_cast<std::size_t>(found - types.begin())];
}

}  // namespace hawser::sim
