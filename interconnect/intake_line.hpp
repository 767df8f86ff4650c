// The line in which requests stand for a place in the house: the load shedder at a node's intake.
//
// A request whose handler outlives the turn (a coroutine, or one on the pool) takes a place when it comes and gives it
// back when its handler has ended. How many places there are follows from how long that takes; whoever finds none waits
// in a bounded line, the most important first, and is refused with a hint when the line is full of others, when its
// priority is closed, or when more than half of its time would be over before its turn. Within a channel the order
// stays. An IntakePlace is what a request holds of it: dropping it gives it back, whatever the reason. Belongs to the
// loop; time is an argument. Pure.
#pragma once

#include <hawser/base/reason.hpp>
#include <hawser/base/time.hpp>
#include <hawser/resilience/load_shedder.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

namespace hawser {

class IntakePlace;

// As it travels: whole milliseconds, rounded up, at most a minute and a bit.
constexpr std::uint16_t in_ms(Duration hint) noexcept {
  constexpr std::int64_t most = 65'535;
  const std::int64_t ms = hint.count() / 1000 + (hint.count() % 1000 > 0 ? 1 : 0);
  return static_cast<std::uint16_t>(ms < 0 ? 0 : ms > most ? most : ms);
}

class IntakeLine : public std::enable_shared_from_this<IntakeLine> {
 public:
  IntakeLine(const LoadShedderConfig& config, Instant now) : shedder_(config, now), now_(now) {
    reason_ = {now, "admits", {}, {}};
  }

  // The time of the turn that begins, and what cascade prevention says.
  void turn(Instant now) noexcept { now_ = now; }
  void press(std::uint32_t pressure, std::uint32_t share_permille) noexcept;
  // A request of that owner has come. False when it is refused: `retry_after` is set.
  bool offer(IntakePlace& place, std::uint32_t owner, std::uint8_t priority, Instant expires, Duration& retry_after);
  // Whose request has just been given a place, or refused one: the owner looks at its places. Nobody: all is said.
  std::optional<std::uint32_t> poll();
  // When somebody in the line has waited for too long.
  Instant next_wake() const noexcept { return shedder_.next_wake(); }

  const LoadShedder& shedder() const noexcept { return shedder_; }
  // admits, or the reason of the last refusal while there are refusals: of the last second.
  const Reason& reason() const noexcept { return reason_; }
  // True when reason() has changed since the last call.
  bool changed();

 private:
  friend class IntakePlace;
  void refused(ShedReason reason);
  void leave(IntakePlace& place);
  void served(IntakePlace& place);

  LoadShedder shedder_;
  Instant now_;
  std::map<std::uint64_t, IntakePlace*> waiting_;  // by ticket
  Reason reason_;
  Instant refused_at_ = Instant::min();
  bool changed_ = false;
};

// Stays where it is while it waits: move it only after that.
class IntakePlace {
 public:
  IntakePlace() = default;
  IntakePlace(IntakePlace&& other) noexcept;
  IntakePlace& operator=(IntakePlace&& other) noexcept;
  ~IntakePlace();

  bool waits() const noexcept { return state_ == State::waiting; }
  // It has been refused while it waited; come back after so long.
  bool refused() const noexcept { return state_ == State::refused; }
  Duration retry_after() const noexcept { return retry_after_; }
  // Its handler has ended: how long that took is what the line learns from.
  void served();

 private:
  friend class IntakeLine;
  enum class State : std::uint8_t { none, waiting, inside, refused };

  std::shared_ptr<IntakeLine> line_;
  std::uint64_t ticket_ = 0;
  std::uint32_t owner_ = 0;
  State state_ = State::none;
  Instant since_{};
  Duration retry_after_{0};
};

}  // namespace hawser
