// Node: what a program embeds. It listens, keeps a session with every configured peer, and routes typed messages.
//
// One thread owns a node: the one that runs its runtime's loop. Handlers, callbacks and completions run there (a
// completion goes to its own executor if it has one). From any thread: sends, requests, peer(), peers(), snapshot(),
// now(), post(). Everything else: on the loop, or before the loop runs.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/base/time.hpp>
#include <hawser/base/unique_function.hpp>
#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/coroutine.hpp>
#include <hawser/interconnect/delivery.hpp>
#include <hawser/interconnect/handler.hpp>
#include <hawser/interconnect/isolation/evidence.hpp>
#include <hawser/interconnect/isolation/serving_gate.hpp>
#include <hawser/interconnect/message.hpp>
#include <hawser/interconnect/outcome.hpp>
#include <hawser/interconnect/peer.hpp>
#include <hawser/interconnect/runtime.hpp>
#include <hawser/interconnect/snapshot.hpp>
#include <hawser/interconnect/type_policy.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hawser {

// How a broadcast ended at one peer.
struct PeerOutcome {
  NodeId peer;
  Outcome outcome;
};

class Node {
 public:
  // Binds the port and begins to look for the peers. Throws ConfigError or StartError, and then nothing was started.
  // The runtime must outlive the node.
  Node(Runtime& runtime, Config config);
  // Ends everything at once: messages still held are dropped with their completions. Call stop() first to end them.
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const NodeId& id() const noexcept;
  Incarnation incarnation() const noexcept;
  Endpoint endpoint() const;  // what was bound
  const Config& config() const noexcept;

  // How messages of type T travel from here, and how many handlers of it run at a time. May be set again at any time:
  // the bounds (channel_bytes, channel_messages, reply_bytes, groups) and the concurrency follow at once, what is held
  // and the credit that was given stay; all else is as it was at the first send of T to a peer.
  template <typename T>
  void policy(const TypePolicy& policy) {
    set_policy(type_info<T>(), policy);
  }
  // What the configuration says of types by their names ([types.Name]), from now on: as if it had been said at the
  // start, within the limits of policy().
  void set_type_overrides(std::map<std::string, TypeOverrides> overrides);
  // Handles messages of type T; see handler.hpp for what a handler may be. Replaces an earlier handler of T.
  template <typename T, typename F>
  void on(F handler, HandlerOptions options = {}) {
    set_handler(type_info<T>(), make_handler<T>(std::move(handler), options));
  }

  // For the guard on intake, if the configuration wants one: how much of the memory that it may use the program uses,
  // and how much of what it depends on is unhealthy, 0 .. 1000 each. Holds until the next report. Any thread.
  void report_pressure(std::int64_t memory_permille, std::int64_t downstream_permille) noexcept;

  // A handle to the peer of that id; this node's own id sends to itself.
  Peer peer(const NodeId& id);
  // Every configured peer, by id, without this node.
  std::vector<Peer> peers();

  // Called on the loop after a peer's state has changed.
  void on_peer(std::function<void(const PeerHealth&)> observer);
  // Called on the loop with every entry of the event log.
  void on_event(std::function<void(const Event&)> observer);

  // Who may act for the cluster (docs/isolation.md). May this node, and until when? Reads the clock at each call; any
  // thread. True for ever while no strategy is configured, false once the node stops. What takes effect outside this
  // process should carry `epoch` along: a pause after this question is beyond any library.
  Permission may_serve() const noexcept;
  // As of the last turn, any thread: for people. Programs ask may_serve().
  Stance stance() const noexcept;
  // Called on the loop for every change, in order; a view that this node rejoined serves only after every observer has
  // returned. Told of a removed member means that it does not serve: its place may be taken at once.
  void on_stance(std::function<void(const StanceChange&)> observer);
  void on_view(std::function<void(const ViewChange&)> observer);
  // Ids by place, as views name members; empty while no strategy is configured.
  std::vector<NodeId> members() const;

  // Adds a peer at run time. False when the id is taken or our own.
  bool add_peer(const PeerConfig& peer);
  // What is held for it ends as unreachable (peer_removed) if unsent, else as unknown. False when there is none.
  bool remove_peer(const NodeId& id);
  // Redials at the new address. False when there is no such peer.
  bool set_endpoint(const NodeId& id, const Endpoint& endpoint);

  // An operator's word. This node serves no more until it is started again: it resigns as a node that stops does, and
  // goes on voting. False when there is no strategy, or the node stops already.
  bool isolate();
  // Closes the breakers of messages of the type of that name to the peer, of all of them and of the peer itself when
  // `type` is empty, and forgets what they learned: how many were not closed. Nothing when there is no such peer.
  std::optional<std::size_t> reset_breakers(const NodeId& id, const std::string& type = {});
  // An entry of kind `admin` in the event log. `cause` is a literal.
  void note(std::string_view cause, const NodeId& peer, std::string text);

  // One encoding, one send and one outcome per configured peer: void(std::vector<PeerOutcome>), by id. Cancelled like
  // the sends it is made of.
  template <typename T, typename Token = boost::asio::use_awaitable_t<>>
  auto broadcast(const Message<T>& message, SendOptions options = {}, Token&& token = {}) {
    return boost::asio::async_initiate<Token, void(std::vector<PeerOutcome>)>(
        [this](auto handler, EncodedMessage encoded, SendOptions chosen) {
          std::uint64_t ticket = 0;
          if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
            ticket = next_ticket();
            slot.assign(broadcast_canceller(encoded.type.id, ticket));
          }
          start_broadcast(std::move(encoded), chosen, ticket, wrap<std::vector<PeerOutcome>>(std::move(handler)));
        },
        token, message.encode(), options);
  }

  // void(bool): true as soon as every configured peer is up and this node may act; false when `within` is over first,
  // or the wait is cancelled.
  template <typename Token = boost::asio::use_awaitable_t<>>
  auto ready(Duration within = forever, Token&& token = {}) {
    return boost::asio::async_initiate<Token, void(bool)>(
        [this](auto handler, Duration chosen) {
          std::uint64_t ticket = 0;
          if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
            ticket = next_ticket();
            slot.assign(ready_canceller(ticket));
          }
          start_ready(chosen, ticket, wrap<bool>(std::move(handler)));
        },
        token, within);
  }

  // Time, waiting and chance for user code, so that it runs in the simulator too.
  Instant now() const noexcept;
  Random& random() noexcept;
  // A sleep that is cancelled through its cancellation slot ends early.
  template <typename Token = boost::asio::use_awaitable_t<>>
  auto sleep(Duration duration, Token&& token = {}) {
    return boost::asio::async_initiate<Token, void()>(
        [this](auto handler, Duration chosen) {
          auto slot = boost::asio::get_associated_cancellation_slot(handler);
          if (!slot.is_connected()) return start_sleep(chosen, wrap<void>(std::move(handler)));
          slot.assign(start_light_sleep(chosen, wrap<void>(std::move(handler))));
        },
        token, duration);
  }
  // Calls `what` every `interval`, first after one interval, until the node stops or `what` returns false.
  void every(Duration interval, std::function<bool()> what);
  // Runs `what` on the loop. Any thread.
  void post(UniqueFunction<void()> what);
  boost::asio::any_io_executor executor() const;

  // Stops on purpose: refuses new sends (`closed`), gives what is held up to `drain` (by default the configuration's)
  // to end, says goodbye to the peers, ends the rest as closed or unknown. void(): when all of that is done.
  template <typename Token = boost::asio::use_awaitable_t<>>
  auto stop(std::optional<Duration> drain = std::nullopt, Token&& token = {}) {
    return boost::asio::async_initiate<Token, void()>(
        [this](auto handler, std::optional<Duration> chosen) { start_stop(chosen, wrap<void>(std::move(handler))); },
        token, drain);
  }
  bool stopped() const noexcept;

  // `events_after`: of the last events only those numbered above it, for who looks often. `events_max`: the last so
  // many; the log keeps 512.
  NodeSnapshot snapshot(std::uint64_t events_after = 0, std::size_t events_max = 64) const;

  // User code has let an exception go: it becomes an event of kind `task`.
  void task_failed(std::exception_ptr error);

 private:
  template <typename Value, typename Handler>
  auto wrap(Handler handler) {
    auto executor = boost::asio::prefer(boost::asio::get_associated_executor(handler, this->executor()),
                                        boost::asio::execution::outstanding_work.tracked);
    if constexpr (std::is_void_v<Value>) {
      return UniqueFunction<void()>([executor, handler = std::move(handler)]() mutable {
        auto target = std::move(executor);
        boost::asio::dispatch(target, std::move(handler));
      });
    } else {
      return UniqueFunction<void(Value)>([executor, handler = std::move(handler)](Value value) mutable {
        auto target = std::move(executor);
        boost::asio::dispatch(target, [handler = std::move(handler), value = std::move(value)]() mutable {
          std::move(handler)(std::move(value));
        });
      });
    }
  }

  void set_policy(TypeInfo type, const TypePolicy& policy);
  void set_handler(TypeInfo type, std::unique_ptr<Handler> handler);
  // What a cancellation slot calls; any thread may, at any time.
  using Canceller = std::function<void(boost::asio::cancellation_type_t)>;
  // By which what was started is found again; 0 for what nobody can give up.
  std::uint64_t next_ticket();
  void start_broadcast(EncodedMessage message, SendOptions options, std::uint64_t ticket,
                       UniqueFunction<void(std::vector<PeerOutcome>)> done);
  Canceller broadcast_canceller(TypeId type, std::uint64_t ticket);
  void start_ready(Duration within, std::uint64_t ticket, UniqueFunction<void(bool)> done);
  Canceller ready_canceller(std::uint64_t ticket);
  void start_sleep(Duration duration, UniqueFunction<void()> done);
  // Returns what wakes the sleeper early.
  Canceller start_light_sleep(Duration duration, UniqueFunction<void()> done);
  void start_stop(std::optional<Duration> drain, UniqueFunction<void()> done);

  std::shared_ptr<NodeCore> core_;
};

// Starts a coroutine on the node's loop. An exception that leaves it becomes an event of kind `task`. It works for
// itself, not for the request of the handler that started it.
template <typename F>
void spawn(Node& node, F work) {
  const WorkingFor nobody;
  boost::asio::co_spawn(node.executor(), std::move(work), [&node](std::exception_ptr error) {
    if (error) node.task_failed(error);
  });
}

}  // namespace hawser
