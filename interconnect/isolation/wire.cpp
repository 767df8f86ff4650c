#include <hawser/interconnect/isolation/wire.hpp>

#include <algorithm>

namespace hawser {
namespace {

std::size_t set_bytes(std::size_t places) noexcept { return (places + 7) / 8; }

}  // namespace

void WireWriter::epoch(const Epoch& epoch) {
  number(epoch.counter);
  number(epoch.proposer);
  number(to_number(epoch.proposer_incarnation));
}

void WireWriter::view(const View& view) {
  epoch(view.epoch);
  number(static_cast<std::uint16_t>(view.members.size()));
  for (const ViewMember& member : view.members) {
    number(member.place);
    number(to_number(member.incarnation));
  }
}

void WireWriter::set(const MemberSet& set, std::size_t places) {
  std::vector<std::uint8_t> packed(set_bytes(places));
  for (const Place place : set) {
    if (place < places) packed[place / 8] = static_cast<std::uint8_t>(packed[place / 8] | 1u << (place % 8));
  }
  for (const std::uint8_t byte : packed) number(byte);
}

void WireWriter::row(const MemberRow& row, std::size_t places) {
  number(row.place);
  number(static_cast<std::uint8_t>((row.votes ? 1 : 0) | (row.leaving ? 2 : 0)));
  number(to_number(row.incarnation));
  number(row.version);
  epoch(row.grant);
  epoch(row.serving);
  set(row.hears, places);
}

bool WireReader::flag() noexcept {
  const auto value = number<std::uint8_t>();
  if (value > 1) fail("a flag is neither yes nor no");
  return value == 1;
}

Incarnation WireReader::incarnation() noexcept {
  const Incarnation incarnation{number<std::uint64_t>()};
  if (incarnation == Incarnation::unknown) fail("an incarnation is 0");
  return incarnation;
}

Place WireReader::place() noexcept {
  const auto place = number<std::uint16_t>();
  if (place >= places_) {
    fail("a place is not that of a member");
    return 0;
  }
  return place;
}

Epoch WireReader::bound() noexcept {
  Epoch epoch;
  epoch.counter = number<std::uint64_t>();
  epoch.proposer = number<std::uint32_t>();
  epoch.proposer_incarnation = Incarnation{number<std::uint64_t>()};
  if (epoch == Epoch{} || epoch == last_epoch) return epoch;
  if (epoch.counter == 0 || epoch.counter > epoch_counter_max) fail("an epoch's counter is out of range");
  if (epoch.proposer >= places_) fail("an epoch's proposer is not a member");
  if (epoch.proposer_incarnation == Incarnation::unknown) fail("an epoch's proposer has no incarnation");
  return epoch;
}

Epoch WireReader::epoch() noexcept {
  const Epoch epoch = bound();
  if (epoch == last_epoch) fail("an epoch's counter is out of range");
  return epoch;
}

View WireReader::view() {
  View view;
  view.epoch = epoch();
  const auto count = number<std::uint16_t>();
  if (count > places_) fail("a view has more members than there are");
  if (view.any() != (count != 0)) fail("a view has an epoch or members, but not both");
  for (std::size_t i = 0; i < count && !failed(); ++i) {
    ViewMember member;
    member.place = place();
    member.incarnation = incarnation();
    if (!view.members.empty() && view.members.back().place >= member.place) fail("a view's members are out of order");
    view.members.push_back(member);
  }
  return view;
}

MemberSet WireReader::set() noexcept {
  MemberSet set;
  for (std::size_t i = 0; i < set_bytes(places_); ++i) {
    const auto byte = number<std::uint8_t>();
    for (std::size_t bit = 0; bit < 8; ++bit) {
      if ((byte >> bit & 1) == 0) continue;
      if (i * 8 + bit >= places_) {
        fail("a set names a place that is not a member's");
        return set;
      }
      set.add(static_cast<Place>(i * 8 + bit));
    }
  }
  return set;
}

MemberRow WireReader::row() noexcept {
  MemberRow row;
  row.place = place();
  const auto flags = number<std::uint8_t>();
  if (flags > 3) fail("a row has unknown flags");
  row.votes = (flags & 1) != 0;
  row.leaving = (flags & 2) != 0;
  row.incarnation = incarnation();
  row.version = number<std::uint64_t>();
  row.grant = epoch();
  row.serving = epoch();
  row.hears = set();
  if (row.hears.has(row.place)) fail("a row hears itself");
  if (row.serving > row.grant) fail("a row serves in what it has not granted");
  return row;
}

void WireReader::fail(std::string_view what) noexcept {
  if (problem_.empty()) problem_ = what;
  rest_ = {};
}

bool WireReader::finish(std::string& problem) {
  if (!failed() && !rest_.empty()) fail("there are bytes left over");
  problem = problem_;
  return !failed();
}

}  // namespace hawser
