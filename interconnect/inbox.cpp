#include <hawser/interconnect/inbox.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/interconnect/channel.hpp>
#include <hawser/interconnect/runtime.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace hawser {
namespace {

// Both come from the peer, and may be anything.
Duration time_left(std::int64_t expires_at, std::int64_t sent_at) noexcept {
  std::int64_t left = 0;
  if (__builtin_sub_overflow(expires_at, sent_at, &left)) return expires_at < sent_at ? Duration::zero() : forever;
  return Duration{left};
}

}  // namespace

BufferRef failed_reply(Cause cause) {
  BufferRef bytes = Buffer::make(8);
  std::memset(bytes->data(), 0, 8);
  bytes->data()[0] = static_cast<std::byte>(cause);
  return bytes;
}

Inbox::Inbox(const Registry& registry, const Limits& limits, InboxHost& host, Room room, GrantLine& line)
    : registry_(registry), limits_(limits), host_(host), room_(room), line_(line), answers_loan_(room) {}

Inbox::~Inbox() { line_.forget(*this); }

void Inbox::nobody_waits() {
  for (auto& [type, channel] : channels_) {
    for (const Running& work : channel.running) work.cancellation.request();
    for (std::size_t i = 0; i < channel.queue.size(); ++i) {
      if (channel.queue[i].asked != nullptr) channel.queue[i].asked->cancellation.request();
    }
  }
}

void Inbox::reset(const Delivery& from) {
  nobody_waits();
  for (const auto& [type, channel] : channels_) running_ -= channel.running.size();
  if (starting_ > 0) buried_.push_back(std::move(channels_));
  channels_.clear();
  ++resets_;
  last_ = nullptr;
  for (const OutgoingReply& reply : replies_) host_.release_reply(reply.room);
  release_reply(reply_room_);
  replies_.clear();
  answers_.clear();
  answers_loan_.lower_to(0);
  undetached_.clear();
  grants_waiting_.clear();
  line_.leave(*this);
  line_.freed();
  assembling_ = 0;
  starved_ = 0;
  dirty_ = 0;
  bytes_held_ = 0;
  (starting_ > 0 ? next_from_ : from_) = from;
}

Inbox::Channel* Inbox::channel(TypeId type, bool replies, LaneClass lane) {
  if (last_ != nullptr && last_->type == type) return last_;
  if (channels_.size() >= types_max && !channels_.contains(type)) return nullptr;
  const auto [at, fresh] = channels_.try_emplace(type, room_);
  Channel& channel = at->second;
  if (fresh) {
    channel.type = type;
    channel.name = replies ? "replies" : registry_.name(type);
    channel.lane = lane;
    channel.replies = replies;
    take_policy(channel);
    channel.window_messages = std::min<std::size_t>(channel.share_messages, hawser::Channel::initial_credit_messages);
    channel.window_bytes = std::min<std::size_t>(channel.share_bytes, hawser::Channel::initial_credit_bytes);
    channel.told_messages = hawser::Channel::initial_credit_messages;
    channel.told_bytes = hawser::Channel::initial_credit_bytes;
  }
  last_ = &channel;
  return last_;
}

void Inbox::take_policy(Channel& channel) {
  const TypePolicy policy = channel.replies ? TypePolicy{} : registry_.policy({channel.type, channel.name});
  channel.concurrency = std::max(1u, policy.concurrency);
  channel.ungated = policy.ungated;
  channel.priority = policy.priority;
  channel.share_messages = policy.channel_messages != 0 ? policy.channel_messages : limits_.messages;
  channel.share_bytes = policy.channel_bytes != 0 ? policy.channel_bytes : limits_.bytes;
  channel.reply_bytes = policy.reply_bytes != 0 ? policy.reply_bytes : limits_.reply_bytes;
}

// Credit that was told stays told; it is raised up to the new share.
void Inbox::follow_policy(TypeId type) {
  const auto found = channels_.find(type);
  if (found == channels_.end()) return;
  Channel& channel = found->second;
  take_policy(channel);
  channel.window_messages = std::min(channel.window_messages, channel.share_messages);
  channel.window_bytes = std::min(channel.window_bytes, channel.share_bytes);
  mark(channel);
}

// ---- arrival

bool Inbox::take(const Record& record, const Arrival& arrival, std::string& problem) {
  now_ = std::max(now_, arrival.now);
  if (record.kind == RecordKind::cancel) {
    cancel(record.request_id);
    return true;
  }
  const bool reply = record.kind == RecordKind::reply;
  if (closed_ && !reply) return true;
  Channel* const found = channel(reply ? TypeId::none : record.type, reply, arrival.lane);
  if (found == nullptr) {
    problem = "messages of more types than a node may use";
    return false;
  }
  Channel& to = *found;
  if (record.kind == RecordKind::want) {  // it comes on the control lane, and says nothing of the channel's own
    return want(to, record, problem);
  }
  to.lane = arrival.lane;
  if (record.sequence <= to.received && !mutant(Mutant::dedup_off)) {
    ++to.duplicates;
    mark(to);
    return true;
  }
  // Of what was given up, pieces may still be under way on this lane; the last never is.
  const bool last = record.total_bytes == 0 || record.offset + record.payload.size() >= record.total_bytes;
  if (!reply && !within_credit(to, record, last ? to.used() : to.received_bytes)) {
    problem = "a message beyond the credit of its channel";
    return false;
  }
  if (lent_.get() != arrival.frame.get()) {
    detach();
    lent_ = arrival.frame;
  }
  if (record.kind == RecordKind::message && record.total_bytes == 0 && starts_at_once(to, record, arrival)) return true;
  InboundBytes bytes{reply ? arrival.frame : BufferRef{}, record.payload};
  if (record.total_bytes != 0 && !assemble(to, record, arrival, problem, bytes)) return problem.empty();
  accept(to, record, arrival, std::move(bytes));
  return true;
}

// Each piece counts as the whole, so that no room is taken for what was not granted. `used`: of the credit in bytes.
bool Inbox::within_credit(const Channel& channel, const Record& record, std::uint64_t used) const noexcept {
  const std::uint64_t size = record.total_bytes != 0 ? record.total_bytes : record.payload.size();
  return record.sequence <= channel.told_messages && size <= channel.told_bytes && used <= channel.told_bytes - size;
}

// Puts one piece of a large message into its place. True when the message is whole.
bool Inbox::assemble(Channel& to, const Record& record, const Arrival& arrival, std::string& problem,
                     InboundBytes& whole) {
  if (record.total_bytes > limits_.message_bytes_max) {
    problem = "a message in pieces claims to be larger than the largest message";
    return false;
  }
  if (record.offset == 0) begin_assembly(to, record, arrival);
  Assembly& assembly = to.assembly;
  const bool continues =
      assembly.sequence == record.sequence && record.offset == assembly.filled && assembly.total == record.total_bytes;
  if (!continues && !mutant(Mutant::chunk_unchecked)) {
    problem = "a piece of a message does not continue the piece before it";
    return false;
  }
  if (assembly.bytes)
    std::memcpy(assembly.bytes->data() + assembly.filled, record.payload.data(), record.payload.size());
  assembly.filled += static_cast<std::uint32_t>(record.payload.size());
  if (assembly.filled < record.total_bytes) return false;
  if (assembly.bytes) --assembling_;
  whole.owner = std::exchange(assembly.bytes, nullptr);
  whole.payload = whole.owner ? whole.owner.bytes() : std::span<const std::byte>{};
  return true;
}

// Room for it is kept since its credit was granted, unless that was given up meanwhile: then its pieces are counted and
// not kept. An answer needs no credit, and borrows what it needs.
void Inbox::begin_assembly(Channel& to, const Record& record, const Arrival& arrival) {
  drop_assembly(to);
  to.assembly = {record.sequence, 0, record.total_bytes, never, nullptr};
  const Duration left = time_left(record.expires_at, arrival.sent_at);
  if (left <= arrival.under_way) return;
  if (!to.replies && !within_credit(to, record, to.used())) return;
  const bool room =
      to.replies ? answers_loan_.raise_to(answers_loan_.taken() + record.total_bytes) == Lack::nothing : covered(to);
  if (!room) return;
  to.assembly.expires = later(arrival.now, left - arrival.under_way);
  to.assembly.bytes = Buffer::make(record.total_bytes);
  ++assembling_;
}

// What is still under way of it finds nothing to go on with, and is ignored.
void Inbox::drop_assembly(Channel& channel) {
  Assembly& assembly = channel.assembly;
  if (!assembly.bytes) return;
  --assembling_;
  if (channel.replies) answers_loan_.lower_to(answers_loan_.taken() - assembly.total);
  assembly.bytes = nullptr;
  assembly.expires = never;
}

void Inbox::drop_expired_assemblies(Instant now) {
  if (assembling_ == 0) return;
  for (auto& [type, channel] : channels_) {
    if (channel.assembly.bytes && channel.assembly.expires <= now) drop_assembly(channel);
  }
}

// It was taken: it will not be taken again, and its credit is used.
void Inbox::count(Channel& to, const Record& record, std::size_t size) {
  to.received = record.sequence;
  to.received_bytes += size;
  ++to.fresh_messages;
  to.fresh_bytes += size;
  if (to.assembly.sequence != 0) {  // what was begun before it will not be finished
    drop_assembly(to);
    to.assembly = {};
  }
  mark(to);
}

// When it was sent, on our clock.
Instant Inbox::born(const Record& record, const Arrival& arrival) noexcept {
  constexpr std::int64_t longest_wait = 86'400'000'000;  // a day, as the longest TTL
  const Duration waited{static_cast<std::int64_t>(std::min<std::uint64_t>(record.waited_us, longest_wait))};
  return arrival.now - std::min(arrival.under_way, Duration{longest_wait}) - waited;
}

// Most messages: nothing waits before it, and its handler ends before it returns. Then it need not stand in the queue.
// The rules are those of accept() and run(); what they have to look at closer than this is left to them.
bool Inbox::starts_at_once(Channel& to, const Record& record, const Arrival& arrival) {
  if (!to.queue.empty() || !to.pending.empty() || starting_ > 0) return false;
  Handler* const handler = this->handler(to);
  if (handler == nullptr || handler->asynchronous() || to.concurrency == 0) return false;
  const Duration left = time_left(record.expires_at, arrival.sent_at);
  if (left <= arrival.under_way || !covered(to) || !PayloadReader::plausible(record.payload)) return false;
  if (!to.ungated && (arrival.fenced || !host_.may_act())) return false;
  if (host_.may_put_off() && host_.puts_off(FaultPoint::handler_delayed, to.name)) return false;
  const bool shed = !to.ungated && !host_.admits(to.priority) && !mutant(Mutant::intake_unguarded);
  const std::size_t size = record.payload.size();
  count(to, record, size);
  if (shed) {
    verdict(to, record.sequence, OutcomeKind::overloaded, Cause::intake, in_ms(host_.retry_after()));
    return true;
  }
  Item item;
  item.bytes.payload = record.payload;
  item.expires = later(arrival.now, left - arrival.under_way);
  item.born = born(record, arrival);
  item.sequence = record.sequence;
  to.bytes_in_flight += size;
  bytes_held_ += size;
  bool others_ran = std::exchange(ran_since_, arrival.now) == arrival.now;
  start_in_time(to, item, arrival.now, others_ran);
  return true;
}

void Inbox::accept(Channel& to, const Record& record, const Arrival& arrival, InboundBytes bytes) {
  const std::size_t size = record.total_bytes != 0 ? record.total_bytes : record.payload.size();
  count(to, record, size);
  const Duration left = time_left(record.expires_at, arrival.sent_at);
  const bool expired = left <= arrival.under_way;
  if (to.replies) {  // they do not queue
    if (expired) {
      verdict(to, record.sequence, OutcomeKind::expired, Cause::on_arrival);
    } else {
      accept_reply(to, record, std::move(bytes));
    }
    return;
  }
  Item& item = to.queue.emplace_back();
  if (to.undetached++ == 0) undetached_.push_back(&to);
  item.expires = expired ? arrival.now : later(arrival.now, left - arrival.under_way);
  item.born = born(record, arrival);
  item.sequence = record.sequence;
  const bool request = record.kind == RecordKind::request;
  const auto decide = [&](OutcomeKind kind, Cause cause) {
    item.verdict = kind;
    item.cause = cause;
  };
  const bool room = covered(to);  // for what comes next, too: without it no further credit is given
  if (expired) {
    decide(OutcomeKind::expired, Cause::on_arrival);
  } else if (arrival.fenced && !to.ungated) {
    decide(OutcomeKind::isolated, Cause::self_isolated);  // its sender's own
  } else if (!room || (record.total_bytes != 0 && !bytes.owner)) {
    decide(OutcomeKind::overloaded, Cause::intake);
  } else if (!to.ungated && !host_.admits(to.priority) && !mutant(Mutant::intake_unguarded)) {
    decide(OutcomeKind::overloaded, Cause::intake);
    item.retry_after_ms = in_ms(host_.retry_after());
  } else if (handler(to) == nullptr) {
    decide(OutcomeKind::unhandled, Cause::none);
  } else if (!PayloadReader::plausible(bytes.payload)) {
    decide(OutcomeKind::refused, Cause::malformed);
  } else if (!request || accept_request(to, record, item)) {
    item.bytes = std::move(bytes);
    to.bytes_in_flight += size;
    bytes_held_ += size;
  }
}

// What a request needs beside what every message does. False when it is not there: `item` says so.
bool Inbox::accept_request(Channel& to, const Record& record, Item& item) {
  auto asked = std::make_unique<Asked>();
  item.verdict = OutcomeKind::overloaded;
  item.cause = Cause::intake;
  if (!takes_place(to, *asked, item)) return false;
  item.cause = Cause::reply_room;
  if (!host_.reserve_reply(to.reply_bytes)) return false;
  item.verdict = OutcomeKind::delivered;
  item.cause = Cause::none;
  asked->request_id = record.request_id;
  asked->cancellation = Cancellation::make();
  asked->reply_bytes = to.reply_bytes;
  reply_room_ += to.reply_bytes;
  item.asked = std::move(asked);
  return true;
}

bool Inbox::takes_place(Channel& channel, Asked& asked, Item& item) {
  IntakeLine* const line = host_.line();
  if (line == nullptr || channel.ungated || !handler(channel)->asynchronous()) return true;
  Duration retry_after{0};
  if (line->offer(asked.place, host_.line_owner(), channel.priority, item.expires, retry_after)) return true;
  item.retry_after_ms = in_ms(retry_after);
  return false;
}

void Inbox::accept_reply(Channel& to, const Record& record, InboundBytes bytes) {
  InboundReply reply{record.request_id, record.type, Cause::none, std::move(bytes)};
  if (record.total_bytes != 0 && !reply.bytes.owner) {  // it was answered, and there was no room for the answer
    reply.type = TypeId::none;
    reply.cause = Cause::reply_room;
    answers_.push_back(std::move(reply));
    verdict(to, record.sequence, OutcomeKind::overloaded, Cause::reply_room);
    return;
  }
  if (record.type == TypeId::none && !reply.bytes.payload.empty()) {
    reply.cause = static_cast<Cause>(
        std::min<std::size_t>(std::to_integer<std::size_t>(reply.bytes.payload[0]), cause_count - 1));
  }
  answers_.push_back(std::move(reply));
  verdict(to, record.sequence, OutcomeKind::delivered, Cause::none);
}

// From here on what they hold is the caller's.
void Inbox::take_answers(std::vector<InboundReply>& into) {
  if (answers_loan_.taken() != 0) {
    const auto found = channels_.find(TypeId::none);
    const bool held = found != channels_.end() && found->second.assembly.bytes;
    if (answers_loan_.lower_to(held ? found->second.assembly.total : 0)) line_.freed();
  }
  std::swap(into, answers_);
}

// Looks only at what has come since the last call.
void Inbox::detach() {
  for (Channel* channel : undetached_) {
    const std::size_t fresh = std::min(std::exchange(channel->undetached, 0), channel->queue.size());
    for (std::size_t i = channel->queue.size() - fresh; i < channel->queue.size(); ++i) {
      make_own(channel->queue[i].bytes);
    }
  }
  undetached_.clear();
  lent_ = nullptr;
}

void Inbox::make_own(InboundBytes& bytes) const {
  if (bytes.owner || bytes.payload.data() == nullptr) return;
  HAWSER_ASSERT(lent_, "bytes are lent while their frame is there");
  if (lent_.size() <= 2 * bytes.payload.size() + 256) {
    bytes.owner = lent_;
    return;
  }
  bytes.owner = Buffer::copy(bytes.payload);
  bytes.payload = bytes.owner.bytes();
}

void Inbox::cancel(std::uint64_t request_id) {
  if (request_id == 0 || mutant(Mutant::cancellation_lost)) return;  // of plain messages, which nobody waits for
  for (auto& [type, channel] : channels_) {
    for (const Running& work : channel.running) {
      if (work.request_id == request_id) work.cancellation.request();
    }
    for (std::size_t i = 0; i < channel.queue.size(); ++i) {
      Item& item = channel.queue[i];
      if (item.asked == nullptr || item.asked->request_id != request_id) continue;
      if (item.verdict != OutcomeKind::delivered) continue;
      item.verdict = OutcomeKind::expired;
      item.cause = Cause::cancelled;
      drop_content(channel, item);
    }
  }
}

// ---- acknowledgement

void Inbox::mark(Channel& channel) {
  if (channel.dirty) return;
  channel.dirty = true;
  ++dirty_;
}

void Inbox::acknowledge_along(BatchWriter& batch) {
  if (dirty_ == 0) return;
  for (auto& [type, channel] : channels_) {
    // While an exception is not confirmed, a verdict that overtakes it on another lane would be taken for its own.
    if (!channel.dirty || !channel.exceptions.empty()) continue;
    const ChannelResume state = tell_credit(channel);
    batch.add(Ack{type, said_verdicts(channel), state.credit_messages, state.credit_bytes, {}});
    channel.dirty = false;
    --dirty_;
  }
}

void Inbox::acknowledge(BatchWriter& batch, std::size_t budget, std::uint64_t batch_number) {
  std::size_t written = 0;
  for (auto& [type, channel] : channels_) {
    if (!channel.dirty) continue;
    scratch_.clear();
    for (Exception& exception : channel.exceptions) {
      if (exception.carried_in == 0) scratch_.push_back(exception.range);
    }
    const ChannelResume state = tell_credit(channel);
    const Ack ack{type, said_verdicts(channel), state.credit_messages, state.credit_bytes, scratch_};
    const std::size_t size = size_in_batch(ack);
    if (written != 0 && written + size > budget) return;
    batch.add(ack);
    written += size;
    for (Exception& exception : channel.exceptions) {
      if (exception.carried_in == 0) exception.carried_in = batch_number;
    }
    channel.dirty = false;
    --dirty_;
  }
}

void Inbox::confirmed(std::uint64_t batch_number) {
  for (auto& [type, channel] : channels_) {
    if (channel.exceptions.empty()) continue;
    const bool frozen = channel.exceptions.size() >= exceptions_max;
    std::erase_if(channel.exceptions, [&](const Exception& exception) {
      return exception.carried_in != 0 && exception.carried_in <= batch_number;
    });
    if (frozen) mark(channel);
  }
}

void Inbox::repeat_all() {
  for (auto& [type, channel] : channels_) {
    for (Exception& exception : channel.exceptions) exception.carried_in = 0;
    mark(channel);
  }
}

std::vector<ChannelResume> Inbox::resume(LaneClass lane) {
  std::vector<ChannelResume> result;
  for (auto& [type, channel] : channels_) {
    if (channel.lane == lane) result.push_back(tell_credit(channel));
  }
  return result;
}

void Inbox::lane_reopened(LaneClass lane) {
  for (auto& [type, channel] : channels_) {
    if (channel.lane != lane) continue;
    drop_assembly(channel);
    channel.assembly = {};
  }
}

// ---- what it looks like

std::size_t Inbox::queued() const noexcept {
  std::size_t count = 0;
  for (const auto& [type, channel] : channels_) count += channel.queue.size();
  return count;
}

bool Inbox::still() const noexcept {
  const bool holds = bytes_held_ != 0 || running_ != 0 || assembling_ != 0 || reply_room_ != 0 || starved_ != 0;
  const bool owes = dirty_ != 0 || !replies_.empty() || !answers_.empty() || answers_loan_.taken() != 0;
  return !holds && !owes && grants_waiting_.empty() && undetached_.empty();
}

Instant Inbox::next_expiry() const noexcept {
  // Only queues whose handlers are all busy wait; their heads decide, since verdicts are given in order.
  Instant earliest = never;
  for (const auto& [type, channel] : channels_) {
    for (const Running& work : channel.running) {
      if (work.request && !work.cancellation.requested()) earliest = std::min(earliest, work.deadline);
    }
    if (!channel.queue.empty()) earliest = std::min(earliest, channel.queue.front().expires);
    earliest = std::min(earliest, channel.assembly.expires);
  }
  return earliest;
}

std::vector<InboundSnapshot> Inbox::snapshot() const {
  std::vector<InboundSnapshot> result;
  for (const auto& [type, channel] : channels_) {
    const bool promises = !channel.replies && channel.share.taken() != 0;
    result.push_back({type, channel.name, channel.received, channel.duplicates, channel.queue.size(),
                      channel.bytes_in_flight, promises ? channel.claim() - channel.bytes_in_flight : 0,
                      channel.loan.taken(), channel.counts, channel.handler_times});
  }
  return result;
}

}  // namespace hawser
