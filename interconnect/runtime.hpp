// The ports: everything a node needs from the world, and nothing else; beside them the arbiter (arbiter.hpp).
//
// Two runtimes fill them: ZmqRuntime (real sockets, real time) and sim::Host (virtual both). A port is narrow and NEVER
// calls back from inside a call: what happens later is told through TransportEvents or a timer, on the loop, in a turn
// of its own. All of it is used on the loop thread only, except where a line says otherwise.
#pragma once

#include <hawser/base/buffer.hpp>
#include <hawser/base/fault_point.hpp>
#include <hawser/base/ids.hpp>
#include <hawser/base/random.hpp>
#include <hawser/base/time.hpp>
#include <hawser/base/unique_function.hpp>
#include <hawser/interconnect/endpoint.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {

// A broken environment at start-up: the sentence says what, where and what to do.
class StartError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A class of traffic has its own connection in each direction. Control carries heartbeats, acknowledgements and credit.
enum class LaneClass : std::uint8_t { control = 0, ordinary = 1, bulk = 2 };
inline constexpr std::size_t lane_count = 3;
std::string_view to_string(LaneClass lane) noexcept;

enum class TimerId : std::uint64_t { none = 0 };

class Scheduler {
 public:
  // The node's steady clock (one that counts suspend). Any thread.
  virtual Instant now() const noexcept = 0;
  // The same for a quarter of the price, and no older than the system's last tick. Any thread.
  virtual Instant about_now() const noexcept { return now(); }
  // The same again cheaper, and as old as that tick.
  virtual Instant tick_now() const noexcept { return now(); }
  // What a tick may take: up to 10 ms on the slowest kernels, and twice that to be sure.
  static constexpr Duration tick{20'000};
  // Runs `what` on the loop at or soon after `at`, never before, never from inside this call.
  virtual TimerId at(Instant at, UniqueFunction<void()> what) = 0;
  // A cancelled timer does not run, even if it was due already. Unknown and past ids are ignored.
  virtual void cancel(TimerId id) noexcept = 0;

 protected:
  ~Scheduler() = default;
};

// An outbound connection that we dialled; a new number for every dial.
enum class LinkId : std::uint64_t { none = 0 };
// An inbound connection that a peer dialled; a new number for every connection, never reused.
enum class ConnectionId : std::uint64_t { none = 0 };

// Who is at the other end, as far as the transport can tell. Where encryption is on, `authenticated` is true and `name`
// is the node id bound to the key; on plain loopback it is the name the dialler claims.
struct PeerIdentity {
  std::string name;
  bool authenticated = false;
};

enum class LinkFailure : std::uint8_t {
  connect_refused,
  connect_timeout,        // no answer to the connection attempt
  name_not_found,         // the endpoint's host name does not resolve
  handshake_failed,       // connected, but the transport's own handshake failed
  handshake_timeout,      // connected, and then silence: it may be frozen
  authentication_failed,  // the peer does not accept our key, or we do not accept its
  closed_by_peer,         // was up, and ended
  no_descriptors,         // this process may open no more sockets
};
std::string_view to_string(LinkFailure failure) noexcept;

enum class SendResult : std::uint8_t {
  accepted,  // handed over: says nothing about delivery
  full,      // not taken; link_writable will follow
  down,      // no such link, or not up
};

struct DialRequest {
  Endpoint to;
  NodeId peer;
  LaneClass lane = LaneClass::control;
};

struct TransportConfig {
  NodeId self;
  Incarnation incarnation = Incarnation::unknown;
  std::size_t frame_bytes_max = 0;  // larger inbound frames end their connection
  std::size_t connections_max = 0;  // inbound; more are refused and counted
  Duration connect_timeout{500'000};
  Duration handshake_timeout{3'000'000};
};

// What the transport counted; monotone over its life.
struct TransportStats {
  std::uint64_t dials = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t connections_open = 0;  // a gauge
  std::uint64_t handshakes_failed =
      0;  // inbound connections that ended before they spoke our transport: strangers, noise
  std::uint64_t frames_in = 0;
  std::uint64_t frames_out = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t frames_malformed = 0;  // several parts, too large, empty: counted and the connection dropped
};

// What a transport tells its node. Always on the loop, never from inside a call into the transport; a group of calls is
// closed by turn_ended(), which is where the node sends what the group has caused.
class TransportEvents {
 public:
  // The link's connection stands and the transport's own handshake is done. Once per dial at most.
  virtual void link_up(LinkId link) = 0;
  // The dial failed, or the connection ended. Exactly once for every dial that was not hung up; the id is dead after
  // it.
  virtual void link_down(LinkId link, LinkFailure why, std::string_view detail) = 0;
  // After `full`: there is room again.
  virtual void link_writable(LinkId link) = 0;
  // One whole frame, 8-byte aligned. The frames of one connection come in the order in which they were sent.
  virtual void frame_received(ConnectionId from, const PeerIdentity& identity, BufferRef frame) = 0;
  // The one frame that flows back on a link: the listener's reason for turning us away.
  virtual void answer_received(LinkId link, BufferRef frame) = 0;
  // No frame of this connection follows. Told once for every connection that delivered a frame, unless we dropped it.
  virtual void connection_closed(ConnectionId connection) = 0;
  virtual void turn_ended() = 0;

 protected:
  ~TransportEvents() = default;
};

class Transport {
 public:
  // Hangs up everything and tells nobody.
  virtual ~Transport() = default;

  // Binds the one port of this node. Port 0 picks a free one. Throws StartError. Returns what was bound.
  virtual Endpoint listen(const Endpoint& at) = 0;
  // Starts one attempt; its end is told by link_up or link_down.
  virtual LinkId dial(const DialRequest& request) = 0;
  virtual SendResult send(LinkId link, BufferRef frame) = 0;
  virtual void hang_up(LinkId link) = 0;
  // Sends one frame back to a dialler (a refusal). Best effort; call drop_soon after it.
  virtual void answer(ConnectionId connection, BufferRef frame) = 0;
  // Ends an inbound connection; none of its frames are delivered after this. With `linger`, an answer just given has a
  // moment to leave.
  virtual void drop(ConnectionId connection, bool linger = false) = 0;
  virtual TransportStats stats() const = 0;
};

// A few small named records that survive a restart. write returns only when the bytes are on disk.
class StableStorage {
 public:
  virtual ~StableStorage() = default;
  // Nothing when it was never written, or was torn (then `problem` says so: memory is lost, said loudly).
  virtual std::optional<std::vector<std::byte>> read(std::string_view name, std::string& problem) = 0;
  // False with `problem` when it could not be made durable.
  virtual bool write(std::string_view name, std::span<const std::byte> bytes, std::string& problem) = 0;
};

class Arbiter;

class Runtime {
 public:
  virtual Scheduler& scheduler() noexcept = 0;
  // The loop: what is posted here runs on the one thread that owns the node. Posting is allowed from any thread.
  virtual boost::asio::any_io_executor loop() = 0;
  // Where handlers go that asked for a thread of their own. In simulation this is the loop.
  virtual boost::asio::any_io_executor pool() = 0;
  // True on the thread that runs the loop.
  virtual bool on_loop() const noexcept = 0;
  virtual std::unique_ptr<Transport> make_transport(const TransportConfig& config, TransportEvents& events) = 0;
  // Null when `state_dir` is empty. Throws StartError when it cannot be used.
  virtual std::unique_ptr<StableStorage> open_storage(const std::string& state_dir) = 0;
  // What votes with strategy `arbiter` (interconnect/arbiter.hpp); null where the program has brought none.
  virtual Arbiter* arbiter() noexcept { return nullptr; }
  // A generator nobody else draws from.
  virtual Random make_random() = 0;
  // Microseconds since 1970, only for incarnations of nodes without a state_dir and for the eyes of people.
  virtual std::int64_t wall_clock_us() const noexcept = 0;
  // Null but in a simulation.
  virtual FaultPoints* fault_points() noexcept { return nullptr; }

 protected:
  ~Runtime() = default;
};

}  // namespace hawser
