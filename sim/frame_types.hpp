// What a frame carries: for faults that take some and leave the others, and for what nodes can learn from it.
#pragma once

#include <hawser/base/ids.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace hawser::sim {

// Whether the frame is a batch with a message, request or reply of one of these types. What is no batch of ours, or
// breaks off, holds what was found up to there.
bool holds_type(std::span<const std::byte> frame, const std::vector<TypeId>& types);

// Whether the frame is a batch that answers a heartbeat.
bool answers_heartbeat(std::span<const std::byte> frame);

}  // namespace hawser::sim
