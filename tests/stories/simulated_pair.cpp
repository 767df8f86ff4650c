// The pair on virtual time.
#include <hawser/sim/world.hpp>
#include "pair.hpp"

#include <algorithm>
#include <utility>

namespace hawser::stories {
namespace {

constexpr std::uint16_t port = 7000;

class SimulatedPair final : public Pair {
 public:
  explicit SimulatedPair(std::uint64_t seed) : world_({.seed = seed, .full_mesh = false}) {}

  void begin(std::vector<Member> members) override {
    members_ = std::move(members);
    for (const Member& member : members_) names_.push_back(member.name);
    for (const Member& member : members_) {
      if (!member.late) add(member);
    }
  }

  bool alive(const std::string& name) const override { return added(name) && world_.alive(name); }
  Node& node(const std::string& name) override { return world_.node(name); }
  bool run_until(const std::function<bool()>& reached, Duration limit) override {
    return world_.run_until(reached, limit);
  }
  void run_for(Duration span) override { world_.run_for(span); }
  Instant time() const override { return instant_from_us(sim::to_us(world_.now())); }

  Endpoint address(const std::string&, const std::string& to) const override { return {to, port}; }
  Endpoint nowhere() const override { return {names_.front(), port + 1}; }

  void cut() override { part(sim::Cut::blackhole); }
  void jam() override { part(sim::Cut::jam); }
  void reset() override {
    for (const auto& [one, other] : links()) world_.reset(one, other);
  }
  void heal() override {
    world_.heal();
    for (const auto& [one, other] : links()) {
      world_.delay(one, other, world_.options().delay_min, world_.options().delay_max);
      world_.loss(one, other, 0);
    }
  }
  void cut_way(const std::string& from, const std::string& to) override { world_.one_way(from, to); }
  void stall_way(const std::string& from, const std::string& to) override {
    world_.hold(from, to, sim::Direction::there);
  }
  void delay(Duration each_way) override {
    for (const auto& [one, other] : links()) world_.delay(one, other, each_way, each_way);
  }
  void lose(std::uint32_t millionths) override {
    for (const auto& [one, other] : links()) world_.loss(one, other, millionths);
  }
  void refuse(const std::string& name) override {
    world_.refuse(name);
    for (const std::string& other : added_) {
      if (other != name) world_.reset(name, other);
    }
  }
  void accept(const std::string& name) override { world_.refuse(name, false); }

  void crash(const std::string& name) override { world_.crash(name, sim::ProcessEnd::with_reset); }
  void start(const std::string& name) override {
    if (added(name)) {
      world_.restart(name);
      return;
    }
    add(*std::find_if(members_.begin(), members_.end(), [&](const Member& member) { return member.name == name; }));
    world_.run_for(Duration::zero());
  }
  void stop(const std::string& name) override {
    world_.stop(name);
    REQUIRE(run_until([&] { return !world_.alive(name); }, 30s));
  }

 private:
  void add(const Member& member) {
    Config config;
    config.id = NodeId{member.name};
    config.insecure = true;
    for (const std::string& other : names_) {
      if (other != member.name) config.peers.push_back({NodeId{other}, {other, port}});
    }
    if (member.settings) member.settings(config);
    world_.host(member.name, std::move(config), member.app);
    added_.push_back(member.name);
  }
  bool added(const std::string& name) const { return std::find(added_.begin(), added_.end(), name) != added_.end(); }

  std::vector<std::pair<std::string, std::string>> links() const {
    std::vector<std::pair<std::string, std::string>> result;
    for (std::size_t i = 0; i < added_.size(); ++i) {
      for (std::size_t j = i + 1; j < added_.size(); ++j) result.emplace_back(added_[i], added_[j]);
    }
    return result;
  }
  void part(sim::Cut how) {
    for (const auto& [one, other] : links()) world_.partition({one}, {other}, how);
  }

  sim::World world_;
  std::vector<Member> members_;
  std::vector<std::string> added_;
};

}  // namespace

std::unique_ptr<Pair> simulated_pair(std::uint64_t seed) { return std::make_unique<SimulatedPair>(seed); }

}  // namespace hawser::stories
