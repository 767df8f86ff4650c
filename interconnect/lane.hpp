// Lane: one direction of one class of traffic to one peer, dialled by us.
//
// idle -> waiting -> dialling -> greeting -> open, and back to waiting when anything fails. The delay between two dials
// counts from the start of the attempt and grows exponentially with full jitter; a session that was stable resets it.
// What was handed to the transport and is not acknowledged is bounded by the window, so that an urgent message never
// waits behind megabytes that cannot be recalled. Pure: time and chance come in.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/base/reason.hpp>
#include <hawser/base/ring.hpp>
#include <hawser/base/time.hpp>
#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/snapshot.hpp>
#include <hawser/resilience/backoff.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace hawser {

class Lane {
 public:
  // `absent_cap`: the longest delay for a peer that is silent or absent; the configured cap holds after a refusal.
  Lane(LaneClass lane, const ReconnectConfig& config, std::size_t window_bytes, Duration absent_cap, Instant now);

  LaneClass lane_class() const noexcept { return lane_; }
  LaneState state() const noexcept { return state_; }
  bool open() const noexcept { return state_ == LaneState::open; }
  LinkId link() const noexcept { return link_; }
  std::uint64_t nonce() const noexcept { return nonce_; }
  const Reason& reason() const noexcept { return reason_; }

  // Somebody wants to send: an idle lane dials now.
  void want(Instant now);
  // Evidence that the peer is there: a waiting lane dials now.
  void hurry(Instant now);
  bool dial_due(Instant now) const noexcept { return state_ == LaneState::waiting && next_dial_ <= now; }
  void dialled(LinkId link, Instant now);
  // The transport is connected; our hello with this nonce leaves.
  void greeted(std::uint64_t nonce, Instant now);
  bool greeting_overdue(Instant now) const noexcept { return state_ == LaneState::greeting && greeting_until_ <= now; }
  void opened(Instant now);
  enum class Severity : std::uint8_t { absent, refused };
  // The attempt or the connection ended; the next dial is planned.
  void failed(Instant now, Severity severity, std::string_view cause, std::string detail, Random& random);
  // Closed on purpose, for want of traffic or because the node stops.
  void rest(Instant now, std::string_view cause);

  // ---- window and batches
  std::uint64_t next_batch() noexcept { return ++batches_; }
  std::uint64_t batch_number() const noexcept { return batches_; }  // of the newest
  void handed_over(std::uint64_t batch, std::size_t bytes, Instant now);
  void acknowledged(std::uint64_t batch, Instant now);
  std::size_t window_left() const noexcept { return flight_bytes_ < window_ ? window_ - flight_bytes_ : 0; }
  std::size_t flight_bytes() const noexcept { return flight_bytes_; }
  bool all_acknowledged() const noexcept { return flight_.empty(); }
  // Since when the oldest batch that is not acknowledged waits; `never` if there is none.
  Instant waiting_since() const noexcept { return flight_.empty() ? never : flight_.front().at; }
  // Since when it has been waiting for an acknowledgement without getting any. REQUIRES: something is not acknowledged.
  Instant quiet_since() const noexcept { return std::max(flight_.front().at, acknowledged_at_); }
  // Nothing gets through, and its other end should know. Ends by itself with an acknowledgement, or when it opens anew.
  void fell_silent(Instant now, std::string_view cause, std::string detail);
  bool silent() const noexcept { return silent_; }
  // The attempt that has just failed met silence: nobody said no.
  void met_silence() noexcept { silent_ = true; }
  Instant last_handed_over() const noexcept { return last_handed_over_; }
  Instant last_traffic() const noexcept { return last_traffic_; }
  void traffic(Instant now) noexcept { last_traffic_ = now; }
  bool blocked() const noexcept { return blocked_; }  // the transport said `full`
  void set_blocked(bool blocked) noexcept { blocked_ = blocked; }

  Instant next_wake() const noexcept;
  LaneSnapshot snapshot() const;

 private:
  void enter(LaneState state, Instant now, std::string_view cause, std::string detail, Instant next_at);

  struct Flight {
    std::uint64_t batch = 0;
    std::size_t bytes = 0;
    Instant at{};
  };

  // First what every heartbeat needs: a node with many peers reads it from memory each time.
  const LaneClass lane_;
  LaneState state_ = LaneState::idle;
  bool blocked_ = false;
  bool silent_ = false;
  LinkId link_ = LinkId::none;
  std::uint64_t batches_ = 0;
  Ring<Flight> flight_;
  std::size_t flight_bytes_ = 0;
  Instant open_since_ = never;
  Instant last_handed_over_{};
  Instant last_traffic_{};
  Instant acknowledged_at_{};
  Instant next_dial_ = never;
  Instant greeting_until_ = never;

  const ReconnectConfig& config_;
  const std::size_t window_;
  const Duration absent_cap_;
  Reason reason_;
  std::uint64_t nonce_ = 0;
  Backoff backoff_;
  Instant attempt_began_{};
  std::uint64_t dials_ = 0;
};

}  // namespace hawser
