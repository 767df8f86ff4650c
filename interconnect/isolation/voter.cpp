#include <hawser/interconnect/isolation/voter.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/interconnect/isolation/flaw.hpp>

#include <algorithm>

namespace hawser {

Voter::Voter(const IsolationSettings& settings, std::size_t places, Place self, bool votes, bool durable)
    : settings_(settings),
      self_(self),
      votes_(votes),
      durable_(durable && votes),
      promises_(places),
      resignations_(places),
      answers_(places) {}

void Voter::start(const std::optional<StoredVote>& memory, Instant now) {
  const Duration promise = settings_.promise();
  if (memory && memory->elsewhere) saw(memory->max_seen);
  if (!votes_) {
    remembers_ = true;  // nobody relies on what it granted
    return;
  }
  if (!memory || memory->elsewhere) {
    silent_until_ = later(now, memory ? std::max(promise, memory->promise) : promise);
    if (flawed(Flaw::no_wait_after_amnesia)) silent_until_ = now;
    return;
  }
  remembers_ = true;
  grant_ = memory->grant;
  grant_known_ = true;
  before_ = memory->before;
  saw(memory->max_seen);
  saw(grant_.epoch);
  promise_stored_ = memory->promise;
  rewrite_ = durable_ && promise > memory->promise;
  if (flawed(Flaw::no_wait_after_restart)) return;
  // What it promised is not on disk; to whom it may have promised something is. It promised nothing to others, since
  // a promise is given only to members of the grant and outlasts any grant without them. Its own former life is over.
  const Instant until = later(now, std::max(promise, memory->promise));
  for (const ViewMember& member : grant_.members) {
    if (member.place != self_) promises_[member.place] = {member.incarnation, until};
  }
}

Voter::Considered Voter::consider(const View& view, Instant now) {
  HAWSER_ASSERT(view.any(), "what is considered is a view");
  saw(view.epoch);
  if (!remembers_) return Considered::silent;
  if (view.epoch <= grant_.epoch || view.epoch <= floor_) return Considered::stale;
  if (pledge_ && view.epoch == pledge_->epoch) {
    pledge_ends_ = later(now, settings_.pledge());
    return Considered::pledged;
  }
  if (storing_) return Considered::silent;
  if (pledge_ && view.epoch < pledge_->epoch) return Considered::stale;
  pledge_ = view;
  pledge_ends_ = later(now, settings_.pledge());
  retry_at_ = Instant::min();
  return Considered::pledged;
}

void Voter::expire(Instant now) {
  if (pledge_ && !storing_ && now >= pledge_ends_) pledge_.reset();
}

void Voter::resigned(Place place, Incarnation incarnation, const Epoch& below) {
  Resignation& known = resignations_[place];
  if (incarnation < known.incarnation) return;
  if (incarnation > known.incarnation) known = {incarnation, below};
  known.below = std::max(known.below, below);
}

// A promise to a member that is not in `view` and has not resigned that far.
bool Voter::stands_against(Place place, const View& view) const {
  const Promise& promise = promises_[place];
  if (promise.incarnation == Incarnation::unknown || view.has(place, promise.incarnation)) return false;
  const Resignation& resignation = resignations_[place];
  if (resignation.incarnation != promise.incarnation) return true;
  if (flawed(Flaw::resignation_of_any_epoch)) return !is_view(resignation.below);
  return resignation.below < view.epoch;
}

bool Voter::ready(Instant now) const {
  if (!pledge_ || storing_ || now < retry_at_) return false;
  if (flawed(Flaw::promise_forgotten)) return true;
  for (std::size_t i = 0; i < promises_.size(); ++i) {
    if (now < promises_[i].until && stands_against(static_cast<Place>(i), *pledge_)) return false;
  }
  return true;
}

StoredVote Voter::vote_to_store() const {
  StoredVote vote;
  vote.max_seen = max_seen_;
  vote.promise = std::max(settings_.promise(), promise_stored_);
  if (pledge_ && !rewrite_) {
    vote.grant = *pledge_;
    if (grant_known_) vote.before = grant_.epoch;
  } else {
    vote.grant = grant_;
    vote.before = before_;
  }
  return vote;
}

bool Voter::stored(bool durable, Instant now) {
  if (!storing_) return false;
  storing_ = false;
  if (!durable) {
    retry_at_ = later(now, settings_.heartbeat);
    return false;
  }
  promise_stored_ = std::max(settings_.promise(), promise_stored_);
  if (rewrite_) {
    rewrite_ = false;
    return false;
  }
  commit();
  return true;
}

void Voter::commit() {
  HAWSER_ASSERT(pledge_ && !storing_ && pledge_->epoch > grant_.epoch, "what is granted was pledged, and grants grow");
  before_ = grant_known_ ? std::optional{grant_.epoch} : std::nullopt;
  grant_known_ = true;
  grant_ = *pledge_;
  pledge_.reset();
  saw(grant_.epoch);
  if (flawed(Flaw::promises_cleared_by_grant)) std::fill(promises_.begin(), promises_.end(), Promise{});
}

bool Voter::support(Place place, Incarnation incarnation, Instant now) {
  if (!votes() || !grant_.has(place, incarnation)) return false;
  if (pledge_ && !pledge_->has(place, incarnation)) return false;
  if (durable_ && promise_stored_ < settings_.promise()) return false;
  promises_[place] = {incarnation, later(now, settings_.promise())};
  return true;
}

void Voter::answered(Place from, bool remembers, const Epoch& grant, const Epoch& max_seen, Instant sent) {
  if (remembers_ || sent < silent_until_) return;
  Answer& answer = answers_[from];
  if (answer.given && answer.sent > sent) return;
  answer = {true, remembers, grant, max_seen, sent};
}

bool Voter::fresh(const Answer& answer, Instant now) const noexcept {
  return answer.given && now < later(answer.sent, settings_.lease);
}

MemberSet Voter::heard_from(Instant now) const {
  MemberSet heard;
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    if (fresh(answers_[i], now)) heard.add(static_cast<Place>(i));
  }
  return heard;
}

bool Voter::try_recover(const Coterie& coterie, Instant now) {
  if (!asking(now)) return false;
  const MemberSet heard = heard_from(now);
  MemberSet remembering;
  Epoch granted;
  Epoch seen = max_seen_;
  for (const Place place : heard) {
    const Answer& answer = answers_[place];
    seen = std::max(seen, answer.max_seen);
    if (answer.remembers || flawed(Flaw::cold_start_by_quorum)) {
      remembering.add(place);
      granted = std::max(granted, answer.grant);
    }
  }
  const MemberSet others = MemberSet::first(coterie.members()).without(self_);
  if (flawed(Flaw::amnesia_without_asking)) {
    granted = Epoch{};
  } else if (!coterie.quorum(remembering.without(self_))) {
    if (!heard.contains(others)) return false;
    granted = seen;
  }
  floor_ = std::max(floor_, granted);
  remembers_ = true;
  return true;
}

void Voter::saw(const Epoch& epoch) noexcept { max_seen_ = std::max(max_seen_, epoch); }

Instant Voter::next_wake() const {
  if (!remembers_) return silent_until_;
  if (!pledge_ || storing_) return never;
  Instant free = retry_at_;
  for (std::size_t i = 0; i < promises_.size(); ++i) {
    if (stands_against(static_cast<Place>(i), *pledge_)) free = std::max(free, promises_[i].until);
  }
  return std::min(free, pledge_ends_);
}

}  // namespace hawser
