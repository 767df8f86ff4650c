// The links we dialled: one DEALER each, dialled once.
//
// A link goes resolving -> connecting -> greeting -> up, with one deadline over the first two and one over the third.
// ZeroMQ never reconnects by itself, and keeps nothing for a link that is not up. Each dial announces a routing id of
// its own (`name|lane|incarnation|counter`), so that two connections can never be mistaken for one. What fails inside a
// call is told in a turn of its own. Loop thread only.
#pragma once

#include <hawser/base/unique_function.hpp>
#include <hawser/interconnect/runtime.hpp>
#include <hawser/interconnect/zmq/zmq_services.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hawser {

class Upcalls;
class WakeSet;
struct MonitorEvent;

class ZmqOutbound {
 public:
  // `check_soon` asks for check_touched() to be called from the loop, in a turn of its own.
  ZmqOutbound(const ZmqServices& services, const TransportConfig& config, Upcalls& upcalls, WakeSet& wakes,
              UniqueFunction<void()> check_soon);
  ~ZmqOutbound();
  ZmqOutbound(const ZmqOutbound&) = delete;
  ZmqOutbound& operator=(const ZmqOutbound&) = delete;

  LinkId dial(const DialRequest& request);
  SendResult send(LinkId link, BufferRef frame);
  void hang_up(LinkId link);
  // Hangs up everything and tells nobody.
  void close();

  // Hears what the monitor of this link has to say, then looks at the link. Tells.
  void check(LinkId link);
  // Takes answers, and notices room where a send had found none. Tells.
  void look(LinkId id);
  // Looks at links that were used, or that failed inside a call, since the last look. Tells.
  void check_touched();
  bool touched() const noexcept { return !touched_.empty(); }

 private:
  struct Link;

  Link* find(LinkId link) noexcept;
  Link& make_link(const DialRequest& request);
  void touch(Link& link);
  void resolved(LinkId id, std::vector<std::string> addresses, const std::string& problem);
  void connect(Link& link, const std::vector<std::string>& addresses);
  void connect_to(Link& link, const std::string& address);
  void event(Link& link, const MonitorEvent& event);
  void connected(Link& link, int descriptor);
  void up(Link& link);
  void deadline(LinkId id);
  void receive_answers(LinkId id);
  void fail(Link& link, LinkFailure why, std::string detail);
  void fail_later(Link& link, LinkFailure why, std::string detail);
  void remove(Link& link);

  ZmqServices services_;
  TransportConfig config_;
  Upcalls& upcalls_;
  WakeSet& wakes_;
  UniqueFunction<void()> check_soon_;
  std::vector<std::unique_ptr<Link>> links_;  // by the low bits of their id
  std::vector<std::uint32_t> free_;
  std::vector<LinkId> touched_;
  std::vector<LinkId> checking_;
  std::uint64_t next_dial_ = 1;
  // Callbacks that the services hold may fire after us; they hold this weakly.
  std::shared_ptr<ZmqOutbound*> self_;
};

}  // namespace hawser
