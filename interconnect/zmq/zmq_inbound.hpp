// The connections that peers dialled: one bound ROUTER for all of them.
//
// ZeroMQ names a peer by a routing id that the peer chose, and says nothing about connections. Here a connection is a
// TCP socket, known from the monitor (accepted, disconnected) and from the descriptor each frame carries; the routing
// id tells frames of an ended connection from those of the next one on the same descriptor. A newer connection that
// announces the routing id of an older one takes its place, and the older one is ended. ZeroMQ has no way to end one
// connection: its TCP socket is shut down instead, at the end of the turn, once the monitor has confirmed whose it is.
// A peer that never finishes a message would fill ZeroMQ's memory unseen: what the kernel received is held against what
// was delivered every 200 ms. Loop thread only.
#pragma once

#include <hawser/base/unique_function.hpp>
#include <hawser/interconnect/runtime.hpp>
#include <hawser/interconnect/zmq/zmq_services.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {

class Upcalls;
class WakeSet;
class ZmqSocket;
struct MonitorEvent;

class ZmqInbound {
 public:
  enum class Received : std::uint8_t { nothing, all, some };

  // `check_soon` asks for finish_turn() to be called from the loop, in a turn of its own.
  ZmqInbound(const ZmqServices& services, const TransportConfig& config, Upcalls& upcalls, WakeSet& wakes,
             UniqueFunction<void()> check_soon);
  ~ZmqInbound();
  ZmqInbound(const ZmqInbound&) = delete;
  ZmqInbound& operator=(const ZmqInbound&) = delete;

  Endpoint listen(const Endpoint& at);
  void answer(ConnectionId connection, BufferRef frame);
  void drop(ConnectionId connection, bool linger);
  void close();

  // Hears who came and went. Tells nothing.
  void hear_monitor();
  // Delivers what is there, up to a budget: `some` when more may be waiting. Tells.
  Received receive();
  // Ends connections that are to end. True when the socket was used and receive() must look again. Tells.
  bool finish_turn();

 private:
  struct Connection;
  struct Slot;
  struct Frame;
  struct Lingering {
    int descriptor;
    std::uint64_t cookie;
    Instant due;
  };

  Slot& slot(int descriptor);
  Connection* find(ConnectionId id) noexcept;
  Connection* connection_of(const Frame& frame);
  Connection* first_frame(const Frame& frame);
  std::unique_ptr<Connection> make_connection(const Frame& frame);
  void accepted(int descriptor);
  void disconnected(int descriptor);
  void take(Frame& frame);
  void condemn(int descriptor);
  void displace(ConnectionId older);
  void end(std::unique_ptr<Connection> connection);
  void tell_closed(Connection& connection);
  void shut_later(int descriptor);
  void forget_name(const Connection& connection);
  void plan_chores(Instant due);
  void chores();
  void plan_audit();
  void audit();

  ZmqServices services_;
  TransportConfig config_;
  Upcalls& upcalls_;
  WakeSet& wakes_;
  UniqueFunction<void()> check_soon_;
  std::unique_ptr<ZmqSocket> socket_;
  std::vector<Slot> slots_;                          // by descriptor
  std::vector<std::unique_ptr<Connection>> ending_;  // their TCP connection is gone, frames may be left
  std::map<std::string, ConnectionId, std::less<>> by_routing_id_;
  std::vector<std::pair<int, std::uint64_t>> to_shut_;  // descriptor and cookie
  std::vector<ConnectionId> displaced_;
  std::vector<Lingering> lingering_;
  std::uint64_t next_connection_ = 1;
  std::size_t open_ = 0;
  std::size_t open_max_ = 0;
  TimerId chores_timer_ = TimerId::none;
  Instant chores_due_ = never;
  TimerId audit_timer_ = TimerId::none;
  bool drained_ = true;
  bool used_ = false;
};

}  // namespace hawser
