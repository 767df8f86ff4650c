// What flows between a node and its peer: batches in and out, acknowledgements, replies.
#include <hawser/base/mutant.hpp>
#include <hawser/interconnect/node_core.hpp>
#include <hawser/interconnect/peer_core.hpp>

#include <algorithm>
#include <utility>

namespace hawser {
namespace {

constexpr std::size_t batches_per_turn = 32;     // and then the loop sees to others
constexpr std::size_t quantum_bytes = 4u << 10;  // of the deficit round robin, per priority level
constexpr std::size_t record_slack = 256;        // head, extensions and padding of one record
constexpr std::size_t pulses_held_max = 8;       // of one turn; the oldest go, and others follow
constexpr std::size_t beats_remembered = 64;     // a reply to an older one is no evidence any more

}  // namespace

// ---- in

bool PeerCore::frame(LaneClass which, const FrameInfo& info, const BufferRef& frame, Instant now, std::string& problem,
                     bool& quiet) {
  quiet = false;
  // Before anything of it is noted: the batch numbers of one lane would leave those of another behind for good.
  if (info.lane != which) {
    problem = "a frame of another lane";
    return false;
  }
  switch (info.kind) {
    case FrameKind::batch:
      return batch(which, info, frame, now, problem, quiet);
    case FrameKind::welcome: {
      Welcome said;
      if (which != LaneClass::control) {
        problem = "a welcome on a data lane";
        return false;
      }
      return decode(frame.bytes(), said, problem) && welcome(said, now, problem);
    }
    case FrameKind::goodbye: {
      Goodbye said;
      if (which != LaneClass::control || !decode(frame.bytes(), said, problem)) return false;
      if (said.from_incarnation == peer_incarnation_) goodbye(said, now);
      return true;
    }
    default:
      problem = "a frame of a kind that does not belong here";
      return false;
  }
}

bool PeerCore::batch(LaneClass which, const FrameInfo& info, const BufferRef& frame, Instant now, std::string& problem,
                     bool& quiet) {
  BatchReader reader;
  if (!reader.open(frame.bytes(), problem)) return false;
  const BatchHeader& header = reader.header();
  if (header.from_incarnation != peer_incarnation_ || header.to_incarnation != node_.incarnation()) {
    problem = "a batch of or for another incarnation";
    return false;
  }
  // Numbers begin anew with a session: those of another one would be taken for this one's.
  const bool foreign = (header.session != 0 && header.session != peer_session_) ||
                       (header.peer_session != 0 && header.peer_session != session_);
  if (foreign && !mutant(Mutant::foreign_session_heard)) {
    problem = "a batch of another session";
    return false;
  }
  std::uint64_t& received = received_[static_cast<std::size_t>(which)];
  const std::uint64_t before = mutant(Mutant::old_batch_heard) ? 0 : inbound(which).batches_before;
  if (info.number <= std::max(received, before)) {
    problem = info.number <= received ? "a batch that was here before" : "a batch of an earlier connection";
    return false;
  }
  received = info.number;
  for (std::size_t i = 0; i < lane_count; ++i) {
    if (header.received[i] != 0) lanes_[i].acknowledged(header.received[i], now);
  }
  inbox_.confirmed(header.received[static_cast<std::size_t>(LaneClass::control)]);
  if (which != LaneClass::control) acknowledge_lanes_ = true;
  if (header.heartbeat) {
    if (which != LaneClass::control) {
      problem = "a heartbeat on a data lane";
      return false;
    }
    heard_heartbeat(*header.heartbeat, header, now);
    if (still_ && reader.records_left() == 0) {
      quiet = true;
      return true;
    }
  }
  const Arrival arrival{frame,
                        which,
                        now,
                        clock_.charge(header.sent_at, arrival_time(now)),
                        header.sent_at,
                        !self_ && node_.fenced(*this, header.epoch)};
  const bool good = take_records(reader, arrival, problem);
  if (good) inbox_.run(now);
  inbox_.detach();
  return good;
}

bool PeerCore::take_records(BatchReader& reader, const Arrival& arrival, std::string& problem) {
  Record record;
  Ack ack;
  const std::uint64_t resets = inbox_.resets();
  for (;;) {
    switch (reader.next(record, ack, problem)) {
      case BatchReader::Next::end:
        return true;
      case BatchReader::Next::malformed:
        return false;
      case BatchReader::Next::ack:
        if (!acknowledged(ack, arrival.now, problem)) return false;
        break;
      case BatchReader::Next::record: {
        const bool pulse = record.kind == RecordKind::pulse;
        const bool control = pulse || record.kind == RecordKind::cancel || record.kind == RecordKind::want;
        if (control != (arrival.lane == LaneClass::control)) {
          problem = "a record on a lane where it does not belong";
          return false;
        }
        if (pulse) {
          if (!node_.heard_pulse(*this, record.payload, problem)) return false;
          break;
        }
        if (!inbox_.take(record, arrival, problem)) return false;
        if (inbox_.resets() != resets) return true;
        break;
      }
    }
  }
}

bool PeerCore::acknowledged(const Ack& ack, Instant now, std::string& problem) {
  refresh_channels();
  for (Channel* channel : known_channels_) {
    if (channel->type() != ack.type) continue;
    if (!channel->plausible(ack)) {
      problem = "a verdict on messages that were never sent";
      return false;
    }
    channel->acknowledge(ack, now, node_.endings());
    return true;
  }
  if (ack.verdicts == 0) return true;  // it speaks of a channel that we have not used in this session
  problem = "a verdict on a type that was never sent";
  return false;
}

void PeerCore::take_answers(Instant now) {
  inbox_.take_answers(answers_);
  for (InboundReply& reply : answers_) {
    const Outcome outcome = reply.type == TypeId::none ? Outcome{OutcomeKind::refused, reply.cause, {}}
                                                       : Outcome{OutcomeKind::delivered, Cause::none, {}};
    for (Channel* channel : known_channels_) {
      if (channel->answer(reply.request_id, outcome, reply.bytes, now, node_.endings())) break;
    }
  }
  answers_.clear();
}

void PeerCore::send_replies(Instant now) {
  std::swap(replies_, inbox_.replies());
  for (OutgoingReply& reply : replies_) send_reply(std::move(reply), now);
  replies_.clear();
}

// An answer for which there is no room becomes one that says so: the request was handled, and its caller is told.
void PeerCore::send_reply(OutgoingReply&& reply, Instant now) {
  Outgoing message;
  message.payload = std::move(reply.reply.bytes);
  message.type = reply.reply.type.id;
  message.kind = RecordKind::reply;
  message.request_id = reply.request_id;
  message.submitted = now;
  message.expires = reply.deadline;
  message.reply_bytes = static_cast<std::uint32_t>(reply.room);
  bool tell = false;  // it is this turn that sends it
  Outcome outcome = reply_channel_->admit(message, now, tell);
  if (outcome == OutcomeKind::too_large || outcome == OutcomeKind::queue_full) {
    message.payload = failed_reply(Cause::reply_room);
    message.type = TypeId::none;
    outcome = reply_channel_->admit(message, now, tell);
  }
  if (!outcome.delivered()) reply_channel_->release_reply(reply.room);
}

// ---- out

void PeerCore::dial_due_lanes(Instant now) {
  if (self_) return;
  for (Lane& each : lanes_) {
    if (!each.dial_due(now) || node_.puts_off(FaultPoint::dial_delayed, *this)) continue;
    // Data lanes belong to a session; without one they wait for it.
    if (each.lane_class() != LaneClass::control && !lane(LaneClass::control).open()) continue;
    each.dialled(node_.dial(*this, each.lane_class(), endpoint_), now);
  }
}

void PeerCore::begin_batch(Lane& on, BatchWriter& writer, Instant now, std::optional<Heartbeat> heartbeat,
                           std::size_t hint) {
  BatchHeader header;
  header.from_incarnation = node_.incarnation();
  header.to_incarnation = peer_incarnation_;
  header.session = session_;
  header.peer_session = peer_session_;
  header.epoch = node_.epoch();
  header.sent_at = session_now(now);
  for (std::size_t i = 0; i < lane_count; ++i) header.received[i] = received_[i];
  header.heartbeat = std::move(heartbeat);
  writer.begin(on.lane_class(), version_, on.next_batch(), header, hint);
}

bool PeerCore::hand_over(Lane& on, std::uint64_t batch, BufferRef frame, Instant now) {
  const std::size_t bytes = frame.size();
  const auto which = static_cast<std::size_t>(on.lane_class());
  if (on.blocked()) return false;
  const SendResult result = node_.send(*this, on.lane_class(), on.link(), frame);
  if (result == SendResult::down) return false;  // link_down follows and starts anew
  if (batch != 0) on.handed_over(batch, bytes, now);
  if (result == SendResult::full) {
    pending_[which] = std::move(frame);
    on.set_blocked(true);
  }
  return true;
}

bool PeerCore::retry_pending(Lane& on) {
  BufferRef& frame = pending_[static_cast<std::size_t>(on.lane_class())];
  if (!frame) return true;
  const SendResult result = node_.send(*this, on.lane_class(), on.link(), frame);
  if (result == SendResult::full) {
    on.set_blocked(true);
    return false;
  }
  frame = nullptr;
  return true;
}

// One batch carries whatever the control lane has to say in this turn: heartbeat, acknowledgements, wants,
// cancellations.
void PeerCore::flush_control(Instant now) {
  Lane& control = lane(LaneClass::control);
  if (!control.open() || control.blocked()) {
    pulses_.clear();  // each is followed by another one
    return;
  }
  const bool beat = beat_due(now);
  const bool wants = !still_ && std::any_of(known_channels_.begin(), known_channels_.end(),
                                            [](const Channel* channel) { return channel->wants_to_say(); });
  const bool questions = has_questions();
  if (!beat && reply_due_ == 0 && !questions && !inbox_.ack_due() && !acknowledge_lanes_ && cancelled_.empty() &&
      !wants && pulses_.empty())
    return;
  if (node_.puts_off(FaultPoint::ack_withheld, *this)) return;

  std::optional<Heartbeat> heartbeat;
  if (beat || reply_due_ != 0 || questions) {
    heartbeat.emplace();
    if (questions || lanes_told_ != 0) say_questions(*heartbeat, now);
    heartbeat->stance = node_.stance();
    heartbeat->last_heard = last_heard_;
    heartbeat->reply_to = std::exchange(reply_due_, 0);
    if (heartbeat->reply_to != 0) heartbeat->reply_hold_us = static_cast<std::uint64_t>(to_us(now - reply_heard_at_));
    if (beat) {
      heartbeat->sequence = ++beats_;
      if (std::exchange(hears_told_, node_.hears_version()) != node_.hears_version()) heartbeat->hears = node_.hears();
      unanswered_.push_back({beats_, now});
      if (unanswered_.size() > beats_remembered) unanswered_.pop_front();
      next_beat_ = beat_after(now);
      if (!still_ || !data_idle_) {
        probe(lane(LaneClass::ordinary), now);
        probe(lane(LaneClass::bulk), now);
      }
    }
  }
  BatchWriter& writer = writers_[0];
  begin_batch(control, writer, now, std::move(heartbeat), 1024);
  const std::uint64_t number = control.batch_number();
  if (wants) {
    for (Channel* channel : known_channels_) {
      if (const auto want = channel->say_want()) writer.add(*want);
    }
  }
  for (const std::uint64_t request : cancelled_) {
    Record cancel;
    cancel.kind = RecordKind::cancel;
    cancel.request_id = request;
    writer.add(cancel);
  }
  cancelled_.clear();
  for (const BufferRef& bytes : pulses_) {
    Record pulse;
    pulse.kind = RecordKind::pulse;
    pulse.payload = bytes.bytes();
    writer.add(pulse);
  }
  pulses_.clear();
  inbox_.acknowledge(writer, node_.config().bounds.batch_bytes, number);
  acknowledge_lanes_ = false;
  hand_over(control, number, writer.finish(), now);
}

// An answer that leaves anyway takes along the heartbeat that would follow within half an interval. So of two nodes one
// asks, the other answers and asks, and the first answers: three frames instead of four, and one timer instead of two.
bool PeerCore::beat_due(Instant now) const noexcept {
  if (self_) return false;
  return next_beat_ <= now || (reply_due_ != 0 && next_beat_ <= later(now, node_.config().detector.heartbeat / 2));
}

// Rounded up to a sixteenth of the interval, so that one turn serves many peers. What was due at such an instant keeps
// to it, however late the turn. What left early, with an answer, is due at least half a step after the question that it
// will answer, so that the two do not cross.
Instant PeerCore::beat_after(Instant now) const noexcept {
  const Duration interval = node_.config().detector.heartbeat * (mutant(Mutant::heartbeat_late) ? 2 : 1);
  const Duration step = std::max(node_.config().detector.heartbeat / 16, Duration{1});
  const bool punctual = next_beat_ <= now && now - next_beat_ < step;
  const Instant due = punctual ? later(next_beat_, interval) : later(now, interval + step / 2);
  const Duration beyond{to_us(due) % step.count()};
  return beyond > Duration::zero() ? later(due, step - beyond) : due;
}

void PeerCore::say_pulse(const BufferRef& bytes) {
  if (pulses_.size() == pulses_held_max) pulses_.erase(pulses_.begin());
  pulses_.push_back(bytes);
}

// A lane that is idle still proves once per heartbeat that it is open.
void PeerCore::probe(Lane& on, Instant now) {
  if (!on.open() || on.blocked() || later(on.last_handed_over(), node_.config().detector.heartbeat) > now) return;
  BatchWriter& writer = writers_[static_cast<std::size_t>(on.lane_class())];
  begin_batch(on, writer, now, std::nullopt, 256);
  hand_over(on, on.batch_number(), writer.finish(), now);
}

void PeerCore::flush_data(Lane& on, Instant now) {
  if (!on.open() || slots(on.lane_class()).empty()) return;
  BatchWriter& writer = writers_[static_cast<std::size_t>(on.lane_class())];
  for (std::size_t i = 0; i < batches_per_turn; ++i) {
    if (on.blocked() || (on.window_left() == 0 && !mutant(Mutant::window_unbounded))) return;
    const std::size_t written = fill_batch(on, writer, now);
    if (!writer.open()) return;
    if (written == 0) {  // it waits for credit or a breaker; the number of the batch is simply skipped
      writer.finish();
      return;
    }
    inbox_.acknowledge_along(writer);
    acknowledge_lanes_ = false;  // the header of every batch says what was received
    on.traffic(now);
    hand_over(on, on.batch_number(), writer.finish(), now);
  }
  node_.mark_again(*this);
}

// Deficit round robin (Shreedhar and Varghese, 1995) over the lane's channels; the quantum grows with the priority, so
// that urgent types get more and nobody gets nothing.
std::size_t PeerCore::fill_batch(Lane& on, BatchWriter& writer, Instant now) {
  std::vector<Slot>& all = slots(on.lane_class());
  std::size_t& turn = rotation_[static_cast<std::size_t>(on.lane_class())];
  const BoundsConfig& bounds = node_.config().bounds;
  const SendContext context{now, session_began_};
  const std::size_t largest_record = bounds.chunk_bytes + record_slack;
  const std::size_t limit = node_.fires(FaultPoint::batch_cut_small) ? 1 : bounds.batch_bytes;
  std::size_t written = 0;
  std::size_t quiet = 0;  // channels in a row that had nothing to give
  while (quiet < all.size() && written < limit) {
    Slot& slot = all[turn % all.size()];
    if (!slot.channel->sendable()) {
      slot.deficit = 0;
      ++turn;
      ++quiet;
      continue;
    }
    if (!writer.open()) begin_batch(on, writer, now, std::nullopt, bounds.batch_bytes + largest_record);
    const std::size_t priority = slot.channel->policy().priority;
    slot.deficit += quantum_bytes * ((mutant(Mutant::priority_inverted) ? priority_max - priority : priority) + 1u);
    const std::size_t room = bounds.batch_bytes + largest_record - written;
    const std::size_t took = slot.channel->fill(writer, std::min(slot.deficit, room), context, node_.endings());
    written += took;
    slot.deficit -= std::min(slot.deficit, took);
    // Nothing taken although the largest record would have fitted: it waits for credit, not for its turn.
    const bool stuck = took == 0 && slot.deficit >= largest_record;
    quiet = stuck ? quiet + 1 : 0;
    if (stuck) slot.deficit = 0;
    if (took == 0 || !mutant(Mutant::lane_starves)) ++turn;
  }
  return written;
}

}  // namespace hawser
