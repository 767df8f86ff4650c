#include <hawser/sim/hostile_peer.hpp>

#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/frame_layout.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hawser::sim {
namespace {

constexpr std::uint16_t port = 7000;
constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
constexpr Duration dial_again{200'000};

constexpr std::array<std::string_view, hostile_act_count> act_names{"random_bytes",
                                                                    "empty_frame",
                                                                    "shorter_than_preamble",
                                                                    "wrong_magic",
                                                                    "wrong_version",
                                                                    "wrong_length",
                                                                    "wrong_checksum",
                                                                    "unknown_frame_kind",
                                                                    "unknown_record_kind",
                                                                    "unknown_type",
                                                                    "control_on_data",
                                                                    "data_on_control",
                                                                    "unknown_flags",
                                                                    "record_beyond_batch",
                                                                    "follows_nothing",
                                                                    "follows_ack",
                                                                    "follows_chunk",
                                                                    "follows_with_flags",
                                                                    "sequence_zero",
                                                                    "sequence_repeated",
                                                                    "sequence_far_ahead",
                                                                    "sequence_max",
                                                                    "batch_number_back",
                                                                    "older_incarnation",
                                                                    "newer_incarnation",
                                                                    "zero_incarnation",
                                                                    "foreign_session",
                                                                    "earlier_connection",
                                                                    "hello_zero_incarnation",
                                                                    "hello_as_other",
                                                                    "hello_as_victim",
                                                                    "hello_for_other",
                                                                    "hello_other_cluster",
                                                                    "hello_other_config",
                                                                    "hello_twice",
                                                                    "data_before_hello",
                                                                    "new_incarnations",
                                                                    "ttl_zero",
                                                                    "ttl_max",
                                                                    "million_members",
                                                                    "heartbeat_flood",
                                                                    "never_answers",
                                                                    "ack_never_sent",
                                                                    "ack_unknown_type",
                                                                    "ack_backwards",
                                                                    "grant_everything",
                                                                    "want_everything",
                                                                    "chunk_bomb",
                                                                    "chunk_out_of_order",
                                                                    "beyond_credit",
                                                                    "reply_never_asked",
                                                                    "cancel_never_asked",
                                                                    "welcome_forged",
                                                                    "goodbye_repeated",
                                                                    "payload_garbage"};

class HostilePeer final : public Process, public TransportEvents {
 public:
  HostilePeer(Host& host, HostilePlan plan) : host_(host), plan_(std::move(plan)), random_(host.make_random()) {
    content_ = Buffer::make(64);
    std::fill(content_.bytes().begin(), content_.bytes().end(), std::byte{0});
    if (plan_.payload) content_ = plan_.payload;
    if (plan_.at == Endpoint{}) plan_.at = {plan_.victim.text(), port};
    TransportConfig config;
    config.self = host.name();
    config.frame_bytes_max = frame_bytes_max;
    config.connections_max = 64;
    transport_ = host.make_transport(config, *this);
    transport_->listen({host.name(), port});
    dial(LaneClass::control);
    go_on();
  }

  void link_up(LinkId link) override {
    for (std::size_t i = 0; i < links_.size(); ++i) {
      if (links_[i] == link) greet(static_cast<LaneClass>(i));
    }
    if (link == extra_) act_on_extra();
  }
  void link_down(LinkId link, LinkFailure, std::string_view) override {
    for (std::size_t i = 0; i < links_.size(); ++i) {
      if (links_[i] != link) continue;
      links_[i] = LinkId::none;
      open_[i] = false;
      if (i == 0) {
        for (std::size_t data = 1; data < links_.size(); ++data) {
          transport_->hang_up(std::exchange(links_[data], LinkId::none));
          open_[data] = false;
        }
      }
    }
  }
  void link_writable(LinkId) override {}
  void frame_received(ConnectionId, const PeerIdentity&, BufferRef frame) override;
  void answer_received(LinkId, BufferRef) override {}
  void connection_closed(ConnectionId) override {}
  void turn_ended() override {}

 private:
  using Bytes = std::span<std::byte>;

  void go_on() {
    host_.at(later(host_.now(), plan_.interval), [this] {
      if (links_[0] == LinkId::none && host_.now() >= dial_from_) dial(LaneClass::control);
      if (open_[0] && links_[1] == LinkId::none) dial(LaneClass::ordinary);
      if (open_[0] && open_[1]) {
        act();
        ++acts_;
      }
      go_on();
    });
  }

  void dial(LaneClass lane) {
    const DialRequest request{plan_.at, plan_.victim, lane};
    links_[static_cast<std::size_t>(lane)] = transport_->dial(request);
    dial_from_ = later(host_.now(), dial_again);
  }

  Hello hello(LaneClass lane) {
    Hello said;
    said.cluster = plan_.cluster;
    said.from = host_.name();
    said.to = plan_.victim;
    said.from_incarnation = incarnation_;
    said.to_incarnation = victim_;
    said.session = session_;
    said.nonce = random_.next() | 1;
    said.lane = lane;
    said.generation_digest = plan_.digest;
    said.sent_at = clock();
    if (plan_.act == HostileAct::earlier_connection) said.batches_before = 1'000'000;
    return said;
  }
  void greet(LaneClass lane) {
    if (plan_.act == HostileAct::new_incarnations && lane == LaneClass::control && acts_ > 0) {
      incarnation_ = Incarnation{to_number(incarnation_) + 1};
      session_ = random_.next() | 1;
      numbers_ = {};
    }
    send(lane, encode(hello(lane)));
  }
  void send(LaneClass lane, BufferRef frame) {
    transport_->send(links_[static_cast<std::size_t>(lane)], std::move(frame));
  }
  std::int64_t clock() const { return to_us(host_.now()); }

  BatchHeader header() {
    BatchHeader said;
    said.from_incarnation = incarnation_;
    said.to_incarnation = victim_;
    said.sent_at = clock();
    for (std::size_t i = 0; i < lane_count; ++i) said.received[i] = received_[i];
    return said;
  }
  void begin(LaneClass lane, const BatchHeader& said) {
    writer_.begin(lane, version_, ++numbers_[static_cast<std::size_t>(lane)], said, 4096);
  }
  Record record(std::uint64_t sequence) {
    Record said;
    said.type = plan_.type;
    said.sequence = sequence;
    said.expires_at = clock() + 1'000'000;
    said.payload = content_.bytes();
    return said;
  }
  void send_record(const Record& said, LaneClass lane = LaneClass::ordinary) {
    begin(lane, header());
    writer_.add(said);
    send(lane, writer_.finish());
  }
  void send_ack(const Ack& said) {
    begin(LaneClass::control, header());
    writer_.add(said);
    send(LaneClass::control, writer_.finish());
  }
  void send_header(const BatchHeader& said, LaneClass lane = LaneClass::control) {
    begin(lane, said);
    send(lane, writer_.finish());
  }
  void send_beat(std::size_t members) {
    BatchHeader said = header();
    said.heartbeat.emplace();
    said.heartbeat->sequence = ++beats_;
    for (std::size_t i = 0; i < members; ++i) said.heartbeat->hears.push_back({plan_.other, incarnation_, {}});
    begin(LaneClass::control, said);
    BufferRef frame = writer_.finish();
    if (members != 0) claim_a_million(frame.bytes(), members);
    send(LaneClass::control, std::move(frame));
  }
  // The tag of the list says how many it holds: a million do not fit into a frame, but can be claimed.
  static void claim_a_million(Bytes frame, std::size_t members) {
    for (std::size_t at = preamble_bytes; at < frame.size(); at += 8) {
      if (layout::load<std::uint32_t>(frame.data() + at) != members << 2) continue;
      layout::store<std::uint32_t>(frame.data() + at, 1'000'000u << 2);
      break;
    }
    layout::seal(frame);
  }
  // A good batch of one good message, changed by `change`, and sealed again unless it is the seal that is to be wrong.
  template <typename F>
  void send_changed(F change, bool sealed = true) {
    begin(LaneClass::ordinary, header());
    writer_.add(record(next()));
    BufferRef frame = writer_.finish();
    change(frame.bytes());
    if (sealed) layout::seal(frame.bytes());
    send(LaneClass::ordinary, std::move(frame));
  }
  // The same of a batch in which that message follows what `before` has written, and says so with these flags. What it
  // would have said of itself becomes its payload, so that nothing else is wrong.
  template <typename F>
  void send_following(F before, std::uint8_t flags = layout::flag_follows) {
    begin(LaneClass::ordinary, header());
    before();
    writer_.add(record(next()));
    BufferRef frame = writer_.finish();
    std::byte* const at = frame->data() + frame->size() - content_.size() - record_bytes;
    const std::size_t payload_bytes = content_.size() + record_bytes - following_record_bytes;
    layout::store(at + layout::record_payload_bytes_at, static_cast<std::uint32_t>(payload_bytes));
    layout::store(at + layout::record_flags_at, flags);
    layout::store(at + layout::following_later_at, std::uint64_t{0});
    layout::seal(frame.bytes());
    send(LaneClass::ordinary, std::move(frame));
  }
  template <typename F>
  void send_hello(F change) {
    extra_hello_ = hello(LaneClass::control);
    change(extra_hello_);
    extra_ = transport_->dial({plan_.at, plan_.victim, LaneClass::control});
  }
  void act_on_extra() {
    if (plan_.act == HostileAct::data_before_hello) {
      begin(LaneClass::control, header());
      transport_->send(extra_, writer_.finish());
    } else {
      transport_->send(extra_, encode(extra_hello_));
    }
  }
  std::uint64_t next() { return ++sequence_; }
  Welcome forged_welcome() const {
    Welcome forged;
    forged.from = plan_.other;
    forged.to = plan_.victim;
    forged.from_incarnation = incarnation_;
    forged.to_incarnation = victim_;
    forged.session = session_;
    forged.peer_session = victim_session_;
    forged.nonce = 1;
    forged.version = version_;
    return forged;
  }

  void act();
  void act_on_bytes();
  void act_on_heads();
  void act_on_following();
  void act_on_records();
  void act_on_hellos();
  void act_on_control();

  Host& host_;
  HostilePlan plan_;
  Random random_;
  std::unique_ptr<Transport> transport_;
  std::array<LinkId, lane_count> links_{};
  std::array<bool, lane_count> open_{};
  std::array<std::uint64_t, lane_count> numbers_{};
  std::array<std::uint64_t, lane_count> received_{};
  LinkId extra_ = LinkId::none;
  Hello extra_hello_;
  BatchWriter writer_;
  BufferRef content_;
  Incarnation incarnation_{1'000};
  Incarnation victim_ = Incarnation::unknown;
  std::uint64_t victim_session_ = 0;
  std::uint64_t session_ = 77;
  std::uint64_t sequence_ = 0;
  std::uint64_t beats_ = 0;
  std::uint64_t acts_ = 0;
  std::uint8_t version_ = wire_version_max;
  Instant dial_from_{};
};

void HostilePeer::frame_received(ConnectionId, const PeerIdentity&, BufferRef frame) {
  std::string problem;
  const auto info = inspect_frame(frame.bytes(), problem);
  if (!info) return;
  Hello hello;
  Welcome welcome;
  BatchReader reader;
  if (info->kind == FrameKind::hello && decode(frame.bytes(), hello, problem)) {
    victim_ = hello.from_incarnation;
    victim_session_ = hello.session;
    if (hello.lane == LaneClass::control) received_ = {};
    Welcome said;
    said.from = host_.name();
    said.to = plan_.victim;
    said.from_incarnation = incarnation_;
    said.to_incarnation = victim_;
    said.session = session_;
    said.peer_session = hello.session;
    said.nonce = hello.nonce;
    said.lane = hello.lane;
    said.version = version_;
    said.sent_at = clock();
    said.hello_sent_at = hello.sent_at;
    send(LaneClass::control, encode(said));
  } else if (info->kind == FrameKind::welcome && decode(frame.bytes(), welcome, problem)) {
    open_[static_cast<std::size_t>(welcome.lane)] = true;
    for (const ChannelResume& known : welcome.resume) sequence_ = std::max(sequence_, known.received);
  } else if (info->kind == FrameKind::batch && reader.open(frame.bytes(), problem)) {
    received_[static_cast<std::size_t>(info->lane)] = info->number;
    const auto& beat = reader.header().heartbeat;
    if (!beat || beat->sequence == 0 || plan_.act == HostileAct::never_answers) return;
    BatchHeader said = header();
    said.heartbeat.emplace();
    said.heartbeat->reply_to = beat->sequence;
    send_header(said);
  }
}

void HostilePeer::act() {
  act_on_bytes();
  act_on_heads();
  act_on_following();
  act_on_records();
  act_on_hellos();
  act_on_control();
}

void HostilePeer::act_on_bytes() {
  using namespace layout;
  switch (plan_.act) {
    case HostileAct::random_bytes: {
      BufferRef noise = Buffer::make(8 + random_.below(2'000));
      for (std::byte& each : noise.bytes()) each = static_cast<std::byte>(random_.below(256));
      return send(LaneClass::ordinary, std::move(noise));
    }
    case HostileAct::empty_frame:
      return send(LaneClass::ordinary, Buffer::make(0));
    case HostileAct::shorter_than_preamble:
      return send(LaneClass::ordinary, Buffer::make(preamble_bytes - 8));
    case HostileAct::wrong_magic:
      return send_changed([](Bytes at) { at[magic_at] ^= std::byte{1}; });
    case HostileAct::wrong_version:
      return send_changed([](Bytes at) { at[version_at] = std::byte{200}; });
    case HostileAct::wrong_length:
      return send_changed([](Bytes at) { store<std::uint32_t>(at.data() + frame_bytes_at, 0xffff'fff8); }, false);
    case HostileAct::wrong_checksum:
      return send_changed([](Bytes at) { at[at.size() - 1] ^= std::byte{128}; }, false);
    case HostileAct::unknown_frame_kind:
      return send_changed([](Bytes at) { at[kind_at] = std::byte{77}; });
    default:
      return;
  }
}

void HostilePeer::act_on_heads() {
  // The head of the one record stands its own and its payload's length before the end.
  const auto head = [this](Bytes at) { return at.data() + at.size() - content_.size() - record_bytes; };
  switch (plan_.act) {
    case HostileAct::unknown_record_kind:
      return send_changed([&](Bytes at) { head(at)[layout::record_kind_at] = std::byte{99}; });
    case HostileAct::unknown_flags:
      return send_changed([&](Bytes at) { head(at)[layout::record_flags_at] = std::byte{0xf0}; });
    case HostileAct::record_beyond_batch:
      return send_changed([&](Bytes at) { layout::store<std::uint32_t>(head(at), 0xffff'fff0); });
    case HostileAct::sequence_zero:
      return send_changed([&](Bytes at) { layout::store<std::uint64_t>(head(at) + layout::record_sequence_at, 0); });
    default:
      return;
  }
}

void HostilePeer::act_on_following() {
  Record said = record(1);
  switch (plan_.act) {
    case HostileAct::follows_nothing:
      return send_following([] {});
    case HostileAct::follows_ack:
      return send_following([this] { writer_.add(Ack{plan_.type, 0, 0, 0, {}}); });
    case HostileAct::follows_chunk:
      said.sequence = next();
      said.total_bytes = 4'096;
      return send_following([&] { writer_.add(said); });
    case HostileAct::follows_with_flags:
      said.sequence = next();
      return send_following([&] { writer_.add(said); }, layout::flag_follows | layout::flag_waited);
    default:
      return;
  }
}

void HostilePeer::act_on_records() {
  Record said = record(0);
  switch (plan_.act) {
    case HostileAct::unknown_type:
      said.type = TypeId{0x1234};
      said.sequence = acts_ + 1;
      return send_record(said);
    case HostileAct::control_on_data:
      said.kind = RecordKind::cancel;
      said.payload = {};
      said.request_id = 5;
      return send_record(said);
    case HostileAct::data_on_control:
      said.sequence = next();
      return send_record(said, LaneClass::control);
    case HostileAct::sequence_repeated:
      said.sequence = std::max<std::uint64_t>(sequence_, 1);
      return send_record(said);
    case HostileAct::sequence_far_ahead:
      said.sequence = sequence_ + (std::uint64_t{1} << 40);
      return send_record(said);
    case HostileAct::sequence_max:
      said.sequence = most;
      return send_record(said);
    case HostileAct::ttl_zero:
      said.sequence = next();
      said.expires_at = std::numeric_limits<std::int64_t>::min();
      return send_record(said);
    case HostileAct::ttl_max:
      said.sequence = next();
      said.expires_at = std::numeric_limits<std::int64_t>::max();
      return send_record(said);
    case HostileAct::chunk_bomb:
      said.sequence = next();
      said.total_bytes = 0xffff'ffff;
      return send_record(said);
    case HostileAct::chunk_out_of_order:
      said.sequence = next();
      said.total_bytes = 4'096;
      said.offset = 1'024;
      return send_record(said);
    case HostileAct::beyond_credit:
      begin(LaneClass::ordinary, header());
      for (int i = 0; i < 10'000; ++i) {
        said.sequence = next();
        writer_.add(said);
      }
      return send(LaneClass::ordinary, writer_.finish());
    case HostileAct::reply_never_asked:
      said.kind = RecordKind::reply;
      said.request_id = 99;
      said.sequence = acts_ + 1;
      return send_record(said);
    case HostileAct::payload_garbage:
      content_ = Buffer::make(64);
      for (std::byte& each : content_.bytes()) each = static_cast<std::byte>(random_.below(256));
      said.sequence = next();
      return send_record(said);
    default:
      return;
  }
}

void HostilePeer::act_on_hellos() {
  switch (plan_.act) {
    case HostileAct::hello_zero_incarnation:
      return send_hello([](Hello& said) { said.from_incarnation = Incarnation::unknown; });
    case HostileAct::hello_as_other:
      return send_hello([this](Hello& said) { said.from = plan_.other; });
    case HostileAct::hello_as_victim:
      return send_hello([this](Hello& said) { said.from = plan_.victim; });
    case HostileAct::hello_for_other:
      return send_hello([this](Hello& said) { said.to = plan_.other; });
    case HostileAct::hello_other_cluster:
      return send_hello([](Hello& said) { said.cluster = "another"; });
    case HostileAct::hello_other_config:
      return send_hello([](Hello& said) { ++said.generation_digest; });
    case HostileAct::hello_twice:
      return send(LaneClass::control, encode(hello(LaneClass::control)));
    case HostileAct::data_before_hello:
      return send_hello([](Hello&) {});
    case HostileAct::new_incarnations:
      transport_->hang_up(std::exchange(links_[0], LinkId::none));
      transport_->hang_up(std::exchange(links_[1], LinkId::none));
      open_ = {};
      return dial(LaneClass::control);
    default:
      return;
  }
}

void HostilePeer::act_on_control() {
  BatchHeader said = header();
  Record note = record(0);
  switch (plan_.act) {
    case HostileAct::batch_number_back:
      numbers_[0] = 0;
      return send_header(said);
    case HostileAct::older_incarnation:
      said.from_incarnation = Incarnation{to_number(incarnation_) - 1};
      return send_header(said);
    case HostileAct::newer_incarnation:
      said.from_incarnation = Incarnation{most};
      return send_header(said);
    case HostileAct::earlier_connection:
      return send_header(said);
    case HostileAct::zero_incarnation:
      said.from_incarnation = Incarnation::unknown;
      return send_header(said);
    case HostileAct::foreign_session:
      (acts_ % 2 == 0 ? said.session : said.peer_session) = session_ + 2;
      return send_header(said);
    case HostileAct::million_members:
      return send_beat(hears_entries_max);
    case HostileAct::heartbeat_flood:
      for (int i = 0; i < 1'000; ++i) send_beat(0);
      return;
    case HostileAct::never_answers:
      return send_beat(0);
    case HostileAct::ack_never_sent:
      return send_ack({plan_.type, most, most, most, {}});
    case HostileAct::ack_unknown_type:
      return send_ack({TypeId{0x77}, 5, 5, 5, {}});
    case HostileAct::ack_backwards:
      send_ack({plan_.type, 0, 100, 100'000, {}});
      return send_ack({plan_.type, 0, 1, 1, {}});
    case HostileAct::grant_everything:
      return send_ack({plan_.type, 0, most, most, {}});
    case HostileAct::want_everything:
      note.kind = RecordKind::want;
      note.payload = {};
      note.sequence = most;
      return send_record(note, LaneClass::control);
    case HostileAct::cancel_never_asked:
      note.kind = RecordKind::cancel;
      note.payload = {};
      note.request_id = random_.next();
      return send_record(note, LaneClass::control);
    case HostileAct::welcome_forged:
      return send(LaneClass::control, encode(forged_welcome()));
    case HostileAct::goodbye_repeated: {
      const Goodbye goodbye{host_.name(), incarnation_, version_, false, {}};
      return send(LaneClass::control, encode(goodbye));
    }
    default:
      return;
  }
}

}  // namespace

std::string_view to_string(HostileAct act) noexcept { return act_names[static_cast<std::size_t>(act)]; }

ProcessFactory hostile_peer(const HostilePlan& plan) {
  return [plan](Host& host) { return std::make_unique<HostilePeer>(host, plan); };
}

}  // namespace hawser::sim
