// Outcome: may it have been handled? And the numbers that travel.
#include <hawser/interconnect/outcome.hpp>

#include <catch2/catch.hpp>

#include <set>
#include <sstream>
#include <string>

using namespace hawser;

TEST_CASE("outcome: each kind answers whether the message may have been handled") {
  for (std::size_t i = 0; i < outcome_kind_count; ++i) {
    const auto kind = static_cast<OutcomeKind>(i);
    const bool yes = kind == OutcomeKind::delivered || kind == OutcomeKind::refused;
    INFO(kind);
    CHECK(handled(kind) == (yes ? Handled::yes : kind == OutcomeKind::unknown ? Handled::maybe : Handled::no));
  }
}

TEST_CASE("outcome: kinds and causes have names of their own, and numbers beyond them a question mark") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < outcome_kind_count; ++i) names.insert(to_string(static_cast<OutcomeKind>(i)));
  CHECK(names.size() == outcome_kind_count);
  names.clear();
  for (std::size_t i = 0; i < cause_count; ++i) names.insert(to_string(static_cast<Cause>(i)));
  CHECK(names.size() == cause_count);
  CHECK_FALSE(names.contains("?"));
  CHECK(to_string(static_cast<Cause>(cause_count)) == "?");
  CHECK(to_string(static_cast<OutcomeKind>(outcome_kind_count)) == "?");
}

TEST_CASE("outcome: the numbers on the wire stay what they are") {
  CHECK(static_cast<int>(OutcomeKind::refused) == 1);
  CHECK(static_cast<int>(OutcomeKind::unhandled) == 9);
  CHECK(static_cast<int>(OutcomeKind::unknown) == 11);
  CHECK(to_string(static_cast<Cause>(8)) == "verdict_lost");
  CHECK(to_string(static_cast<Cause>(18)) == "on_arrival");
  CHECK(to_string(static_cast<Cause>(29)) == "intake");
  CHECK(to_string(static_cast<Cause>(30)) == "reply_room");
  CHECK(to_string(static_cast<Cause>(31)) == "channel_groups");
}

TEST_CASE("outcome: printed with its cause, where it has one") {
  std::ostringstream out;
  out << Outcome{OutcomeKind::unreachable, Cause::silent, {}} << "; "
      << Outcome{OutcomeKind::delivered, Cause::none, {}};
  CHECK(out.str() == "unreachable (silent); delivered");
}

TEST_CASE("result: has a value, or says why not") {
  const Result<int> good{4};
  CHECK(good.ok());
  CHECK(good.value() == 4);
  CHECK(good.outcome().delivered());
  const Result<int> bad{Outcome{OutcomeKind::expired, Cause::in_queue, {}}};
  CHECK_FALSE(bad);
  CHECK(bad.outcome().cause == Cause::in_queue);
}
