#include <hawser/interconnect/isolation/arbiter_voter.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/interconnect/isolation/wire.hpp>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace hawser {
namespace {

// It asks the arbiter: what the arbiter's row hears. The key ends in its own row, so that members which hear each other
// no more still know whom the others hear, and do not wait for each other.
constexpr std::string_view here = "here";
constexpr std::string_view serve = "serve";  // it may serve in the granted view: what a view without it waits for

constexpr int silent_heartbeats = 4;
constexpr int swap_heartbeats = 4;
constexpr std::size_t keys_max = 4096;

}  // namespace

ArbiterVoter::ArbiterVoter(const Coterie& coterie, const IsolationSettings& settings, Place self,
                           Incarnation incarnation, std::uint64_t cluster)
    : coterie_(coterie), settings_(settings), self_(self), incarnation_(incarnation), cluster_(cluster) {
  HAWSER_ASSERT(coterie_.arbiter(), "the vote of an arbiter takes a coterie that has one");
}

std::string ArbiterVoter::key(std::string_view kind, Place place, Incarnation incarnation) const {
  return std::string{kind} + '/' + coterie_.id(place).text() + '/' + std::to_string(to_number(incarnation));
}

std::string ArbiterVoter::here_key(const MemberRow& row) const {
  constexpr std::string_view digits = "0123456789abcdef";
  WireWriter out;
  out.row(row, coterie_.places());
  std::string text = key(here, self_, incarnation_) + '/';
  for (const std::byte each : out.bytes()) {
    text += digits[std::to_integer<std::size_t>(each) / 16];
    text += digits[std::to_integer<std::size_t>(each) % 16];
  }
  return text;
}

// Nothing when it is no such key, or says of a member what that one does not say of itself.
std::optional<MemberRow> ArbiterVoter::row_of(const std::string& key_text) const {
  if (!key_text.starts_with(here)) return std::nullopt;
  const std::string_view hex = std::string_view{key_text}.substr(key_text.rfind('/') + 1);
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    if (error != std::errc{} || end != hex.data() + i + 2) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(value));
  }
  WireReader in{bytes, coterie_.places()};
  const MemberRow row = in.row();
  std::string problem;
  if (!in.finish(problem) || row.place >= coterie_.members()) return std::nullopt;
  if (!key_text.starts_with(key(here, row.place, row.incarnation) + '/')) return std::nullopt;
  return row;
}

bool ArbiterVoter::lives(const std::string& key) const { return std::binary_search(keys_.begin(), keys_.end(), key); }

void ArbiterVoter::asked(const Pulse& pulse, Instant now) {
  below_ = std::max(below_, pulse.below);
  wanted_ = pulse.grant;  // a grant that the arbiter has not seen is a proposal, as in anybody's pulse
  if (pulse.proposal && pulse.proposal->epoch > wanted_.epoch) wanted_ = *pulse.proposal;
  while (!asked_.empty() && now >= later(asked_.front().sent, settings_.lease)) asked_.pop_front();

  const bool keeps = known_ && record_.grant.has(self_, incarnation_) && record_.grant.epoch >= below_;
  ArbiterRenewal& renewal = renewal_.emplace();
  renewal.client = coterie_.id(self_).text() + '/' + std::to_string(to_number(incarnation_));
  renewal.number = ++number_;
  renewal.ttl = mutant(Mutant::arbiter_key_too_short) ? settings_.lease / 2 : settings_.promise();
  const std::string now_here = here_key(pulse.rows.front());
  if (!here_.empty() && here_ != now_here) renewal.release.push_back(here_);
  here_ = now_here;
  renewal.keep.push_back(here_);
  if (keeps) {
    renewal.keep.push_back(key(serve, self_, incarnation_));
    holds_key_ = true;
  } else if (std::exchange(holds_key_, false)) {
    renewal.release.push_back(key(serve, self_, incarnation_));
    if (!mutant(Mutant::arbiter_support_after_release)) released_ = number_;
  }
  asked_.push_back({number_, pulse.sequence, now, keeps});
  try_swap(now);
}

std::optional<Pulse> ArbiterVoter::renewed(std::uint64_t number, const ArbiterAnswer& answer, Instant now) {
  const auto found =
      std::find_if(asked_.begin(), asked_.end(), [number](const Asked& asked) { return asked.number == number; });
  if (found == asked_.end() || now >= later(found->sent, settings_.lease)) return std::nullopt;
  const Asked asked = *found;
  asked_.erase(asked_.begin(), found + 1);
  if (!take_state(answer, now) || !answer.done) return std::nullopt;
  linked_until_ = later(now, settings_.heartbeat * silent_heartbeats);
  Pulse pulse = make_pulse(now);
  const bool excluded =
      pledge_lives(now) && !record_.pledge.has(self_, incarnation_) && !mutant(Mutant::arbiter_pledge_unread);
  PulseAnswer& support = pulse.answer.emplace();
  support.sequence = asked.sequence;
  support.incarnation = incarnation_;
  const bool kept = asked.keeps || mutant(Mutant::arbiter_support_unkept);
  support.supports = kept && number > released_ && record_.grant.has(self_, incarnation_) && !excluded;
  support.before = record_.before;
  try_swap(now);
  return pulse;
}

std::optional<Pulse> ArbiterVoter::swapped(const ArbiterAnswer& answer, Instant now) {
  swap_ends_ = Instant::min();
  if (!take_state(answer, now)) return std::nullopt;
  if (!answer.done) try_swap(now);  // somebody else was faster, or a key came back
  return make_pulse(now);
}

// False when it says nothing, or less than is known.
bool ArbiterVoter::take_state(const ArbiterAnswer& answer, Instant now) {
  if (!answer.problem.empty()) {
    problem_ = answer.problem;
    return false;
  }
  const ArbiterState& state = answer.state;
  if (known_ && state.revision < revision_) return false;
  ArbiterRecord record;
  if (state.version != 0) {
    auto read = decode_record(state.record, cluster_, coterie_.places(), problem_);
    if (!read) return false;
    record = std::move(*read);
  }
  if (record.grant.epoch < record_.grant.epoch) {
    problem_ = "the arbiter has forgotten what it granted: its record must be durable";
    return false;
  }
  problem_.clear();
  const bool repeated = record.pledge.epoch != record_.pledge.epoch || record.repeated != record_.repeated;
  if (repeated) pledge_seen_ = now;
  known_ = true;
  revision_ = state.revision;
  version_ = state.version;
  record_ = std::move(record);
  keys_.assign(state.keys.begin(),
               state.keys.begin() + static_cast<std::ptrdiff_t>(std::min(state.keys.size(), keys_max)));
  std::sort(keys_.begin(), keys_.end());
  return true;
}

bool ArbiterVoter::pledge_lives(Instant now) const {
  return record_.pledge.any() && now < later(pledge_seen_, settings_.pledge());
}

// Its row is the same for all who read the same revision: it hears those whose keys say that they are here.
Pulse ArbiterVoter::make_pulse(Instant now) const {
  const Place place = *coterie_.arbiter();
  Pulse pulse;
  pulse.incarnation = arbiter_incarnation;
  pulse.grant = record_.grant;
  pulse.max_seen = std::max(record_.grant.epoch, record_.pledge.epoch);
  MemberRow row;
  row.place = place;
  row.incarnation = arbiter_incarnation;
  row.version = revision_ + 1;
  row.votes = true;
  row.grant = record_.grant.epoch;
  pulse.rows.emplace_back();
  for (const std::string& each : keys_) {
    const std::optional<MemberRow> member = row_of(each);
    if (!member) continue;
    row.hears.add(member->place);
    pulse.rows.push_back(*member);
  }
  pulse.rows.front() = std::move(row);
  if (pledge_lives(now) && !mutant(Mutant::arbiter_pledge_unread)) pulse.proposal = record_.pledge;
  pulse.refused = refused_;
  return pulse;
}

// The serving keys of those that a change to `view` would drop.
std::vector<std::string> ArbiterVoter::keys_against(const View& view) const {
  std::vector<std::string> keys;
  for (const ViewMember& member : record_.grant.members) {
    if (!view.has(member.place, member.incarnation)) keys.push_back(key(serve, member.place, member.incarnation));
  }
  return keys;
}

// Grants what this member wants if nobody's key stands against it; else asks for it, again with every heartbeat.
void ArbiterVoter::try_swap(Instant now) {
  refused_.reset();
  if (!known_ || !wanted_.any() || wanted_.epoch <= record_.grant.epoch) return;
  if (wanted_.epoch < record_.pledge.epoch) {
    refused_ = wanted_.epoch;
    return;
  }
  if (now < swap_ends_) return;
  ArbiterRecord next = record_;
  ArbiterSwap swap;
  swap.version = version_;
  if (!mutant(Mutant::arbiter_swap_ignores_keys)) swap.absent = keys_against(wanted_);
  const bool free =
      std::none_of(swap.absent.begin(), swap.absent.end(), [this](const auto& key) { return lives(key); });
  if (free) {
    if (record_.grant.any()) next.before = record_.grant.epoch;
    next.grant = wanted_;
    next.pledge = {};
    next.repeated = 0;
  } else {
    const bool pledged = record_.pledge.epoch == wanted_.epoch;
    if (pledged && now < later(pledge_seen_, settings_.heartbeat)) return;
    next.pledge = wanted_;
    next.repeated = pledged ? record_.repeated + 1 : 1;
    swap.absent.clear();
  }
  swap.record = encode(next, cluster_);
  swap_ = std::move(swap);
  swap_ends_ = later(now, settings_.heartbeat * swap_heartbeats);
}

}  // namespace hawser
