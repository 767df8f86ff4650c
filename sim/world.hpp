// World: hosts, the network between them, and the hardship they meet, on virtual time. A run is a function of the
// program and the seed.
//
//   hawser::sim::World world{{.seed = 42}};
//   world.host("n1", config, app);
//   world.host("n2", config, app);
//   world.partition({"n1"}, {"n2"});
//   world.run_for(10s);
//
// Hosts start at the first run_for or run_until, in the order in which they were added. Everything runs on the calling
// thread. Verbs act at once; those that start or end a process wait for the end of the turn when called from inside
// one. A host that no world knows is misuse. Every verb enters the trace.
#pragma once

#include <hawser/base/fault_point.hpp>
#include <hawser/base/random.hpp>
#include <hawser/interconnect/config.hpp>
#include <hawser/sim/event_queue.hpp>
#include <hawser/sim/host.hpp>
#include <hawser/sim/network.hpp>
#include <hawser/sim/rule.hpp>
#include <hawser/sim/shape.hpp>
#include <hawser/sim/sim_arbiter.hpp>
#include <hawser/sim/trace.hpp>

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {
class Node;
}

namespace hawser::sim {

struct WorldOptions {
  std::uint64_t seed = 1;
  Duration delay_min{200};  // one way, uniform between the two; every link until delay() says otherwise
  Duration delay_max{400};
  std::size_t buffer_bytes = std::size_t{1} << 20;  // of a connection, each way
  std::size_t trace_rows = 0;                       // rows kept, the last ones
  std::ostream* trace_to = nullptr;                 // prints every row as it comes; must outlive the world
  bool full_mesh = true;                            // a host whose configuration has no peers gets all the others
};

using App = std::function<void(Node&)>;

// One direction, from the first host to the second, or both.
enum class Direction : std::uint8_t { both, there };

// What becomes of a connection when its hosts are parted.
enum class Cut : std::uint8_t { blackhole, jam, reset, slow };
inline constexpr Duration slow_cut{1'000'000};  // what a slow cut adds to every way

class World {
 public:
  explicit World(const WorldOptions& options = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // A host that runs a node. An empty id becomes the host's name; a listening address left at its default becomes port
  // 7000 of the host's name. REQUIRES: `name` is new and could be a node id.
  Host& host(const std::string& name, Config config, App app);
  // A host that runs something else on the same ports.
  Host& host(const std::string& name, ProcessFactory factory);
  // What the next start of that host uses.
  void reconfigure(const std::string& name, Config config);

  void run_for(Duration span);
  // Until `reached` is true, tested at the start and after every event; false when `limit` is over first.
  bool run_until(const std::function<bool()>& reached, Duration limit);
  WorldTime now() const noexcept { return now_; }
  // The same, for those who look again and again.
  const WorldTime& clock() const noexcept { return now_; }
  // Calls `what` outside any host at that time, or now if it has passed.
  void at(WorldTime at, std::function<void()> what);
  void after(Duration delay, std::function<void()> what) { at(later(now_, delay), std::move(what)); }
  // Called after every event, in the order of adding: the place for invariants.
  void on_event(std::function<void()> check) { checks_.push_back(std::move(check)); }

  // Before the first run: that host, which runs a node, does not start with the others, which have no peer of its name,
  // until it joins; a restart is a join too. Those that run learn of it when they start again.
  void hold_back(const std::string& name);
  void join(const std::string& name);

  // The node of that host, which must be alive and run one. Starts the hosts if that has not been.
  Node& node(const std::string& name);
  // The same, or null when that host runs no node now. Starts nothing.
  Node* node_if(const std::string& name);
  bool alive(const std::string& name) const { return at_name(name).alive(); }
  Host& at_host(const std::string& name) { return at_name(name); }
  std::vector<std::string> hosts() const;
  std::size_t hosts_count() const noexcept { return hosts_.size(); }
  Network& network() noexcept { return network_; }
  SimArbiter& arbiter() noexcept { return arbiter_; }
  Trace& trace() noexcept { return trace_; }
  std::uint64_t trace_hash() const noexcept { return trace_.hash(); }
  std::uint64_t events_run() const noexcept { return events_run_; }
  // What is planned: timers of hosts, arrivals, hardships to come.
  std::size_t events_waiting() const noexcept { return events_.size(); }
  std::uint64_t seed() const noexcept { return options_.seed; }
  const WorldOptions& options() const noexcept { return options_; }
  // How many verbs of hardship (and of relief) were called, and when the last one was.
  std::uint64_t hardships() const noexcept { return hardships_; }
  WorldTime last_hardship() const noexcept { return last_hardship_; }
  void note(const std::string& name, std::string_view text);
  // For the program around the world. Nobody else draws from it.
  Random& random() noexcept { return random_; }

  // Parting. Black hole: what is sent or under way is lost, connections stay up. Hosts in no group keep all their
  // links.
  void partition(const Group& one, const Group& other, Cut cut = Cut::blackhole);
  void split(const std::vector<Group>& groups, Cut cut = Cut::blackhole);
  void isolate(const std::string& name, Cut cut = Cut::blackhole);
  void one_way(const std::string& from, const std::string& to);  // nothing passes from -> to; to -> from works
  // Cuts directed links, for instance one of the shapes of shape.hpp. A reset ends connections of both directions.
  void cut_links(const Links& links, Cut cut = Cut::blackhole);
  // Ends cuts, jams and slow cuts, of all links or of one; delays, loss and rates stay.
  void heal();
  void heal(const std::string& one, const std::string& other);
  // Down and up in turn, beginning with down, so many times; each span is longer or shorter by up to `jitter`.
  void flap(const std::string& one, const std::string& other, Duration down, Duration up, std::uint32_t times,
            Duration jitter = Duration::zero());
  // Each of the nodes is cut off from all hosts at a time of its own in the first half of the window, and comes back at
  // one in the second half; both orders are shuffled. Other cuts between them end with it.
  void swizzle(const Group& nodes, Duration window, Cut cut = Cut::jam);

  // Links. `which` says whether the other direction is meant too.
  void hold(const std::string& from, const std::string& to, Direction which = Direction::both);
  void release(const std::string& from, const std::string& to, Direction which = Direction::both);
  void delay(const std::string& from, const std::string& to, Duration min, Duration max,
             Direction which = Direction::both);
  void delay(const std::string& from, const std::string& to, const Delay& delay, Direction which = Direction::both);
  void loss(const std::string& from, const std::string& to, std::uint32_t millionths,
            Direction which = Direction::both);
  void burst(const std::string& from, const std::string& to, const Burst& burst, Direction which = Direction::both);
  void rate(const std::string& from, const std::string& to, std::uint64_t bytes_per_second, std::size_t buffer_bytes,
            Direction which = Direction::both);
  void mtu_hole(const std::string& from, const std::string& to, std::size_t frame_bytes_max,
                Direction which = Direction::both);
  void lane_loss(const std::string& from, const std::string& to, LaneClass lane, bool lost,
                 Direction which = Direction::both);
  // Messages, requests and replies of that type are lost, with all that follows them on their connection.
  void type_loss(const std::string& from, const std::string& to, TypeId type, bool lost,
                 Direction which = Direction::both);
  // `to` does not read what comes on that lane: it waits in its machine, and its sender's buffer fills.
  void lane_stall(const std::string& from, const std::string& to, LaneClass lane, bool stalled,
                  Direction which = Direction::both);
  void lane_stall(const std::string& name, LaneClass lane, bool stalled);  // from all others
  // What broken or hostile middle boxes do to a frame, each with a chance: see Rule.
  void duplicate(const std::string& from, const std::string& to, std::uint32_t millionths,
                 Direction which = Direction::both);
  void replay(const std::string& from, const std::string& to, std::uint32_t millionths,
              Direction which = Direction::both);
  void corrupt(const std::string& from, const std::string& to, std::uint32_t millionths,
               Direction which = Direction::both);
  void truncate(const std::string& from, const std::string& to, std::uint32_t millionths,
                Direction which = Direction::both);
  // All that passes between the group and the other hosts there are now shares one line, each way so many bytes per
  // second; a connection holds `buffer_bytes` before its sender is told `full`. A host is behind one gateway at most.
  // Rate 0 ends it, and leaves the buffers.
  void gateway(const Group& group, std::uint64_t bytes_per_second, std::size_t buffer_bytes);
  void syn_drop(const std::string& from, const std::string& to, bool dropped, Direction which = Direction::both);
  // Anything else: `change` edits the rule of the pair.
  void edit(const std::string& from, const std::string& to, Direction which, std::string_view trace_text,
            const std::function<void(Rule&)>& change);
  // Single frames, chosen by guards: see frame_rule.hpp. A rule counts from its adding on.
  FrameRuleId add(FrameRule rule);
  void remove(FrameRuleId id);
  std::uint64_t applied(FrameRuleId id) const noexcept { return network_.applied(id); }
  void reset(const std::string& one, const std::string& other, Notice notice = Notice::both);
  void established_drop(const std::string& one, const std::string& other);
  void refuse(const std::string& name, bool refusing = true);
  void misroute(const std::string& name, const std::string& instead);  // the same name twice ends it
  void descriptors(const std::string& name, std::size_t limit);

  // Processes. A restart of one that is alive crashes it first, with resets.
  void crash(const std::string& name, ProcessEnd how = ProcessEnd::silent);
  void restart(const std::string& name, bool keep_storage = true);
  void stop(const std::string& name);  // graceful; alive() turns false when it is done
  void pause(const std::string& name);
  void resume(const std::string& name);
  void slow(const std::string& name, Duration turn_cost);  // zero ends it
  // Restarts it at another address. Others find it there when they are told so (Node::set_endpoint).
  void move(const std::string& name, const Endpoint& listen, bool keep_storage = true);
  // Power is lost one by one, at shuffled times within the window; each starts again `down` later, with its disk.
  void kill_storm(const Group& nodes, Duration window, Duration down);
  // Each in turn stops on purpose, starts again `down` after it has ended, and `gap` later the next one's turn comes.
  void rolling_restart(const Group& nodes, Duration down, Duration gap);
  // All hosts that run lose power now, and start again at one instant.
  void cold_start(Duration off);
  // What flaps, swizzles, kill storms, rolling restarts and cold starts have planned is not done. What is cut or off by
  // then stays so, but that a host which a rolling restart has begun to stop starts again.
  void call_off();
  // Another process with the node id, configuration and app of `of`, on a host of its own; or with another app. Crash
  // ends it. REQUIRES: not called from inside a turn.
  Host& twin(const std::string& name, const std::string& of);
  Host& twin(const std::string& name, const std::string& of, App app);
  // From its next start on the host's build speaks these wire versions.
  void version_skew(const std::string& name, VersionRange speaks);
  // Messages of that type, by name, do not start their handlers there: they wait as behind a handler that does not end.
  void handler_stall(const std::string& name, const std::string& type, bool stalled);
  // A point in the node's code fires with that chance in millionths; 0 ends it.
  void fault_point(const std::string& name, FaultPoint point, std::uint32_t millionths);
  void fault_points_off(const std::string& name);  // all of them, stalled handlers included

  // The way to the arbiter. Parted: nothing passes; deaf: what it asks takes effect, and no answer comes. heal() ends
  // both. Slow: each way takes so long.
  void arbiter_cut(const std::string& name, bool cut = true);
  void arbiter_deaf(const std::string& name, bool deaf = true);
  void arbiter_delay(const std::string& name, const Delay& each_way);

  // Clocks and resources.
  void clock_rate(const std::string& name, std::int32_t ppm);
  void clock_freeze(const std::string& name, bool frozen);  // thawed it goes on at the true rate, and is behind
  void clock_step(const std::string& name, Duration forward);
  void wall_step(const std::string& name, Duration by);
  void timers_late(const std::string& name, Duration most);
  // A process that holds more bytes of messages (in its books, and as NodeSnapshot::held_bytes has them) is killed, as
  // by a kernel that has run out of memory: looked at every 10 ms. Its machine resets its connections. 0 ends it.
  void memory_limit(const std::string& name, std::size_t held_bytes);
  void disk_lose(const std::string& name);
  void disk_tear(const std::string& name);
  void disk_full(const std::string& name, bool full);

 private:
  struct NodeSpec;
  Host& at_name(const std::string& name) const;
  void hardship(std::string_view verb, std::string_view text = {});
  Random planning() const noexcept;
  // After that delay, unless plans are called off before.
  void as_planned(Duration delay, std::function<void()> what);
  void cut_link(const std::string& from, const std::string& to, Cut cut);
  void swizzle_off(const std::string& name, const std::shared_ptr<Group>& off, Cut cut);
  void swizzle_on(const std::string& name, const std::shared_ptr<Group>& off);
  void roll(const std::shared_ptr<const Group>& nodes, std::size_t next, Duration down, Duration gap);
  void look_at_memory(const std::string& name, std::uint64_t number);
  void chance(const std::string& from, const std::string& to, Direction which, std::string_view verb,
              std::uint32_t millionths, std::uint32_t Rule::*member);
  void start_hosts();
  void outside_turns(std::function<void()> what);
  bool run(WorldTime end, const std::function<bool()>* reached);
  void part(const std::string& from, const std::string& to, Cut cut);
  std::unique_ptr<Process> start_node(Host& host, const NodeSpec& spec);
  bool held_back(MachineId index) const noexcept;
  void let_in(MachineId index) noexcept;

  WorldOptions options_;
  WorldTime now_ = world_begin;
  EventQueue events_;
  Trace trace_;
  Random random_;
  Network network_;
  SimArbiter arbiter_;
  std::vector<std::shared_ptr<NodeSpec>> specs_;  // by host; null where no node runs
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<std::function<void()>> checks_;
  std::uint64_t events_run_ = 0;
  std::uint64_t standing_ = 0;  // events at this instant
  std::uint64_t hardships_ = 0;
  WorldTime last_hardship_ = world_begin;
  std::uint32_t gateways_ = 0;
  std::uint64_t called_off_ = 0;  // times that plans were
  struct MemoryLimit {
    std::size_t bytes = 0;
    std::uint64_t number = 0;  // of the call that set it
  };
  std::map<std::string, MemoryLimit> memory_;
  bool running_ = false;
};

}  // namespace hawser::sim
