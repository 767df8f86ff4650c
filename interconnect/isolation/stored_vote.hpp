// What a voter must remember over a restart: a few hundred bytes, durable before anything it granted is told.
//
// Bytes that are torn, foreign, or of another configuration are no memory; the voter then waits and asks as one that
// has none, and says why. Never restore such a file from a backup: delete it, that is safe.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/isolation/view.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hawser {

// The name of the record in StableStorage.
inline constexpr const char* stored_vote_name = "vote";

struct StoredVote {
  View grant;                   // none when its epoch is zero
  std::optional<Epoch> before;  // the grant before it, if known
  Epoch max_seen;
  Duration promise{0};  // the longest that may still be running: a shorter lease must wait for the old one
  // Given with other members or another strategy: it is no memory here, and only max_seen's counter and promise count.
  bool elsewhere = false;

  friend bool operator==(const StoredVote&, const StoredVote&) = default;
};

// `cluster`: a digest of Coterie::canonical(). A vote given in another coterie says nothing in this one but how far its
// epochs and promises went, so that those of this one begin above and after them.
std::vector<std::byte> encode(const StoredVote& vote, std::uint64_t cluster);
// Nothing, with the sentence why, when the bytes cannot be trusted; with a sentence too when they are of elsewhere.
std::optional<StoredVote> decode_vote(std::span<const std::byte> bytes, std::uint64_t cluster, std::size_t places,
                                      std::string& problem);

}  // namespace hawser
