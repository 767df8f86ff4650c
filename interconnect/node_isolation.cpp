// Who may act, carried out: what the core of isolation wants done is done here, and what it wants to know is told.
//
// Time is read for every call, after what it reports has come: a promise counts from it (isolation/isolation.hpp).
#include <hawser/interconnect/config_isolation.hpp>
#include <hawser/interconnect/node_core.hpp>

#include <xxhash.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>

namespace hawser {
namespace {

std::uint64_t digest_of(const Coterie& coterie) {
  const std::string text = coterie.canonical();
  return XXH3_64bits(text.data(), text.size());
}

std::string names_of(const Coterie& coterie, const std::vector<ViewMember>& members) {
  MemberSet places;
  for (const ViewMember& member : members) places.add(member.place);
  return coterie.names(places);
}

std::string text_of(const Epoch& epoch) {
  std::ostringstream out;
  out << epoch;
  return out.str();
}

}  // namespace

// ---- its life

void NodeCore::start_isolation() {
  std::vector<std::string> unread;
  IsolationConfig wanted{Coterie{coterie_of(config_, unread)}, isolation_settings(config_), 0, incarnation_,
                         storage_ != nullptr};
  wanted.self = *wanted.coterie.place_of(config_.id);
  coterie_digest_ = digest_of(wanted.coterie);
  const std::size_t places = wanted.coterie.places();
  fences_.assign(places, Epoch{});
  links_told_.assign(places, LinkTold{});
  isolation_ = std::make_unique<Isolation>(std::move(wanted), gate_, random_.fork());
  std::string why = "there is no state_dir";
  std::optional<StoredVote> memory;
  if (storage_ != nullptr) {
    why.clear();
    const auto bytes = storage_->read(stored_vote_name, why);
    if (bytes) memory = decode_vote(*bytes, coterie_digest_, places, why);
    if ((!memory || memory->elsewhere) && !why.empty()) {
      event("node", {}, "memory_lost", "the vote in " + config_.state_dir + " is lost: " + why);
    }
    if (why.empty()) why = "never written";
  }
  start_arbiter();
  isolation_->start(memory, why, read_clock());
  take_isolation();
}

void NodeCore::tick_isolation() {
  if (isolation_ == nullptr || phase_ == Phase::stopped || isolation_->next_wake() > now_) return;
  isolation_->tick(read_clock());
  take_isolation();
}

// It serves no more, and goes on voting until it is in no view: its place is free at once, not after a lease.
void NodeCore::resign() {
  isolation_->leave(read_clock());
  take_isolation();
}

// ---- what it is told

bool NodeCore::heard_pulse(PeerCore& peer, std::span<const std::byte> payload, std::string& problem) {
  const std::optional<Place> from = place_of(peer);
  if (isolation_ == nullptr || !from || *from == isolation_self()) {
    problem = isolation_ == nullptr ? "a pulse, and no strategy is configured here" : "a pulse of one who is no member";
    return false;
  }
  Pulse pulse;
  if (!decode(payload, isolation_->coterie().places(), pulse, problem)) return false;
  if (pulse.incarnation != peer.incarnation()) {
    problem = "a pulse of another incarnation than its session's";
    return false;
  }
  isolation_->hear(*from, pulse, read_clock());
  take_isolation();
  return true;
}

// The detector's word, when it has changed. Of an incarnation that is not known there is nothing to say.
void NodeCore::note_link(const PeerCore& peer, bool there) {
  const std::optional<Place> place = place_of(peer);
  if (isolation_ == nullptr || !place || *place == isolation_self()) return;
  const LinkTold now{peer.incarnation(), there && peer.linked()};
  LinkTold& told = links_told_[*place];
  if (now.incarnation == Incarnation::unknown || (now.incarnation == told.incarnation && now.up == told.up)) return;
  told = now;
  isolation_->link(*place, now.incarnation, now.up, read_clock());
  take_isolation();
}

// ---- what it wants done

void NodeCore::take_isolation() {
  for (IsolationOutput out = isolation_->take(); !out.empty(); out = isolation_->take()) {
    if (out.store) isolation_->stored(store_vote(*out.store), read_clock());
    for (const PulseSending& sending : out.sendings) send_pulse(sending);
    std::move(out.stances.begin(), out.stances.end(), std::back_inserter(stances_untold_));
    std::move(out.views.begin(), out.views.end(), std::back_inserter(views_untold_));
  }
}

bool NodeCore::store_vote(const StoredVote& vote) {
  std::string problem;
  const bool durable = storage_ != nullptr && storage_->write(stored_vote_name, encode(vote, coterie_digest_), problem);
  // Said once: it is tried again with every repetition of the proposal.
  if (!durable && storage_problem_ != problem)
    event("node", {}, "vote_not_stored", "the vote is not given: " + problem);
  storage_problem_ = std::move(problem);
  return durable;
}

void NodeCore::send_pulse(const PulseSending& sending) {
  const std::optional<Place> arbiter = isolation_->coterie().arbiter();
  if (arbiter && sending.to.has(*arbiter)) ask_arbiter(sending.pulse);
  const BufferRef bytes = Buffer::copy(encode(sending.pulse, isolation_->coterie().places()));
  for (const Place place : sending.to) {
    if (place == arbiter) continue;
    const auto peer = find(isolation_->coterie().id(place));
    if (peer == nullptr) continue;
    peer->say_pulse(bytes);
    mark_dirty(*peer);
  }
}

// Between the rounds of a turn. True when user code was called.
bool NodeCore::tell_isolation() {
  if (isolation_ == nullptr) return false;
  bool told = false;
  while (!stances_untold_.empty() || !views_untold_.empty()) {
    told = true;
    const auto stances = std::exchange(stances_untold_, {});
    const auto views = std::exchange(views_untold_, {});
    for (const StanceChange& change : stances) tell(change);
    for (const ViewChange& change : views) tell(change);
  }
  if (told) {
    isolation_->told(read_clock());
    take_isolation();
  }
  follow_gate();
  return told;
}

void NodeCore::tell(const StanceChange& change) {
  stance_shown_.store(change.to, std::memory_order_relaxed);
  std::string text = std::string{to_string(change.from)} + " -> " + std::string{to_string(change.to)};
  if (is_view(change.epoch)) text += " in epoch " + text_of(change.epoch);
  event("stance", {}, change.reason.cause, text + ": " + change.reason.detail);
  call_observers(stance_observers_, change);
}

void NodeCore::tell(const ViewChange& change) {
  const Coterie& coterie = isolation_->coterie();
  if (change.event == ViewEvent::settled) {
    event("view", {}, "settled", "epoch " + text_of(change.view.epoch) + ": nobody serves in an older one");
  } else {
    // What a member sent before it was removed, or before it came back, is nobody's word any more.
    for (const ViewMember& member : change.removed) {
      fences_[member.place] = change.view.epoch;
      const auto peer = find(coterie.id(member.place));
      if (peer == nullptr || peer->incarnation() != member.incarnation) continue;
      peer->removed_from_view(now_);
      mark_dirty(*peer);
    }
    for (const ViewMember& member : change.joined) fences_[member.place] = change.view.epoch;
    std::string text = "epoch " + text_of(change.view.epoch) + " is " + names_of(coterie, change.view.members);
    if (!change.removed.empty()) text += ", removed " + names_of(coterie, change.removed);
    if (!change.joined.empty()) text += ", joined " + names_of(coterie, change.joined);
    event("view", {}, change.rejoined ? "rejoined" : "entered", std::move(text));
  }
  call_observers(view_observers_, change);
}

// Sends and handlers follow the gate, which opens and closes by more than changes of stance.
void NodeCore::follow_gate() {
  const bool acts = may_act();
  if (std::exchange(acts_, acts) == acts) return;
  for (const auto& peer : by_index_) {
    if (peer == nullptr) continue;
    peer->stance_changed(now_);
    mark_dirty(*peer);
  }
}

// ---- what is asked

bool NodeCore::fenced(const PeerCore& peer, const Epoch& epoch) const {
  const std::optional<Place> place = place_of(peer);
  return isolation_ != nullptr && place && epoch < fences_[*place];
}

std::optional<Place> NodeCore::place_of(const PeerCore& peer) const {
  return isolation_ == nullptr ? std::nullopt : isolation_->coterie().place_of(peer.id());
}

std::vector<NodeId> NodeCore::members() const {
  std::vector<NodeId> ids;
  if (isolation_ == nullptr) return ids;
  for (const Place place : MemberSet::first(isolation_->coterie().members())) {
    ids.push_back(isolation_->coterie().id(place));
  }
  return ids;
}

void NodeCore::show_isolation(NodeSnapshot& shown) const {
  const Permission permission = gate_.ask(shown.taken_at);
  if (permission) shown.serving_until = permission.until;
  if (isolation_ == nullptr) return;
  shown.stance = isolation_->stance();
  shown.stance_reason = isolation_->reason();
  shown.epoch = isolation_->epoch();
  shown.view_settled = isolation_->settled();
  for (const ViewMember& member : isolation_->view().members) {
    shown.view.push_back({isolation_->coterie().id(member.place), member.incarnation});
  }
}

}  // namespace hawser
