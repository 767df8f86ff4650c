// Properties: what a program must keep whatever happens, as predicates over a world that are asked after every event.
//
//   sim::Properties must{world};
//   must.never("two holders of one lock", [&] { return holders() > 1; });
//   must.eventually("somebody holds the lock", 5s, [&] { return holders() == 1; });
//   must.sometimes("the lock changed hands", [&] { return changes > 0; });
//   world.run_for(1min);               // throws PropertyBroken between two events
//   must.finish();                     // waits for what is due, and asks whether each `sometimes` happened
//
// Predicates read the world and the program, and change neither: a run with properties has the trace hash of one
// without. They may be added while the world runs, not from inside a predicate. The object must live as long as its
// world runs.
#pragma once

#include <hawser/sim/world.hpp>

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::sim {

enum class PropertyKind : std::uint8_t { throughout, never, eventually, whenever, sometimes };
std::string_view to_string(PropertyKind kind) noexcept;

// A property that did not hold, with its place in the run: the seed replays it.
struct BrokenProperty {
  PropertyKind kind = PropertyKind::throughout;
  std::string name;
  std::string text;  // what went wrong, in a sentence
  WorldTime at = world_begin;
  std::uint64_t event = 0;  // World::events_run
  std::uint64_t seed = 0;
  std::vector<std::string> story;  // the last rows of the trace, oldest first; see WorldOptions::trace_rows
};
std::ostream& operator<<(std::ostream& out, const BrokenProperty& broken);

// Its text is the whole of it.
class PropertyBroken : public std::runtime_error {
 public:
  explicit PropertyBroken(BrokenProperty broken);
  const BrokenProperty& broken() const noexcept { return broken_; }

 private:
  BrokenProperty broken_;
};

struct PropertyOptions {
  bool throws = true;           // else what is broken is only kept, each property once
  std::size_t story_rows = 40;  // of the trace
};

class Properties {
 public:
  using Predicate = std::function<bool()>;

  explicit Properties(World& world, const PropertyOptions& options = {});
  Properties(const Properties&) = delete;
  Properties& operator=(const Properties&) = delete;

  // Holds from now on, after every event.
  void always(std::string name, Predicate holds);
  // Is not so after any event from now on.
  void never(std::string name, Predicate happens);
  // Is so at some time from now until `within` has passed; once is enough.
  void eventually(std::string name, Duration within, Predicate comes);
  // Whenever `cause` turns true, `effect` is so at that time or within `within`. A cause that comes again before that
  // is the same one.
  void whenever(std::string name, Predicate cause, Duration within, Predicate effect);
  // Is so at least once before finish(): otherwise the run has not tested what it was meant to.
  void sometimes(std::string name, Predicate happens);

  // Runs the world until nothing is awaited any more, and then says which `sometimes` never came.
  void finish();

  // How often a predicate of that name was true when it was looked at; of `whenever`, its cause. 0 for an unknown name.
  std::uint64_t times(std::string_view name) const noexcept;
  const std::vector<BrokenProperty>& broken() const noexcept { return broken_; }

 private:
  struct Item {
    PropertyKind kind = PropertyKind::throughout;
    std::string name;
    Predicate predicate;
    Predicate effect;
    Duration within{0};
    WorldTime due = world_never;  // while something is awaited
    bool was = false;             // the cause, when it was looked at last
    bool over = false;            // decided, for good
    std::uint64_t times = 0;
  };

  void add(Item item);
  void after_event();
  void look(Item& item);
  void look_at_cause(Item& item);
  void wait_for(Item& item, bool come);
  void fail(Item& item, std::string text);
  bool awaits() const noexcept;

  World& world_;
  PropertyOptions options_;
  std::vector<Item> items_;
  std::vector<BrokenProperty> broken_;
};

}  // namespace hawser::sim
