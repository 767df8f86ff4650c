// Every mutant, what is wrong in it, and how it is hunted: the first hunt that finds it is the one that counts.
#include <hawser/base/assert.hpp>
#include "hunt.hpp"

#include <algorithm>

namespace hawser::mutants {
namespace {

Hunt generated(std::uint64_t seeds = 60) { return {Hunt::Kind::generated, {}, seeds}; }
Hunt burn(std::uint64_t seeds = 12) { return {Hunt::Kind::burn, {}, seeds}; }
Hunt plot(std::string name, std::uint64_t seeds = 8) { return {Hunt::Kind::plot, std::move(name), seeds}; }
Hunt test(std::string title) { return {Hunt::Kind::test, std::move(title), 1}; }
Hunt story(const std::string& title) { return test(title + " (simulator)"); }

#define HAWSER_ROW(name, ...) \
  Row { Mutant::name, #name, __VA_ARGS__ }

std::vector<Row> sessions_and_detection() {
  return {
      HAWSER_ROW(
          dedup_off, "a message that comes again is taken again",
          {plot("buried"), test("inbox: a message that comes again is dropped, counted and acknowledged again")}),
      HAWSER_ROW(ttl_not_charged, "time on the way does not count", {generated()}),
      HAWSER_ROW(ttl_unchecked_before_handler, "handlers start on expired messages", {plot("late"), generated()}),
      HAWSER_ROW(ttl_unchecked_in_queue, "unsent messages do not expire", {generated(), burn()}),
      HAWSER_ROW(outcome_forgotten, "who would hear `unknown` hears nothing", {generated()}),
      HAWSER_ROW(ended_twice, "a message that has ended may end again", {generated()}),
      HAWSER_ROW(refusal_not_counted, "what is refused at once is in no book", {generated()}),
      HAWSER_ROW(backoff_without_jitter, "all wait equally long", {plot("herd")}),
      HAWSER_ROW(backoff_never_grows, "every wait is as short as the first", {plot("herd")}),
      HAWSER_ROW(redial_at_once, "no wait before a dial", {plot("herd"), generated()}),
      HAWSER_ROW(breaker_sticks, "an open breaker stays open", {generated()}),
      HAWSER_ROW(breaker_open_admits, "an open breaker lets everything pass", {generated()}),
      HAWSER_ROW(ramp_ignored, "a ramping breaker lets everything pass", {generated()}),
      HAWSER_ROW(outage_in_window, "the gap of an outage counts as an interval", {generated()}),
      HAWSER_ROW(stall_not_excused, "who slept blames others", {generated()}),
      HAWSER_ROW(phi_never_suspects, "silence is never too long", {generated()}),
      HAWSER_ROW(phi_suspects_all, "half an interval of silence is too long", {generated()}),
      HAWSER_ROW(stale_incarnation_accepted, "an older process of a node is let in",
                 {plot("old_process"), generated()}),
      HAWSER_ROW(stale_session_accepted, "another session counts as the one that is known", {generated(), burn()}),
      HAWSER_ROW(old_lanes_heard, "what still comes on connections of the session before is taken for this one's",
                 {test("session time: what a lane of the session before still gives up is nobody's"), generated()}),
      HAWSER_ROW(foreign_session_heard, "what another session said, late or again, is taken for this one's",
                 {test("what another session or an earlier connection said is not heard, and ends the connection")}),
      HAWSER_ROW(old_batch_heard, "a batch of an earlier connection is taken where what it lost is to come again",
                 {test("what another session or an earlier connection said is not heard, and ends the connection")}),
      HAWSER_ROW(resume_number_forgotten, "a resumed channel sends everything again", {plot("lost_verdicts"), burn()}),
      HAWSER_ROW(restart_unnoticed, "messages cross to another incarnation", {generated()}),
      HAWSER_ROW(
          hello_unchecked, "a hello is believed whatever it says",
          {test("whatever a peer says: no crash, bounded memory, everybody else served, counted with a reason")}),
      HAWSER_ROW(heartbeat_late, "heartbeats leave at every other interval", {generated()}),
      HAWSER_ROW(silent_lane_kept, "a lane on which nothing moves is kept", {generated()}),
  };
}

std::vector<Row> delivery() {
  return {
      HAWSER_ROW(ack_before_handled, "what has come counts as handled", {generated()}),
      HAWSER_ROW(expired_told_delivered, "what expired at the receiver is told as delivered",
                 {plot("late"), generated()}),
      HAWSER_ROW(unknown_told_expired, "what nobody knows is told as expired", {generated()}),
      HAWSER_ROW(credit_not_returned, "a handler that ends gives no credit back", {plot("steady"), generated()}),
      HAWSER_ROW(credit_ignored, "senders send beyond their credit", {plot("narrow"), generated()}),
      HAWSER_ROW(reserve_leaks, "a channel never returns what it borrowed", {plot("large"), generated()}),
      HAWSER_ROW(node_reserve_leaks, "what a peer returns the node does not get back", {plot("large"), generated()}),
      HAWSER_ROW(channel_unbounded, "a channel takes more than its bound", {plot("flood")}),
      HAWSER_ROW(inbound_unbounded, "credit grows whatever waits for its handler", {plot("narrow")}),
      HAWSER_ROW(window_unbounded, "more is under way than a lane's window", {plot("stuffed")}),
      HAWSER_ROW(overflow_ignored, "a full channel rejects, whatever its policy",
                 {story("overflow: drop the oldest, keep the latest of a key, wait for room")}),
      HAWSER_ROW(order_by_arrival, "the newest goes first", {generated()}),
      HAWSER_ROW(resend_lost, "what was under way at a break is not sent again", {generated(), burn()}),
      HAWSER_ROW(chunk_unchecked, "pieces are put together as they come",
                 {test("inbox: pieces that do not continue each other, or claim too much, break the protocol")}),
      HAWSER_ROW(chunk_resumed_midway, "a broken message goes on where it broke", {plot("large"), burn()}),
      HAWSER_ROW(deadline_not_passed_on, "a request made for a request has a deadline of its own",
                 {story("what is left of a deadline is passed on, by plain, pool and coroutine handlers")}),
      HAWSER_ROW(cancellation_lost, "work goes on when its caller has given up",
                 {story("a request raced against a timer: the loser is cancelled, and so is the work it asked for")}),
      HAWSER_ROW(
          drained_too_early, "a node that stops does not wait for what it holds",
          {story("a node that stops answers what it has begun, and its peers hear every verdict before its goodbye"),
           burn()}),
      HAWSER_ROW(goodbye_without_taken, "a goodbye does not say which messages were taken", {plot("leave")}),
      HAWSER_ROW(too_large_admitted, "a message may be larger than the largest",
                 {story("one byte too many is too large, and nothing smaller suffers")}),
      HAWSER_ROW(reply_room_leaks, "room kept for an answer that is not given stays taken",
                 {plot("failing"), generated()}),
      HAWSER_ROW(reply_turned_away, "a breaker refuses answers", {plot("answers")}),
      HAWSER_ROW(wall_clock_for_ttl, "ages are told by the wall clock", {plot("steady")}),
      HAWSER_ROW(drift_ignored, "clocks count as equally fast",
                 {plot("steady"), generated(10),
                  test("session clock: clocks that drift within the bound never make a punctual frame late")}),
      HAWSER_ROW(priority_inverted, "the urgent wait for the others",
                 {test("a full lane is shared by priority, and the last gets something as well")}),
      HAWSER_ROW(lane_starves, "one channel keeps the lane as long as it has something",
                 {test("with one type stalled, failing or flooding, every other one keeps its throughput and its delay "
                       "(I6)")}),
      HAWSER_ROW(exception_off_by_one, "the message after a range of exceptions counts among them",
                 {generated(), burn()}),
      HAWSER_ROW(group_share_ignored, "a group takes the room of the others",
                 {test("channel groups: a group that floods takes what others do not need, never their share")}),
  };
}

std::vector<Row> resilience() {
  return {
      HAWSER_ROW(retry_ignores_budget, "retries cost nothing",
                 {test("when nothing works, retries are a tenth of the calls and not three times as many")}),
      HAWSER_ROW(deadline_overrun, "a retry that cannot end in time is made",
                 {test("no retry that could not end before the deadline, and the last microsecond counts")}),
      HAWSER_ROW(half_open_unlimited, "half-open lets all through",
                 {test("whatever happens, only legal transitions are made, open lets nothing pass, and half-open only "
                       "probes")}),
      HAWSER_ROW(breaker_jitter_dropped, "all breakers ask again at the same time",
                 {test("jitter shortens the open time by at most its share, and equal seeds agree")}),
      HAWSER_ROW(karn_off, "the answer to a retried call counts as a sample",
                 {test("the answer to a retried call is no sample, and a retry that never left is paid back")}),
      HAWSER_ROW(shedder_first_in_first_out, "under a standing queue the oldest goes first",
                 {test("from half to ten times what it can do, goodput stays and the urgent get through")}),
      HAWSER_ROW(floor_borrowed, "a group's floor is lent to others",
                 {test("whatever happens, floors are there at once, capacity holds, and every ticket ends once")}),
      HAWSER_ROW(fallback_stale, "a cached value is given however old it is",
                 {test("a cached value is given with its age, up to the limit and not a microsecond past it")}),
      HAWSER_ROW(hysteresis_off, "a level is left as soon as its mark is",
                 {test("a signal that flutters at a mark does not make the level flutter")}),
      HAWSER_ROW(window_edge, "the bucket that a window begins with is not emptied",
                 {test("a time window forgets what is older than its length, and keeps what is younger by a bucket")}),
      HAWSER_ROW(probe_lease_forever, "a probe that is lost keeps its place",
                 {test("a probe that is cancelled or lost neither closes, nor opens, nor sticks")}),
      HAWSER_ROW(late_counted_good, "an answer after its timeout counts as in time",
                 {test("what comes after its timeout is given as late, and counted as a timeout; exactly at it is in "
                       "time")}),
      HAWSER_ROW(retry_unsafe, "what may have taken effect is made again, idempotent or not",
                 {story("a request that may have been handled is made again only where its type says that it may")}),
      HAWSER_ROW(intake_unguarded, "nothing is turned away at the door",
                 {story("a node under pressure turns the unimportant away, answers go on, and it recovers by itself")}),
      HAWSER_ROW(stale_generation_counted, "what began before a breaker opened counts after it",
                 {test("one-way traffic: a round of failures is one failure in a row, its messages count in the "
                       "shares")}),
      HAWSER_ROW(retry_refund_lost, "a retry that never left is paid for",
                 {test("savings are bounded, and a refund gives back no more than fits")}),
      HAWSER_ROW(push_back_ignored, "a retry is made sooner than the server asked for",
                 {test("push-back lengthens a delay and never shortens it")}),
      HAWSER_ROW(
          limit_below_minimum, "an adaptive limit falls below its minimum",
          {test("a limit that nobody comes near does not grow, and overloaded replies lower it to the floor, not "
                "below")}),
      HAWSER_ROW(limit_creeps, "a queue of our own making is taken for the time that service takes",
                 {test("latency that goes with concurrency is our own doing, however long it lasts")}),
      HAWSER_ROW(burst_unbounded, "an idle rate limiter saves up without an end",
                 {test("an hour of quiet saves up one burst and no more")}),
      HAWSER_ROW(hanging_uncounted, "a call that hangs is slow only when it ends",
                 {test("a hung peer is noticed after the slow limit, before any of its calls has ended")}),
      HAWSER_ROW(open_time_fixed, "a breaker that opens again and again is asked as often as one that opens once",
                 {test("one failed or slow probe opens it again, for twice as long, up to the ceiling")}),
      HAWSER_ROW(bulkhead_overtaken, "who comes now goes before those who wait",
                 {test("waiting is bounded in number and in time, to the microsecond")}),
      HAWSER_ROW(place_kept_in_backoff, "a call that waits to be tried again keeps its place",
                 {test("a backoff wait gives the place back, and takes it again")}),
      HAWSER_ROW(expired_work_started, "work begins that cannot be done in time any more",
                 {test("what could not end in time is refused at the door and in the queue, and exactly in time is "
                       "not")}),
      HAWSER_ROW(timeout_jump_ignored, "what timed out is no sample, and does not lengthen the next timeout",
                 {test("timeouts in a row double the wait up to the ceiling, and one answer ends the row")}),
      HAWSER_ROW(concurrency_by_queue, "a full queue lowers the concurrency that would empty it",
                 {test("a full queue gives up intake and never concurrency: served more slowly it would stay full")}),
  };
}

std::vector<Row> arbiter() {
  return {
      HAWSER_ROW(arbiter_swap_ignores_keys, "a view is granted while a dropped member's key lives",
                 {plot("asked_in_vain"), generated(300)}),
      HAWSER_ROW(arbiter_support_after_release, "an answer from before a release counts as support",
                 {test("arbiter: who resigns releases its key, and no answer from before that supports it any more")}),
      HAWSER_ROW(arbiter_numbers_stand, "a release that comes late ends a key that was kept since",
                 {test("an arbiter heeds the numbers of renewals: a release that comes late undoes nothing")}),
      HAWSER_ROW(arbiter_support_unkept, "an answer counts as support though it kept no key",
                 {test("arbiter: support takes a renewal that kept the serving key, which takes a known grant"),
                  generated(300)}),
      HAWSER_ROW(arbiter_key_too_short, "a key is kept for less than a lease", {plot("asked_in_vain"), generated(300)}),
      HAWSER_ROW(arbiter_pledge_unread, "nobody reads whom the arbiter is asked to drop",
                 {test("arbiter: a pledge without us ends our support, and is forgotten when nobody repeats it")}),
  };
}

}  // namespace

const std::vector<Row>& table() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> all;
    for (std::vector<Row> part : {sessions_and_detection(), delivery(), resilience(), arbiter()}) {
      for (Row& row : part) all.push_back(std::move(row));
    }
    HAWSER_ASSERT(all.size() + 1 == mutant_count, "the table has every mutant");
    for (std::size_t i = 0; i < all.size(); ++i) {
      HAWSER_ASSERT(static_cast<std::size_t>(all[i].mutant) == i + 1, "the table is in the order of the enumeration");
    }
    return all;
  }();
  return rows;
}

const Row* find_row(std::string_view name) {
  const auto found = std::find_if(table().begin(), table().end(), [&](const Row& row) { return row.name == name; });
  return found == table().end() ? nullptr : &*found;
}

}  // namespace hawser::mutants
