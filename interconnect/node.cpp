#include <hawser/interconnect/node.hpp>

#include <hawser/interconnect/node_core.hpp>

#include <utility>

namespace hawser {

Node::Node(Runtime& runtime, Config config) : core_(std::make_shared<NodeCore>(runtime, std::move(config))) {
  core_->start();
}

Node::~Node() { core_->abandon(); }

const NodeId& Node::id() const noexcept { return core_->config().id; }
Incarnation Node::incarnation() const noexcept { return core_->incarnation(); }
Endpoint Node::endpoint() const { return core_->endpoint(); }
const Config& Node::config() const noexcept { return core_->config(); }

void Node::set_policy(TypeInfo type, const TypePolicy& policy) { core_->set_policy(type, policy); }
void Node::set_type_overrides(std::map<std::string, TypeOverrides> overrides) {
  core_->set_type_overrides(std::move(overrides));
}
void Node::set_handler(TypeInfo type, std::unique_ptr<Handler> handler) {
  core_->registry().set_handler(type, std::move(handler));
}

Peer Node::peer(const NodeId& id) { return Peer{id, core_.get(), core_->find(id)}; }

std::vector<Peer> Node::peers() {
  std::vector<Peer> result;
  for (const auto& peer : core_->peers()) result.push_back(Peer{peer->id(), core_.get(), peer});
  return result;
}

void Node::on_peer(std::function<void(const PeerHealth&)> observer) { core_->observe_peers(std::move(observer)); }
void Node::on_event(std::function<void(const Event&)> observer) { core_->observe_events(std::move(observer)); }
Permission Node::may_serve() const noexcept { return core_->may_serve(); }
Stance Node::stance() const noexcept { return core_->stance(); }
void Node::on_stance(std::function<void(const StanceChange&)> observer) { core_->observe_stances(std::move(observer)); }
void Node::on_view(std::function<void(const ViewChange&)> observer) { core_->observe_views(std::move(observer)); }
std::vector<NodeId> Node::members() const { return core_->members(); }
bool Node::add_peer(const PeerConfig& peer) { return core_->add_peer(peer); }
bool Node::remove_peer(const NodeId& id) { return core_->remove_peer(id); }
bool Node::set_endpoint(const NodeId& id, const Endpoint& endpoint) { return core_->set_endpoint(id, endpoint); }

bool Node::isolate() { return core_->isolate(); }
std::optional<std::size_t> Node::reset_breakers(const NodeId& id, const std::string& type) {
  return core_->reset_breakers(id, type);
}
void Node::note(std::string_view cause, const NodeId& peer, std::string text) {
  core_->note(cause, peer, std::move(text));
}
void Node::report_pressure(std::int64_t memory_permille, std::int64_t downstream_permille) noexcept {
  core_->report_pressure(memory_permille, downstream_permille);
}

Instant Node::now() const noexcept { return core_->runtime().scheduler().now(); }
Random& Node::random() noexcept { return core_->random(); }
void Node::every(Duration interval, std::function<bool()> what) { core_->every(interval, std::move(what)); }
void Node::post(UniqueFunction<void()> what) { core_->run_on_loop(std::move(what)); }
boost::asio::any_io_executor Node::executor() const { return core_->runtime().loop(); }
bool Node::stopped() const noexcept { return core_->stopped(); }
NodeSnapshot Node::snapshot(std::uint64_t events_after, std::size_t events_max) const {
  return core_->snapshot(events_after, events_max);
}
void Node::task_failed(std::exception_ptr error) { core_->task_failed_anywhere(std::move(error)); }

std::uint64_t Node::next_ticket() { return core_->next_ticket(); }

void Node::start_broadcast(EncodedMessage message, SendOptions options, std::uint64_t ticket,
                           UniqueFunction<void(std::vector<PeerOutcome>)> done) {
  core_->broadcast(std::move(message), options, ticket, std::move(done));
}
Node::Canceller Node::broadcast_canceller(TypeId type, std::uint64_t ticket) {
  return [core = core_->weak_from_this(), type, ticket](boost::asio::cancellation_type_t kind) {
    const auto node = core.lock();
    if (!node) return;
    for (const auto& peer : node->peers()) CancelSend{core, peer, type, ticket}(kind);
  };
}

void Node::start_ready(Duration within, std::uint64_t ticket, UniqueFunction<void(bool)> done) {
  core_->ready(within, ticket, std::move(done));
}
Node::Canceller Node::ready_canceller(std::uint64_t ticket) {
  return [core = core_->weak_from_this(), ticket](boost::asio::cancellation_type_t kind) {
    const auto node = core.lock();
    if (!node || kind == boost::asio::cancellation_type::none) return;
    node->run_on_loop([core, ticket] {
      if (const auto waited = core.lock()) waited->cancel_ready(ticket);
    });
  };
}

void Node::start_sleep(Duration duration, UniqueFunction<void()> done) { core_->sleep(duration, std::move(done)); }
Node::Canceller Node::start_light_sleep(Duration duration, UniqueFunction<void()> done) {
  struct Sleeper {
    UniqueFunction<void()> done;
    TimerQueue::Key key = TimerQueue::Key::none;
  };
  const auto sleeper = std::make_shared<Sleeper>();
  sleeper->done = std::move(done);
  sleeper->key = core_->sleep(duration, [sleeper] { std::exchange(sleeper->done, {})(); });
  return [core = core_->weak_from_this(), weak = std::weak_ptr<Sleeper>{sleeper}](boost::asio::cancellation_type_t) {
    const auto node = core.lock();
    if (!node) return;
    node->run_on_loop([core, weak] {
      const auto awake = core.lock();
      const auto waits = weak.lock();
      if (!awake || !waits || !waits->done) return;
      awake->cancel_sleep(waits->key);
      std::exchange(waits->done, {})();
    });
  };
}
void Node::start_stop(std::optional<Duration> drain, UniqueFunction<void()> done) {
  core_->stop(drain.value_or(core_->config().drain), std::move(done));
}

}  // namespace hawser
