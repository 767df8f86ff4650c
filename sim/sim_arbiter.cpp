#include <hawser/sim/sim_arbiter.hpp>

#include <hawser/base/mutant.hpp>

#include <algorithm>
#include <utility>

namespace hawser::sim {
namespace {

constexpr Duration slow{20'000};

}  // namespace

// What one host asks by: everything on its way is an event, there one of the world, back one of the host.
class SimArbiter::Client final : public Arbiter {
 public:
  Client(SimArbiter& arbiter, Owner host) : arbiter_(arbiter), host_(host) {}

  void renew(ArbiterRenewal renewal, Done done) override {
    arbiter_.pass(
        host_, [this, renewal = std::move(renewal)] { return arbiter_.renew(renewal); }, "arbiter renews",
        std::move(done));
  }
  void swap(ArbiterSwap swap, Done done) override {
    arbiter_.pass(
        host_, [this, swap = std::move(swap)] { return arbiter_.swap(swap); }, "arbiter swaps", std::move(done));
  }

 private:
  SimArbiter& arbiter_;
  Owner host_;
};

SimArbiter::SimArbiter(EventQueue& events, Trace& trace, const WorldTime& now, Random random)
    : events_(events), trace_(trace), now_(now), random_(random) {}

SimArbiter::~SimArbiter() = default;

Arbiter& SimArbiter::client(Owner host) {
  auto& client = clients_[host];
  if (client == nullptr) client = std::make_unique<Client>(*this, host);
  return *client;
}

void SimArbiter::heal() {
  for (auto& [host, rule] : rules_) rule.asks_lost = rule.answers_lost = false;
}

bool SimArbiter::hampered() const {
  return std::any_of(rules_.begin(), rules_.end(), [](const auto& each) {
    const ArbiterRule& rule = each.second;
    return rule.asks_lost || rule.answers_lost || rule.there.max() > slow || rule.back.max() > slow;
  });
}

Duration SimArbiter::silent_for(Owner host) const {
  const auto found = answered_.find(host);
  return now_ - (found == answered_.end() ? world_begin : found->second);
}

void SimArbiter::pass(Owner host, std::function<ArbiterAnswer()> what, std::string_view verb, Arbiter::Done done) {
  const ArbiterRule& asking = rule(host);
  if (asking.asks_lost) return;
  const WorldTime there = later(now_, asking.there.draw(random_));
  const std::uint64_t run = runs_[host];
  events_.schedule(
      there, world_owner, [this, host, run, what = std::move(what), verb, done = std::move(done)]() mutable {
        ArbiterAnswer answer = what();
        const std::string_view note = answer.done ? verb : std::string_view{"arbiter refuses"};
        trace_.add(now_, TraceKind::note, host, world_owner, answer.state.revision, note);
        const ArbiterRule& answering = rule(host);
        if (answering.answers_lost || runs_[host] != run) return;
        const WorldTime back = later(now_, answering.back.draw(random_));
        events_.schedule(back, host, [this, host, answer = std::move(answer), done = std::move(done)]() mutable {
          answered_[host] = now_;
          done(std::move(answer));
        });
      });
}

void SimArbiter::expire() {
  revision_ += std::erase_if(keys_, [this](const auto& key) { return key.second.ends <= now_; });
}

ArbiterAnswer SimArbiter::renew(const ArbiterRenewal& renewal) {
  expire();
  std::uint64_t& last = numbers_[renewal.client];
  if (renewal.number <= last && !mutant(Mutant::arbiter_numbers_stand)) return {false, state(), {}};
  last = renewal.number;
  for (const std::string& key : renewal.keep) {
    const auto [kept, fresh] = keys_.try_emplace(key);
    kept->second.ends = later(now_, renewal.ttl);
    if (fresh) ++revision_;
  }
  for (const std::string& key : renewal.release) revision_ += keys_.erase(key);
  return {true, state(), {}};
}

ArbiterAnswer SimArbiter::swap(const ArbiterSwap& swap) {
  expire();
  const bool taken = std::any_of(swap.absent.begin(), swap.absent.end(),
                                 [this](const std::string& key) { return keys_.contains(key); });
  if (swap.version != version_ || taken) return {false, state(), {}};
  record_ = swap.record;
  ++version_;
  ++revision_;
  return {true, state(), {}};
}

ArbiterState SimArbiter::state() const {
  ArbiterState state{revision_, version_, record_, {}};
  for (const auto& [key, life] : keys_) state.keys.push_back(key);
  return state;
}

}  // namespace hawser::sim
