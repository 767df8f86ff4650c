// LedgerRow: the equation of the books, and that it can fail.
#include <hawser/interconnect/ledger.hpp>

#include <catch2/catch.hpp>

using namespace hawser;

namespace {
const Outcome delivered{OutcomeKind::delivered, Cause::none, {}};
const Outcome full{OutcomeKind::queue_full, Cause::channel_bytes, {}};
}  // namespace

TEST_CASE("ledger: submitted is what ended and what is held, in messages and bytes, after every entry") {
  LedgerRow row;
  CHECK(row.balanced());
  row.submit(10);
  row.submit(20);
  CHECK(row.balanced());
  CHECK(row.held == LedgerCount{2, 30});
  row.end(delivered, 20);
  CHECK(row.balanced());
  row.refuse(full, 5);
  CHECK(row.balanced());
  CHECK(row.submitted == LedgerCount{3, 35});
  CHECK(row.held == LedgerCount{1, 10});
  CHECK(row.ended() == LedgerCount{2, 25});
  CHECK(row[OutcomeKind::queue_full] == LedgerCount{1, 5});
  CHECK(row.causes[static_cast<std::size_t>(Cause::channel_bytes)] == 1);
}

TEST_CASE("ledger: a message that was forgotten, or ended twice, shows") {
  LedgerRow row;
  row.submit(10);
  SECTION("forgotten") {
    row.held.messages -= 1;
    CHECK(row.imbalance() == 1);
  }
  SECTION("ended twice") {
    row.end(delivered, 10);
    row.outcomes[0].messages += 1;
    CHECK(row.imbalance() == -1);
  }
  SECTION("bytes alone") { row.held.bytes -= 1; }
  CHECK_FALSE(row.balanced());
}

TEST_CASE("ledger: ends that are kept apart until they are published add up to the same") {
  LedgerRow row;
  row.submit(10);
  row.submit(20);
  LedgerRow pending;  // its `held` counts below zero
  pending.end(delivered, 10);
  row += pending;
  CHECK(row.balanced());
  CHECK(row.held == LedgerCount{1, 20});
}

TEST_CASE("ledger: a run of delivered messages counts as each of them would") {
  LedgerRow one_by_one;
  LedgerRow at_once;
  for (LedgerRow* row : {&one_by_one, &at_once}) {
    for (const std::uint64_t bytes : {10, 20, 30}) row->submit(bytes);
  }
  for (const std::uint64_t bytes : {10, 20, 30}) one_by_one.end(delivered, bytes);
  at_once.deliver(3, 60);
  CHECK(at_once == one_by_one);
  CHECK(at_once.balanced());
}
