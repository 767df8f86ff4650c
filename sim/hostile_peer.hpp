// HostilePeer: a configured peer that shakes hands like a node and then speaks our frames wrongly, again and again.
//
//   world.host("n2", hostile_peer({.victim = "n1", .digest = config.generation_digest(), .act =
//   HostileAct::wrong_magic}));
//
// It answers heartbeats, so that it stays a peer as long as its victim lets it; when its connection is ended it dials
// again. What each act must lead to is in tests/sim/hostile_peer_test.cpp. Frames of several parts cannot be said on
// the simulated network: tests/interconnect/zmq does.
#pragma once

#include <hawser/base/buffer.hpp>
#include <hawser/base/ids.hpp>
#include <hawser/base/time.hpp>
#include <hawser/sim/host.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hawser::sim {

enum class HostileAct : std::uint8_t {
  random_bytes,
  empty_frame,
  shorter_than_preamble,
  wrong_magic,
  wrong_version,
  wrong_length,
  wrong_checksum,
  unknown_frame_kind,
  unknown_record_kind,
  unknown_type,     // a well-formed message that nobody handles
  control_on_data,  // a cancellation on a data lane
  data_on_control,  // a message on the control lane
  unknown_flags,
  record_beyond_batch,  // its length reaches over the end
  follows_nothing,      // a message that leaves unsaid what the one before it has said, and is the first of its batch
  follows_ack,
  follows_chunk,
  follows_with_flags,
  sequence_zero,
  sequence_repeated,
  sequence_far_ahead,
  sequence_max,
  batch_number_back,
  older_incarnation,  // in a batch
  newer_incarnation,
  zero_incarnation,
  foreign_session,
  earlier_connection,  // a batch with a number that belongs there
  hello_zero_incarnation,
  hello_as_other,  // the hello names a peer that the connection does not belong to
  hello_as_victim,
  hello_for_other,
  hello_other_cluster,
  hello_other_config,
  hello_twice,
  data_before_hello,
  new_incarnations,  // a new incarnation with each hello
  ttl_zero,
  ttl_max,
  million_members,  // in a heartbeat
  heartbeat_flood,  // 1000 at a time
  never_answers,    // heartbeats that only ask
  ack_never_sent,
  ack_unknown_type,
  ack_backwards,
  grant_everything,  // credit of 2^64 - 1
  want_everything,
  chunk_bomb,  // the first piece of 4 GiB
  chunk_out_of_order,
  beyond_credit,  // more messages than were granted
  reply_never_asked,
  cancel_never_asked,
  welcome_forged,
  goodbye_repeated,
  payload_garbage,  // a message that is no Cap'n Proto
};
inline constexpr std::size_t hostile_act_count = 55;
std::string_view to_string(HostileAct act) noexcept;

struct HostilePlan {
  NodeId victim;
  Endpoint at{};             // of the victim; by default port 7000 of its name
  std::uint64_t digest = 0;  // Config::generation_digest of the cluster
  std::string cluster = "hawser";
  NodeId other{"n3"};  // some other configured peer
  HostileAct act = HostileAct::random_bytes;
  TypeId type = TypeId::none;   // a type that the victim handles
  BufferRef payload = nullptr;  // of that type, encoded; by default 64 zero bytes, which no message begins with
  Duration interval{100'000};   // between two acts
};

// A process for World::host.
ProcessFactory hostile_peer(const HostilePlan& plan);

}  // namespace hawser::sim
