// The expectations of a scenario while it is played: looks at the nodes when they say so, counts, and gives each its
// verdict.
//
// States are looked at every 10 ms of the time that counts, and whenever a node changes its mind about a peer. What has
// nothing to look at (a node that does not run, a count of messages where none was sent) is inconclusive.
#pragma once

#include <hawser/sim/books.hpp>
#include <hawser/sim/play.hpp>
#include <hawser/sim/scenario.hpp>
#include <hawser/sim/world.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace hawser::sim {

// `n1 holds n2 for up, always from 3s to 5s`
std::string sentence(const Expectation& expected);

class Expectations {
 public:
  // All of them must outlive the world's runs, and this too.
  Expectations(World& world, const Books& books, const Scenario& scenario);
  Expectations(const Expectations&) = delete;
  Expectations& operator=(const Expectations&) = delete;

  // Plans the looks. Before the world runs.
  void plan();
  // Called in the app of that node.
  void attach(Node& node, const std::string& name);
  // The timeline is over.
  void timeline_over();
  // What recovery or rest came to; an empty text when it was reached.
  void settled(ExpectKind kind, const std::string& violation, Duration took);
  // All is over; what was not decided by then is inconclusive, with `why`.
  std::vector<ExpectationResult> results(const std::string& why);

  // Node, kind, peer, cause; the middle words are literals of the event log.
  using EventKey = std::tuple<std::string, std::string_view, std::string, std::string_view>;
  const std::map<EventKey, std::uint64_t>& events() const noexcept { return events_; }

 private:
  struct Item {
    const Expectation* expected = nullptr;
    bool active = false;
    bool decided = false;
    bool begun = false;         // of a count: `base` was taken
    bool unknown_seen = false;  // of a state: somebody could not be asked
    bool known_seen = false;
    std::uint64_t base = 0;
    std::uint64_t sent_base = 0;
    ExpectationResult result;
    std::string last;  // what was seen last instead
  };
  struct Look {
    bool all = true;       // every pair is as expected
    bool any = false;      // some pair is
    bool unknown = false;  // somebody could not be asked
    std::string other;     // the first that is not
  };
  struct Count {
    std::uint64_t found = 0;
    std::uint64_t sent = 0;
  };

  Duration end_of(const Expectation& expected) const;
  void begin(Item& item);
  void tick(Item& item, WorldTime end);
  void look(Item& item);
  void close(Item& item);
  void decide(Item& item, Verdict verdict, std::string seen);
  Look see(const Expectation& expected);
  void see_peers(const Expectation& expected, const std::string& name, Look& look);
  Count count(const Expectation& expected) const;
  void close_count(Item& item);
  std::string now_text() const;

  World& world_;
  const Books& books_;
  const Scenario& scenario_;
  std::vector<Item> items_;
  std::map<EventKey, std::uint64_t> events_;
  std::size_t active_peers_ = 0;
};

}  // namespace hawser::sim
