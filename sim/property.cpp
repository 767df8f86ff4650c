#include <hawser/sim/property.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/quantity.hpp>

#include <algorithm>
#include <array>
#include <ostream>
#include <sstream>
#include <utility>

namespace hawser::sim {
namespace {

std::string text_of(const BrokenProperty& broken) {
  std::ostringstream out;
  out << broken;
  return out.str();
}

}  // namespace

std::string_view to_string(PropertyKind kind) noexcept {
  static constexpr std::array<std::string_view, 5> words{"always", "never", "eventually", "whenever", "sometimes"};
  return words[static_cast<std::size_t>(kind)];
}

std::ostream& operator<<(std::ostream& out, const BrokenProperty& broken) {
  out << to_string(broken.kind) << ": " << broken.name << ": " << broken.text << " at " << to_us(broken.at)
      << " us, event " << broken.event << ", seed " << broken.seed << '\n';
  for (const std::string& row : broken.story) out << "  " << row;
  return out;
}

PropertyBroken::PropertyBroken(BrokenProperty broken)
    : std::runtime_error(text_of(broken)), broken_(std::move(broken)) {}

Properties::Properties(World& world, const PropertyOptions& options) : world_(world), options_(options) {
  world_.on_event([this] { after_event(); });
}

void Properties::add(Item item) {
  HAWSER_ASSERT(item.predicate != nullptr, "a property has a predicate");
  items_.push_back(std::move(item));
  look(items_.back());
}

void Properties::always(std::string name, Predicate holds) {
  add({PropertyKind::throughout, std::move(name), std::move(holds), nullptr});
}

void Properties::never(std::string name, Predicate happens) {
  add({PropertyKind::never, std::move(name), std::move(happens), nullptr});
}

void Properties::sometimes(std::string name, Predicate happens) {
  add({PropertyKind::sometimes, std::move(name), std::move(happens), nullptr});
}

void Properties::eventually(std::string name, Duration within, Predicate comes) {
  add({PropertyKind::eventually, std::move(name), std::move(comes), nullptr, within, later(world_.now(), within)});
}

void Properties::whenever(std::string name, Predicate cause, Duration within, Predicate effect) {
  HAWSER_ASSERT(effect != nullptr, "a cause has an effect");
  add({PropertyKind::whenever, std::move(name), std::move(cause), std::move(effect), within});
}

void Properties::after_event() {
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (!items_[i].over) look(items_[i]);
  }
}

void Properties::look(Item& item) {
  switch (item.kind) {
    case PropertyKind::throughout:
      if (!item.predicate()) return fail(item, "was not so");
      ++item.times;
      break;
    case PropertyKind::never:
      if (!item.predicate()) break;
      ++item.times;
      return fail(item, "was so");
    case PropertyKind::sometimes:
      if (!item.predicate()) break;
      ++item.times;
      item.over = true;
      break;
    case PropertyKind::eventually: {
      const bool come = item.predicate();
      item.times += come ? 1 : 0;
      item.over = come && world_.now() <= item.due;
      wait_for(item, come);
      break;
    }
    case PropertyKind::whenever:
      look_at_cause(item);
      break;
  }
}

void Properties::look_at_cause(Item& item) {
  const bool now = item.predicate();
  if (now && !std::exchange(item.was, now)) {
    ++item.times;
    if (item.due == world_never) item.due = later(world_.now(), item.within);
  }
  item.was = now;
  if (item.due != world_never) wait_for(item, item.effect());
}

// What comes at the very end of its time has come in time.
void Properties::wait_for(Item& item, bool come) {
  if (come && world_.now() <= item.due) {
    item.due = world_never;
  } else if (world_.now() > item.due) {
    item.due = world_never;
    fail(item, "did not come within " + format_duration(item.within));
  }
}

void Properties::fail(Item& item, std::string text) {
  item.over = true;
  BrokenProperty broken{item.kind, item.name, std::move(text), world_.now(), world_.events_run(), world_.seed(), {}};
  const std::vector<TraceRow> rows = world_.trace().rows();
  for (std::size_t i = rows.size() - std::min(rows.size(), options_.story_rows); i < rows.size(); ++i) {
    std::ostringstream row;
    world_.trace().print(row, rows[i]);
    broken.story.push_back(row.str());
  }
  broken_.push_back(broken);
  if (options_.throws) throw PropertyBroken{std::move(broken)};
}

bool Properties::awaits() const noexcept {
  return std::any_of(items_.begin(), items_.end(),
                     [](const Item& item) { return !item.over && item.due != world_never; });
}

void Properties::finish() {
  while (awaits()) {
    WorldTime due = world_begin;
    for (const Item& item : items_) {
      if (!item.over && item.due != world_never) due = std::max(due, item.due);
    }
    if (world_.now() <= due) world_.run_for(due - world_.now() + Duration{1});
    after_event();  // perhaps nothing has happened since
  }
  for (Item& item : items_) {
    if (item.kind == PropertyKind::sometimes && !item.over) fail(item, "never came");
  }
}

std::uint64_t Properties::times(std::string_view name) const noexcept {
  const auto found = std::find_if(items_.begin(), items_.end(), [&](const Item& item) { return item.name == name; });
  return found == items_.end() ? 0 : found->times;
}

}  // namespace hawser::sim
