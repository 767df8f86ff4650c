// The simulated network: TCP as a session sees it, between machines that are switched on or off.
//
// Every directed pair of machines has a Rule. Frames of one connection arrive in order, each delayed by a draw from the
// rule's distribution; connections are set up in one round trip. The two directions of a connection are independent
// once it stands (acknowledgements of TCP itself are not modelled), so a one-way cut leaves the other way working; a
// new connection needs both. What is told to a node is told in an event of its host, never from inside a call.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/sim/connection.hpp>
#include <hawser/sim/event_queue.hpp>
#include <hawser/sim/frame_rule.hpp>
#include <hawser/sim/rule.hpp>
#include <hawser/sim/trace.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hawser::sim {

// Who is told of a reset between u and v; the other end learns it when it next sends, through the other's reset.
enum class Notice : std::uint8_t { both, first, second };

class Network {
 public:
  // All of them must outlive the network; `now` is the world's clock.
  Network(EventQueue& events, const WorldTime& now, Trace& trace, Random random)
      : events_(events), now_(now), trace_(trace), random_(random) {}
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // A machine, switched on; `name` resolves to it. `rule` holds to and from every machine added before.
  MachineId add_machine(const std::string& name, const Rule& rule);
  // An address of that machine, known before anybody listens there.
  void add_address(MachineId machine, const Endpoint& address) { addresses_[address] = machine; }

  // Replaces the rule from `from` to `to`, at once, for the connections that stand as well.
  void set_rule(MachineId from, MachineId to, const Rule& rule);
  const Rule& rule(MachineId from, MachineId to) const { return *links_[from * machines_.size() + to].rule; }

  // What passes the gateways of that number, all pairs together; bytes per second, 0 is without limit. From 1.
  void set_gateway_rate(std::uint32_t gateway, std::uint64_t bytes_per_second);

  // Rules of single frames.
  FrameRuleId add(FrameRule rule);
  void remove(FrameRuleId id);  // nothing if it is not there
  // How many frames it was applied to; 0 when it is not there.
  std::uint64_t applied(FrameRuleId id) const noexcept;

  // How long ago an answer to a heartbeat last left one for the other without having to wait behind others. Zero where
  // bandwidth has no limit, and had none when one last did so.
  Duration queues_for(MachineId from, MachineId to) const noexcept;
  // All connections between the two end now; what was not read is lost.
  void reset(MachineId first, MachineId second, Notice notice);
  // The connections that stand between the two die silently; new ones work (a middle box lost its table).
  void forget(MachineId first, MachineId second);
  // How often that was done to connections of the two, or they were reset.
  std::uint64_t forgotten(MachineId first, MachineId second) const noexcept {
    return links_[first * machines_.size() + second].forgotten + links_[second * machines_.size() + first].forgotten;
  }
  // New connections to the machine are refused, whoever listens.
  void set_refusing(MachineId machine, bool refusing) { machines_[machine].refusing = refusing; }
  // New connections to `machine` end at `instead`; nothing takes it back.
  void misroute(MachineId machine, std::optional<MachineId> instead) { machines_[machine].instead = instead; }
  // Links and connections that processes there may have at a time.
  void set_descriptors(MachineId machine, std::size_t limit) { machines_[machine].descriptors_max = limit; }
  // Whether whoever dials it reaches it, and it can dial, as far as machines are concerned.
  bool takes_connections(MachineId machine) const noexcept {
    const Machine& at = machines_[machine];
    return !at.refusing && !at.instead && at.descriptors_max == ~std::size_t{0};
  }
  // The process on the machine is gone. Silently: the machine is off as well, and nobody hears of it.
  void process_ended(MachineId machine, bool silently);
  void power_on(MachineId machine) { machines_[machine].powered = true; }

  // Dials of all processes so far.
  std::uint64_t dials() const noexcept { return dials_; }
  // When a control connection was last opened.
  WorldTime last_link_up() const noexcept { return last_link_up_; }
  // Connections of which some side is open.
  std::size_t connections() const noexcept { return in_use_; }

  // For SimTransport.
  void attach(Attachment& user) { machines_[user.machine].attached.push_back(&user); }
  void detach(Attachment& user);
  Endpoint listen(Attachment& user, const Endpoint& at);
  LinkId dial(Attachment& user, const DialRequest& request);
  SendResult send(Attachment& user, LinkId link, BufferRef frame);
  void hang_up(Attachment& user, LinkId link);
  void answer(Attachment& user, ConnectionId connection, BufferRef frame);
  void drop(Attachment& user, ConnectionId connection, bool linger);

 private:
  struct Machine {
    std::string name;
    bool powered = true;
    bool refusing = false;
    std::optional<MachineId> instead;
    std::size_t descriptors_max = ~std::size_t{0};
    std::vector<Attachment*> attached;
    std::uint16_t next_port = 20'000;
  };
  struct Link {
    std::shared_ptr<const Rule> rule;  // most pairs have the same, which then lies in the cache
    std::int64_t busy_until_ns = 0;    // for the rate of the pair
    bool burst_bad = false;
    BufferRef remembered;  // for replays
    bool queues = false;   // its bandwidth has a limit, or had one and no answer has been prompt since
    WorldTime prompt_at = world_begin;
    std::uint64_t forgotten = 0;
  };

  struct Bucket {
    std::uint64_t bytes_per_second = 0;
    std::int64_t busy_until_ns = 0;
  };

  Link& link(MachineId from, MachineId to) { return links_[from * machines_.size() + to]; }
  Connection* find(std::uint64_t id) noexcept;
  std::uint64_t open_slot();
  void release_if_done(std::uint64_t id);
  bool attached(const Attachment* user) const;
  // Closes a group of calls, if `user` is still there: `detachments` is what the counter said before them.
  void turn_ended(Attachment* user, std::uint64_t detachments);
  std::size_t descriptors_used(MachineId machine) const;
  template <typename F>
  void each_pipe(MachineId from, MachineId to, F visit);

  // network.cpp: setting up and ending.
  std::optional<MachineId> resolve(const Attachment& user, const Endpoint& to) const;
  Attachment* listener_at(MachineId machine, std::uint16_t port) const;
  void end_soon(std::uint64_t id, LinkFailure why, std::string_view detail);
  void end_link(std::uint64_t id, LinkFailure why, std::string_view detail);
  void close_listener(std::uint64_t id);
  void on_timeout(std::uint64_t id);
  void retry_syn(std::uint64_t id);
  void on_syn(std::uint64_t id);
  void on_accept(std::uint64_t id);
  void on_accepted(std::uint64_t id);

  // network_flow.cpp: segments under way.
  void transmit(std::uint64_t id, Way way, SegmentKind kind, BufferRef frame = nullptr);
  void tamper(Connection& connection, Way way, BufferRef frame, Duration extra);
  void push(Connection& connection, Way way, SegmentKind kind, BufferRef frame, Duration extra = Duration::zero());
  void flip_a_bit(BufferRef& frame);
  void cut_its_end(BufferRef& frame);
  // What the rules of single frames make of one.
  struct Picked {
    bool dropped = false;
    Duration extra{0};
    std::uint32_t copies = 0;  // beside itself
  };
  Picked pick(const Connection& connection, Way way, BufferRef& frame);
  std::optional<WorldTime> arrival(Link& path, std::size_t bytes, bool retransmits);
  std::optional<Duration> loss_delay(Link& path, std::size_t bytes, bool retransmits);
  // A prompt answer: it arrives as soon as if it were alone.
  void note_answer(Link& path, const BufferRef& frame, WorldTime arrives);
  void lose(Connection& connection, Way way, SegmentKind kind, std::size_t bytes);
  void lose_queue(Connection& connection, Way way);
  void give_up(Connection& connection, Way way);
  void discard_queue(Connection& connection, Way way);
  void hold_queue(Pipe& pipe);
  static WorldTime through(std::int64_t& busy_until_ns, std::uint64_t bytes_per_second, std::size_t bytes,
                           WorldTime at);
  void release_queue(Connection& connection, Way way);
  void arm(Connection& connection, Way way);
  void arrive(std::uint64_t id, Way way);
  void take(std::uint64_t id, Way way, Segment segment, Attachment*& told);
  void take_frame(Connection& connection, Way way, BufferRef frame, Attachment*& told);
  void make_room(Connection& connection, Way way);

  EventQueue& events_;
  const WorldTime& now_;
  Trace& trace_;
  Random random_;
  std::vector<Machine> machines_;
  std::vector<Link> links_;  // row: from, column: to
  std::vector<Bucket> gateways_;
  std::map<std::string, MachineId> names_;
  std::map<Endpoint, MachineId> addresses_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::size_t> free_;
  std::size_t in_use_ = 0;
  struct Chosen {
    FrameRuleId id = FrameRuleId::none;
    FrameRule rule;
  };
  std::vector<Chosen> frame_rules_;
  std::uint64_t frame_rules_made_ = 0;
  std::uint64_t detachments_ = 0;
  std::uint64_t dials_ = 0;
  WorldTime last_link_up_ = world_begin;
};

template <typename F>
void Network::each_pipe(MachineId from, MachineId to, F visit) {
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    Connection& connection = *connections_[slot];
    if (connection.id == 0) continue;
    if (connection.from == from && connection.to == to) visit(connection, Way::forward);
    if (connection.to == from && connection.from == to) visit(connection, Way::backward);
  }
}

}  // namespace hawser::sim
