#include <hawser/interconnect/intake_line.hpp>

#include <hawser/base/assert.hpp>

#include <utility>

namespace hawser {
namespace {

constexpr Duration remembered{1'000'000};  // for so long after a refusal the line counts as one that refuses

}  // namespace

void IntakeLine::press(std::uint32_t pressure, std::uint32_t share_permille) noexcept {
  shedder_.set_pressure(pressure);
  shedder_.set_share(share_permille);
}

bool IntakeLine::offer(IntakePlace& place, std::uint32_t owner, std::uint8_t priority, Instant expires,
                       Duration& retry_after) {
  // What it needs inside, and the way back, have the other half of its time.
  const Instant latest = expires == never ? never : later(now_, until(now_, expires) / 2);
  const ShedAnswer answer = shedder_.offer({priority, latest, nullptr}, now_);
  if (answer.rejection) {
    refused(answer.rejection->reason);
    retry_after = answer.rejection->retry_after;
    return false;
  }
  place.line_ = shared_from_this();
  place.owner_ = owner;
  place.since_ = now_;
  place.state_ = answer.admitted ? IntakePlace::State::inside : IntakePlace::State::waiting;
  place.ticket_ = answer.ticket;
  if (place.waits()) waiting_.emplace(answer.ticket, &place);
  return true;
}

std::optional<std::uint32_t> IntakeLine::poll() {
  while (const std::optional<ShedEvent> event = shedder_.poll(now_)) {
    const auto found = waiting_.find(event->ticket);
    HAWSER_ASSERT(found != waiting_.end(), "who waits in the line is known there");
    IntakePlace& place = *found->second;
    waiting_.erase(found);
    place.since_ = now_;
    place.state_ = event->rejection ? IntakePlace::State::refused : IntakePlace::State::inside;
    if (event->rejection) {
      place.retry_after_ = event->rejection->retry_after;
      refused(event->rejection->reason);
    }
    return place.owner_;
  }
  return std::nullopt;
}

bool IntakeLine::changed() {
  if (reason_.cause != "admits" && later(refused_at_, remembered) <= now_) {
    reason_ = {now_, "admits", {}, {}};
    changed_ = true;
  }
  return std::exchange(changed_, false);
}

void IntakeLine::refused(ShedReason reason) {
  refused_at_ = now_;
  if (reason_.cause != "admits") return;  // since when it refuses, and what began it
  reason_ = {now_, to_string(reason), {}, {}};
  changed_ = true;
}

void IntakeLine::leave(IntakePlace& place) {
  if (place.state_ == IntakePlace::State::waiting) {
    waiting_.erase(place.ticket_);
    shedder_.cancel(place.ticket_);
  } else if (place.state_ == IntakePlace::State::inside) {
    shedder_.gone();
  }
}

void IntakeLine::served(IntakePlace& place) { shedder_.finished(now_, until(place.since_, now_)); }

IntakePlace::IntakePlace(IntakePlace&& other) noexcept { *this = std::move(other); }

IntakePlace& IntakePlace::operator=(IntakePlace&& other) noexcept {
  HAWSER_ASSERT(!waits() && !other.waits(), "who waits in the line stays where it is");
  if (this == &other) return *this;
  if (line_ != nullptr) line_->leave(*this);
  line_ = std::move(other.line_);
  ticket_ = other.ticket_;
  owner_ = other.owner_;
  state_ = std::exchange(other.state_, State::none);
  since_ = other.since_;
  retry_after_ = other.retry_after_;
  return *this;
}

IntakePlace::~IntakePlace() {
  if (line_ != nullptr) line_->leave(*this);
}

void IntakePlace::served() {
  if (line_ == nullptr || state_ != State::inside) return;
  state_ = State::none;
  line_->served(*this);
}

}  // namespace hawser
