// Properties: each kind holds, breaks and is counted as its word says, at the event at which it happens.
#include <hawser/sim/property.hpp>

#include <catch2/catch.hpp>

#include <optional>
#include <sstream>
#include <string>

using namespace hawser;
using namespace hawser::sim;
using namespace std::chrono_literals;

namespace {

// A world in which something happens every 100 ms: `beats` says how often it has.
struct Clockwork {
  World world{options()};
  int beats = 0;
  Clockwork() { beat(); }
  static WorldOptions options() {
    WorldOptions result;
    result.seed = 9;
    result.trace_rows = 10;
    return result;
  }
  void beat() {
    world.after(100ms, [this] {
      ++beats;
      beat();
    });
  }
};

// What breaks while the world runs for so long and is finished, if anything.
std::optional<BrokenProperty> run(Clockwork& clockwork, Properties& must, Duration span) {
  try {
    clockwork.world.run_for(span);
    must.finish();
  } catch (const PropertyBroken& broken) {
    return broken.broken();
  }
  return std::nullopt;
}

std::string said(const std::optional<BrokenProperty>& broken) {
  return broken ? std::string{to_string(broken->kind)} + ' ' + broken->name + ' ' + broken->text + ' ' +
                      std::to_string(to_us(broken->at) / 1000)
                : "nothing";
}

}  // namespace

TEST_CASE("always and never break at the very event, with seed, event and story", "[property]") {
  Clockwork good;
  Properties must{good.world};
  must.always("few beats", [&] { return good.beats < 100; });
  must.never("a thousandth", [&] { return good.beats == 1000; });
  CHECK(said(run(good, must, 5s)) == "nothing");
  CHECK(must.times("few beats") >= 50);
  CHECK(must.times("a thousandth") == 0);

  Clockwork bad;
  Properties wrong{bad.world};
  wrong.always("few beats", [&] { return bad.beats < 7; });
  const auto broken = run(bad, wrong, 5s);
  CHECK(said(broken) == "always few beats was not so 700");
  CHECK(broken->seed == 9);
  CHECK(broken->event == 7);

  Clockwork also;
  Properties not_so{also.world};
  also.world.host("n1", Config{}, {});
  also.world.note("n1", "about to begin");
  not_so.never("a third beat", [&] { return also.beats == 3; });
  const auto happened = run(also, not_so, 5s);
  CHECK(said(happened) == "never a third beat was so 300");
  REQUIRE_FALSE(happened->story.empty());
  CHECK(happened->story.front().find("about to begin") != std::string::npos);
}

TEST_CASE("what holds from the start is looked at when it is said, and not only after the next event", "[property]") {
  Clockwork clockwork;
  Properties must{clockwork.world};
  CHECK_THROWS_AS(must.always("nothing was wrong before", [] { return false; }), PropertyBroken);
}

TEST_CASE("eventually: once within its time is enough, the last instant counts, a moment later is too late",
          "[property]") {
  Clockwork clockwork;
  Properties must{clockwork.world};
  must.eventually("the tenth beat", 1s, [&] { return clockwork.beats == 10; });
  CHECK(said(run(clockwork, must, 5s)) == "nothing");
  must.eventually("another ten", 999ms, [&] { return clockwork.beats == 60; });
  CHECK(said(run(clockwork, must, 5s)).starts_with("eventually another ten did not come within 999ms"));
}

TEST_CASE("finish waits for what is still awaited, and no longer", "[property]") {
  Clockwork clockwork;
  Properties must{clockwork.world};
  must.eventually("the thirtieth beat", 10s, [&] { return clockwork.beats >= 30; });
  clockwork.world.run_for(1s);
  must.finish();
  CHECK(clockwork.beats >= 30);
  Properties others{clockwork.world};
  others.eventually("never", 2s, [] { return false; });
  CHECK_THROWS_AS(others.finish(), PropertyBroken);
}

TEST_CASE("whenever: each cause has its effect in time, causes are counted as they begin", "[property]") {
  Clockwork clockwork;
  Properties must{clockwork.world};
  must.whenever(
      "after each tenth beat comes a multiple of three", [&] { return clockwork.beats % 10 == 0; }, 300ms,
      [&] { return clockwork.beats % 3 == 0; });
  CHECK(said(run(clockwork, must, 10s)) == "nothing");
  CHECK(must.times("after each tenth beat comes a multiple of three") == 11);
  Properties wrong{clockwork.world};
  wrong.whenever(
      "within two", [&] { return clockwork.beats % 10 == 0; }, 200ms, [&] { return clockwork.beats % 10 == 3; });
  CHECK(said(run(clockwork, wrong, 10s)).starts_with("whenever within two did not come within 200ms"));
}

TEST_CASE("sometimes: what a run never did is said when it is over", "[property]") {
  Clockwork clockwork;
  Properties must{clockwork.world};
  must.sometimes("a fifth beat", [&] { return clockwork.beats == 5; });
  CHECK(said(run(clockwork, must, 1s)) == "nothing");
  must.sometimes("a negative one", [&] { return clockwork.beats < 0; });
  CHECK(said(run(clockwork, must, 1s)).starts_with("sometimes a negative one never came"));
}

TEST_CASE("properties that do not throw are kept, each once", "[property]") {
  Clockwork clockwork;
  PropertyOptions quiet;
  quiet.throws = false;
  Properties must{clockwork.world, quiet};
  must.always("few beats", [&] { return clockwork.beats < 5; });
  must.never("a seventh", [&] { return clockwork.beats == 7; });
  clockwork.world.run_for(2s);
  must.finish();
  REQUIRE(must.broken().size() == 2);
  std::ostringstream text;
  text << must.broken().front();
  CHECK(text.str().starts_with("always: few beats: was not so at 500000 us, event 5, seed 9\n"));
}
