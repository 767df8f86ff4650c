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

Instant Node::now() const noexcept { return core_->runtime().scheduler().now(); }
Random& Node::random() noexcept { return core_->random(); }
void Node::every(Duration interval, std::function<bool()> what) { core_->every(interval, std::move(what)); }
void Node::post(UniqueFunction<void()> what) { core_->run_on_loop(std::move(what)); }
boost::asio::any_io_executor Node::executor() const { return core_->runtime().loop(); }
bool Node::stopped() const noexcept { return core_->stopped(); }
NodeSnapshot Node::snapshot(std::uint64_t events_after) const { return core_->snapshot(events_after); }
void Node::task_failed(std::exception_ptr error) { core_->task_failed_anywhere(std::move(error)); }

void Node::start_broadcast(EncodedMessage message, SendOptions options,
                           UniqueFunction<void(std::vector<PeerOutcome>)> done) {
  core_->broadcast(std::move(message), options, std::move(done));
}
void Node::start_ready(Duration within, UniqueFunction<void(bool)> done) { core_->ready(within, std::move(done)); }
void Node::start_sleep(Duration duration, UniqueFunction<void()> done) { core_->sleep(duration, std::move(done)); }
std::function<void(boost::asio::cancellation_type_t)> Node::start_light_sleep(Duration duration,
                                                                              UniqueFunction<void()> done) {
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
