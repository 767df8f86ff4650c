// A NodeSnapshot as JSON: what /api/v1 serves, what `hawser node --snapshots` prints, what scripts read.
//
// Field names are snake_case. Durations and instants are whole microseconds and end in `_us`; an instant is on that
// node's own steady clock and means something only beside `taken_at_us`. What is not due is null. Ids of types are text
// ("0x...") and so are incarnations and epochs, since JavaScript rounds large numbers. `outcomes` and `causes` list
// what occurred: a word that is missing counts zero. Phi is always finite. Text that is no UTF-8 is repaired, never
// thrown.
#pragma once

#include <hawser/interconnect/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace hawser {

// Of what the endpoints below /api serve: it grows when a field changes its meaning or goes. New fields come without.
inline constexpr int api_version = 1;

enum class JsonStyle : unsigned char { line, pretty };

std::string to_json(const NodeSnapshot& snapshot, JsonStyle style = JsonStyle::line);
std::string to_json(const Event& event, JsonStyle style = JsonStyle::line);

// One object each, with `api`, `node`, `cluster`, `incarnation` and `taken_at_us` on top; the rows are those of the
// snapshot. Status: the node without its rows, `ready`, and how many other nodes have which state.
std::string status_json(const NodeSnapshot& snapshot);
std::string peers_json(const NodeSnapshot& snapshot, const std::optional<NodeId>& only = {});
// `channels` and `inbound`, each row with its `peer`.
std::string channels_json(const NodeSnapshot& snapshot, const std::optional<NodeId>& only = {});
// Those numbered above `since`.
std::string events_json(const NodeSnapshot& snapshot, std::uint64_t since = 0);

// What a live stream says once a second, on one line: `status` as above, the rows of the peers, and of the channels the
// `channels_max` with most to worry about: `channels`, `channels_total`.
std::string stream_json(const NodeSnapshot& snapshot, std::size_t channels_max);
// What stands on top of each of them: an object without its closing brace.
std::string json_head(const NodeSnapshot& snapshot);

// Whether the node may act for the cluster at the instant of the snapshot.
bool serving(const NodeSnapshot& snapshot) noexcept;

}  // namespace hawser
