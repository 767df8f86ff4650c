// One member's vote: what it granted, whom it promised what, what it is about to grant, and what it remembers of all
// that.
//
// Invariants: grants only grow. While a promise to (X, incarnation) runs, no view without it is granted, unless X has
// resigned at least that far. Promises belong to members, not to views: a new grant ends none. A voter that has lost
// its memory says nothing until it knows that no lease rests on what it forgot, and has asked those who remember.
// Members without a vote follow grants by the same rules and support nobody. Pure; times are on this voter's own clock.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/isolation/coterie.hpp>
#include <hawser/interconnect/isolation/settings.hpp>
#include <hawser/interconnect/isolation/stored_vote.hpp>
#include <hawser/interconnect/isolation/view.hpp>

#include <optional>
#include <vector>

namespace hawser {

class Voter {
 public:
  // `votes`: false for one that only follows. `durable`: grants and promises wait for the disk.
  Voter(const IsolationSettings& settings, std::size_t places, Place self, bool votes, bool durable);

  // With memory it goes on at once, but keeps whom it may have promised something before; without, see try_recover.
  void start(const std::optional<StoredVote>& memory, Instant now);

  enum class Considered : std::uint8_t {
    silent,   // nothing to say: no memory, or busy with the disk
    stale,    // not above what it granted, forgot, or is pledged to
    pledged,  // it will be granted when the promises against it have ended, if it is repeated until then
  };
  // REQUIRES: the caller has found nothing against the view itself (rule 3: nobody dead in it, nobody healthy dropped).
  Considered consider(const View& view, Instant now);
  // Forgets a pledge that nobody repeats.
  void expire(Instant now);
  // X says that it serves nothing below `below`, for good.
  void resigned(Place place, Incarnation incarnation, const Epoch& below);
  // Whether to grant the pledged view now. Then either store_vote() and, when that is durable, commit(); or commit().
  bool ready(Instant now) const;
  StoredVote vote_to_store() const;  // REQUIRES: a pledge, or a rewrite is due
  void storing() noexcept { storing_ = true; }
  // What was to be stored is, or is not. True when that completed a grant.
  bool stored(bool durable, Instant now);
  void commit();  // REQUIRES: ready
  // The file must be written anew before anything is promised: it knows only a shorter promise.
  bool rewrite_due(Instant now) const noexcept { return rewrite_ && !storing_ && now >= retry_at_; }

  // Answers a heartbeat of (place, incarnation) received before `now`: true is a promise.
  bool support(Place place, Incarnation incarnation, Instant now);

  // Who lost its memory asks. `sent`: when the heartbeat that is answered was sent.
  void answered(Place from, bool remembers, const Epoch& grant, const Epoch& max_seen, Instant sent);
  // True when it votes again from now on.
  bool try_recover(const Coterie& coterie, Instant now);
  bool asking(Instant now) const noexcept { return !remembers_ && now >= silent_until_; }
  Instant silent_until() const noexcept { return silent_until_; }
  MemberSet heard_from(Instant now) const;  // whose answers count now, while asking

  void saw(const Epoch& epoch) noexcept;
  const Epoch& max_seen() const noexcept { return max_seen_; }
  const View& grant() const noexcept { return grant_; }
  const std::optional<Epoch>& before() const noexcept { return before_; }
  bool remembers() const noexcept { return remembers_; }
  bool votes() const noexcept { return votes_ && remembers_; }
  const Epoch& floor() const noexcept { return floor_; }
  const std::optional<View>& pledged() const noexcept { return pledge_; }
  Instant promised_until(Place place) const noexcept { return promises_[place].until; }
  // When something happens here by the passing of time alone; it may lie in the past once that has happened.
  Instant next_wake() const;

 private:
  struct Promise {
    Incarnation incarnation = Incarnation::unknown;
    Instant until = Instant::min();
  };
  struct Resignation {
    Incarnation incarnation = Incarnation::unknown;
    Epoch below;
  };
  struct Answer {
    bool given = false;
    bool remembers = false;
    Epoch grant;
    Epoch max_seen;
    Instant sent{};
  };

  bool stands_against(Place place, const View& view) const;
  bool fresh(const Answer& answer, Instant now) const noexcept;

  IsolationSettings settings_;
  Place self_;
  bool votes_;
  bool durable_;
  View grant_;
  bool grant_known_ = false;  // false after a loss: then what it grants next follows something unknown
  std::optional<Epoch> before_;
  Epoch floor_;
  Epoch max_seen_;
  std::vector<Promise> promises_;
  std::vector<Resignation> resignations_;
  std::optional<View> pledge_;
  Instant pledge_ends_{};
  Instant retry_at_ = Instant::min();  // after the disk failed
  bool remembers_ = false;
  bool storing_ = false;
  bool rewrite_ = false;
  Duration promise_stored_{0};  // the longest promise that the disk knows of
  Instant silent_until_{};
  std::vector<Answer> answers_;
};

}  // namespace hawser
