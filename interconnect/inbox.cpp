#include <hawser/interconnect/inbox.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/interconnect/channel.hpp>

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

Inbox::Inbox(const Registry& registry, const Limits& limits, InboxHost& host)
    : registry_(registry), limits_(limits), host_(host) {}

void Inbox::nobody_waits() {
  for (auto& [type, channel] : channels_) {
    for (const Running& work : channel.running) work.cancellation.request();
    for (std::size_t i = 0; i < channel.queue.size(); ++i) channel.queue[i].cancellation.request();
  }
}

void Inbox::reset(const Delivery& from) {
  nobody_waits();
  for (const auto& [type, channel] : channels_) running_ -= channel.running.size();
  if (starting_ > 0) buried_.push_back(std::move(channels_));
  channels_.clear();
  ++resets_;
  last_ = nullptr;
  replies_.clear();
  answers_.clear();
  grants_waiting_.clear();
  grant_holder_ = TypeId::none;
  dirty_ = 0;
  bytes_held_ = 0;
  (starting_ > 0 ? next_from_ : from_) = from;
}

Inbox::Channel* Inbox::channel(TypeId type, bool replies, LaneClass lane) {
  if (last_ != nullptr && last_->type == type) return last_;
  if (channels_.size() >= types_max && !channels_.contains(type)) return nullptr;
  const auto [at, fresh] = channels_.try_emplace(type);
  Channel& channel = at->second;
  if (fresh) {
    channel.type = type;
    channel.name = replies ? "replies" : registry_.name(type);
    channel.concurrency = replies ? 1 : std::max(1u, registry_.policy({type, channel.name}).concurrency);
    channel.lane = lane;
    channel.told_messages = hawser::Channel::initial_credit_messages;
    channel.told_bytes = hawser::Channel::initial_credit_bytes;
  }
  last_ = &channel;
  return last_;
}

// ---- arrival

bool Inbox::take(const Record& record, const Arrival& arrival, std::string& problem) {
  now_ = std::max(now_, arrival.now);
  if (record.kind == RecordKind::cancel) {
    cancel(record.request_id);
    return true;
  }
  const bool reply = record.kind == RecordKind::reply;
  Channel* const found = channel(reply ? TypeId::none : record.type, reply, arrival.lane);
  if (found == nullptr) {
    problem = "messages of more types than a node may use";
    return false;
  }
  Channel& to = *found;
  if (record.kind == RecordKind::want) {  // it comes on the control lane, and says nothing of the channel's own
    grant(to, record.sequence);
    return true;
  }
  to.lane = arrival.lane;
  if (record.sequence <= to.received) {
    ++to.duplicates;
    mark(to);
    return true;
  }
  if (!reply && !within_credit(to, record)) {
    problem = "a message beyond the credit of its channel";
    return false;
  }
  InboundBytes bytes{arrival.frame, record.payload};
  if (record.total_bytes != 0 && !assemble(to, record, problem, bytes)) return problem.empty();
  accept(to, record, arrival, std::move(bytes));
  return true;
}

// Each piece counts as the whole, so that no room is taken for what was not granted.
bool Inbox::within_credit(const Channel& channel, const Record& record) const noexcept {
  const std::uint64_t size = record.total_bytes != 0 ? record.total_bytes : record.payload.size();
  return record.sequence <= channel.told_messages && size <= channel.told_bytes &&
         channel.received_bytes <= channel.told_bytes - size;
}

// Puts one piece of a large message into its place. True when the message is whole.
bool Inbox::assemble(Channel& to, const Record& record, std::string& problem, InboundBytes& whole) {
  Assembly& assembly = to.assembly;
  if (record.total_bytes > limits_.message_bytes_max) {
    problem = "a message in pieces claims to be larger than the largest message";
    return false;
  }
  if (record.offset == 0) assembly = {record.sequence, 0, Buffer::make(record.total_bytes)};
  if (assembly.sequence != record.sequence || record.offset != assembly.filled || !assembly.bytes ||
      assembly.bytes->size() != record.total_bytes) {
    problem = "a piece of a message does not continue the piece before it";
    return false;
  }
  if (grant_holder_ == to.type) grant_used_ = now_;
  std::memcpy(assembly.bytes->data() + assembly.filled, record.payload.data(), record.payload.size());
  assembly.filled += static_cast<std::uint32_t>(record.payload.size());
  if (assembly.filled < record.total_bytes) return false;
  whole.owner = std::exchange(assembly.bytes, nullptr);
  whole.payload = whole.owner.bytes();
  return true;
}

void Inbox::accept(Channel& to, const Record& record, const Arrival& arrival, InboundBytes bytes) {
  to.received = record.sequence;
  to.received_bytes += bytes.payload.size();
  to.assembly = {};  // what was begun before it will not be finished
  end_grant(to);
  mark(to);

  Item item;
  const Duration left = time_left(record.expires_at, arrival.sent_at);
  const bool expired = left <= arrival.under_way;
  item.expires = expired ? arrival.now : later(arrival.now, left - arrival.under_way);
  constexpr std::uint64_t longest_wait = 86'400'000'000;  // a day, as the longest TTL
  item.arrived = arrival.now;
  item.age = arrival.under_way + Duration{static_cast<std::int64_t>(std::min(record.waited_us, longest_wait))};
  item.sequence = record.sequence;
  item.request_id = record.request_id;
  item.request = record.kind == RecordKind::request;
  if (record.kind == RecordKind::reply && expired) {
    verdict(to, record.sequence, OutcomeKind::expired, Cause::on_arrival);  // replies do not queue
    return;
  }
  if (expired) {
    item.verdict = OutcomeKind::expired;
    item.cause = Cause::on_arrival;
  } else if (record.kind == RecordKind::reply) {
    const bool failed = record.type == TypeId::none;
    InboundReply reply{record.request_id, record.type, Cause::none, std::move(bytes)};
    if (failed && !reply.bytes.payload.empty()) {
      reply.cause = static_cast<Cause>(
          std::min<std::size_t>(std::to_integer<std::size_t>(reply.bytes.payload[0]), cause_count - 1));
    }
    answers_.push_back(std::move(reply));
    verdict(to, record.sequence, OutcomeKind::delivered, Cause::none);
    return;
  } else if (handler(to) == nullptr) {
    item.verdict = OutcomeKind::unhandled;
  } else if (!PayloadReader::plausible(bytes.payload)) {
    item.verdict = OutcomeKind::refused;
    item.cause = Cause::malformed;
  } else {
    item.bytes = std::move(bytes);
    if (item.request) item.cancellation = Cancellation::make();
    to.bytes_in_flight += item.bytes.payload.size();
    bytes_held_ += item.bytes.payload.size();
  }
  to.queue.push_back(std::move(item));
}

void Inbox::detach() {
  for (auto& [type, channel] : channels_) {
    for (std::size_t i = 0; i < channel.queue.size(); ++i) {
      InboundBytes& bytes = channel.queue[i].bytes;
      if (!bytes.owner || bytes.owner->size() <= 2 * bytes.payload.size() + 256) continue;
      bytes.owner = Buffer::copy(bytes.payload);
      bytes.payload = bytes.owner.bytes();
    }
  }
}

void Inbox::cancel(std::uint64_t request_id) {
  if (request_id == 0) return;  // of plain messages, which nobody waits for
  for (auto& [type, channel] : channels_) {
    for (const Running& work : channel.running) {
      if (work.request_id == request_id) work.cancellation.request();
    }
    for (std::size_t i = 0; i < channel.queue.size(); ++i) {
      Item& item = channel.queue[i];
      if (item.request_id != request_id || item.verdict != OutcomeKind::delivered) continue;
      item.verdict = OutcomeKind::expired;
      item.cause = Cause::cancelled;
      release(channel, item.bytes.payload.size());
      item.bytes = {};
    }
  }
}

// ---- handlers

void Inbox::run(Instant now) {
  now_ = std::max(now_, now);
  const std::uint64_t resets = resets_;
  for (auto& [type, channel] : channels_) {
    if (!channel.queue.empty()) run(channel, now);
    if (resets != resets_) return;
  }
}

void Inbox::run(Channel& channel, Instant now) {
  const std::uint64_t resets = resets_;
  while (!channel.queue.empty()) {
    const Item& head = channel.queue.front();
    const bool decided = head.verdict != OutcomeKind::delivered;
    const bool expired = !decided && head.expires <= now;
    if (!decided && !expired && channel.running.size() >= channel.concurrency) return;
    if (decided) {
      const Item item = channel.queue.take_front();
      verdict(channel, item.sequence, item.verdict, item.cause);
    } else if (expired) {
      const Item item = channel.queue.take_front();
      release(channel, item.bytes.payload.size());
      verdict(channel, item.sequence, OutcomeKind::expired, Cause::in_inbox);
    } else {
      Item item = channel.queue.take_front();
      start(channel, item, now);
      if (resets == resets_) continue;
      if (starting_ == 0) buried_.clear();
      return;
    }
  }
}

Handler* Inbox::handler(Channel& channel) const {
  if (channel.handler_place == nullptr) channel.handler_place = registry_.handler_place(channel.type);
  return channel.handler_place == nullptr ? nullptr : channel.handler_place->get();
}

void Inbox::start(Channel& channel, Item& item, Instant now) {
  Handler* const handler = this->handler(channel);
  HAWSER_ASSERT(handler != nullptr, "a handler that was there stays");
  const std::size_t bytes = item.bytes.payload.size();
  from_.age = item.age + (now - item.arrived);
  from_.deadline = item.expires;
  from_.request = item.request;
  from_.cancellation = item.cancellation;
  const bool asynchronous = handler->asynchronous();
  const Running work{item.sequence, item.request_id, bytes, item.expires, std::move(item.cancellation), item.request};
  if (asynchronous) {
    channel.running.push_back(work);
    ++running_;
    InboundBytes own = std::move(item.bytes);
    if (own.owner->size() > 2 * own.payload.size() + 256) {
      own.owner = Buffer::copy(own.payload);
      own.payload = own.owner.bytes();
    }
    item.bytes = std::move(own);
  }
  static const HandlerDone nobody;
  const std::uint64_t resets = resets_;
  ++starting_;
  auto end =
      handler->start(from_, item.bytes, host_, asynchronous ? host_.handler_done(channel.type, item.sequence) : nobody);
  --starting_;
  if (resets != resets_) {  // it ended the session, and with it everything that was known of the message
    if (starting_ == 0) from_ = std::exchange(next_from_, {});
    return;
  }
  if (!end) {  // it has started, and that is the verdict
    verdict(channel, item.sequence, OutcomeKind::delivered, Cause::none);
    return;
  }
  if (asynchronous) {
    channel.running.pop_back();
    --running_;
  }
  release(channel, bytes);
  const bool unanswered = item.request && !end->failed && end->reply.type.id == TypeId::none;
  if (end->failed || unanswered) {
    verdict(channel, item.sequence, OutcomeKind::refused, end->failed ? end->cause : Cause::no_reply);
    return;
  }
  verdict(channel, item.sequence, OutcomeKind::delivered, Cause::none);
  answer(work, std::move(*end));
}

void Inbox::handler_ended(TypeId type, std::uint64_t sequence, HandlerEnd end, Instant now) {
  const auto found = channels_.find(type);
  if (found == channels_.end()) return;
  now_ = std::max(now_, now);
  Channel& channel = found->second;
  const auto work = std::find_if(channel.running.begin(), channel.running.end(),
                                 [&](const Running& running) { return running.sequence == sequence; });
  if (work == channel.running.end()) return;
  release(channel, work->bytes);
  const bool unanswered = work->request && !end.failed && end.reply.type.id == TypeId::none;
  if (unanswered) end = {true, Cause::no_reply, {}};
  answer(*work, std::move(end));
  channel.running.erase(work);
  --running_;
  mark(channel);
  run(channel, now);
}

void Inbox::answer(const Running& work, HandlerEnd end) {
  if (!work.request || work.cancellation.requested()) return;  // nobody waits for it
  EncodedMessage reply = std::move(end.reply);
  if (end.failed) {
    // A reply without a type carries nothing but the cause.
    reply.type = {};
    reply.bytes = Buffer::make(8);
    std::memset(reply.bytes->data(), 0, 8);
    reply.bytes->data()[0] = static_cast<std::byte>(end.cause);
  }
  replies_.push_back({work.request_id, std::move(reply), work.deadline});
}

void Inbox::verdict(Channel& channel, std::uint64_t sequence, OutcomeKind kind, Cause cause) {
  HAWSER_ASSERT(sequence > channel.verdicts, "verdicts are given once, in order");
  channel.verdicts = sequence;
  ++channel.counts[static_cast<std::size_t>(kind)];
  mark(channel);
  if (kind == OutcomeKind::delivered) return;
  if (!channel.exceptions.empty()) {
    Exception& last = channel.exceptions.back();
    if (last.carried_in == 0 && last.range.kind == kind && last.range.cause == cause &&
        last.range.first + last.range.count == sequence) {
      ++last.range.count;
      return;
    }
  }
  channel.exceptions.push_back({{sequence, 1, kind, cause}, 0});
}

void Inbox::release(Channel& channel, std::size_t bytes) {
  HAWSER_ASSERT(bytes <= channel.bytes_in_flight, "an inbox releases what it held");
  channel.bytes_in_flight -= bytes;
  bytes_held_ -= bytes;
  grant_waiting();
}

// ---- credit and acknowledgement

std::uint64_t Inbox::credit_messages(const Channel& channel) const {
  const std::size_t in_flight = channel.queue.size() + channel.running.size();
  if (channel.exceptions.size() >= exceptions_max || in_flight >= limits_.messages) return channel.received;
  return channel.received + limits_.messages - in_flight;
}

std::uint64_t Inbox::credit_bytes(const Channel& channel) const {
  const std::size_t free = channel.bytes_in_flight < limits_.bytes ? limits_.bytes - channel.bytes_in_flight : 0;
  return channel.received_bytes + free + channel.granted_extra;
}

// A message larger than the channel's share is granted its whole size, one at a time per peer, first come first served.
void Inbox::grant(Channel& channel, std::uint64_t wanted_bytes) {
  if (wanted_bytes <= credit_bytes(channel)) {
    mark(channel);
    return;
  }
  // What it was granted for may have expired before it left: a holder that is silent makes way.
  if (grant_holder_ != TypeId::none && grant_holder_ != channel.type && later(grant_used_, grant_patience) <= now_) {
    end_grant(channels_.at(grant_holder_));
    if (wanted_bytes <= credit_bytes(channel)) return;
  }
  const std::uint64_t extra = wanted_bytes - credit_bytes(channel);
  if (channel.granted_extra + extra > limits_.message_bytes_max) return;
  const bool taken = grant_holder_ != TypeId::none && grant_holder_ != channel.type;
  if (taken || channel.bytes_in_flight > 0) {
    const auto waits = std::find_if(grants_waiting_.begin(), grants_waiting_.end(),
                                    [&](const auto& entry) { return entry.first == channel.type; });
    if (waits == grants_waiting_.end()) {
      grants_waiting_.emplace_back(channel.type, wanted_bytes);
    } else {
      waits->second = wanted_bytes;
    }
    return;
  }
  std::erase_if(grants_waiting_, [&](const auto& entry) { return entry.first == channel.type; });
  grant_holder_ = channel.type;
  grant_used_ = now_;
  channel.granted_extra += extra;
  mark(channel);
}

// The first of those who wait whose share is empty, so that what it is granted is all that it holds.
void Inbox::grant_waiting() {
  while (grant_holder_ == TypeId::none) {
    const auto next = std::find_if(grants_waiting_.begin(), grants_waiting_.end(), [&](const auto& entry) {
      const Channel& waits = channels_.at(entry.first);
      return waits.bytes_in_flight == 0 || entry.second <= credit_bytes(waits);
    });
    if (next == grants_waiting_.end()) return;
    const auto [type, wanted] = *next;
    grants_waiting_.erase(next);
    grant(channels_.at(type), wanted);
  }
}

void Inbox::end_grant(Channel& channel) {
  channel.granted_extra = 0;
  if (grant_holder_ != channel.type) return;
  grant_holder_ = TypeId::none;
  grant_waiting();
}

// From here on the peer may know of it.
ChannelResume Inbox::tell_credit(Channel& channel) {
  const ChannelResume state{channel.type, channel.received, channel.received_bytes, credit_messages(channel),
                            credit_bytes(channel)};
  channel.told_messages = std::max(channel.told_messages, state.credit_messages);
  channel.told_bytes = std::max(channel.told_bytes, state.credit_bytes);
  return state;
}

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
    batch.add(Ack{type, channel.verdicts, state.credit_messages, state.credit_bytes, {}});
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
    const Ack ack{type, channel.verdicts, state.credit_messages, state.credit_bytes, scratch_};
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
    if (channel.lane == lane) channel.assembly = {};
  }
}

// ---- what it looks like

std::size_t Inbox::queued() const noexcept {
  std::size_t count = 0;
  for (const auto& [type, channel] : channels_) count += channel.queue.size();
  return count;
}

Instant Inbox::next_expiry() const noexcept {
  // Only queues whose handlers are all busy wait; their heads decide, since verdicts are given in order.
  Instant earliest = never;
  for (const auto& [type, channel] : channels_) {
    if (!channel.queue.empty()) earliest = std::min(earliest, channel.queue.front().expires);
  }
  return earliest;
}

std::vector<InboundSnapshot> Inbox::snapshot() const {
  std::vector<InboundSnapshot> result;
  for (const auto& [type, channel] : channels_) {
    result.push_back({type, channel.name, channel.received, channel.duplicates, channel.queue.size(), channel.counts});
  }
  return result;
}

}  // namespace hawser
