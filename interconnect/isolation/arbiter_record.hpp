// What the arbiter remembers for the cluster: the view it granted, the one before, and the one it is asked for.
//
// Bytes of another cluster, version or configuration are refused with a sentence; nobody serves on them.
#pragma once

#include <hawser/interconnect/isolation/view.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hawser {

struct ArbiterRecord {
  View grant;                   // none when its epoch is zero
  std::optional<Epoch> before;  // the grant before it, if there was one
  View pledge;                  // asked for, and not granted yet: its dropped members have not given up their keys
  std::uint32_t repeated = 0;   // grows while somebody still asks for it

  friend bool operator==(const ArbiterRecord&, const ArbiterRecord&) = default;
};

std::vector<std::byte> encode(const ArbiterRecord& record, std::uint64_t cluster);
// Nothing, with the sentence why, when the bytes cannot be trusted.
std::optional<ArbiterRecord> decode_record(std::span<const std::byte> bytes, std::uint64_t cluster, std::size_t places,
                                           std::string& problem);

}  // namespace hawser
