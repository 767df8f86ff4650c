// Any bytes are no pulse and no stored vote, and it is said why; or what was read is written back as the same value.
#include <hawser/interconnect/isolation/pulse.hpp>
#include <hawser/interconnect/isolation/stored_vote.hpp>
#include <hawser/interconnect/isolation/wire.hpp>

#include <xxhash.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace hawser;

void demand(bool holds) {
  if (!holds) std::abort();
}

constexpr std::uint64_t cluster = 7;

void read_vote(std::span<const std::byte> bytes, std::size_t places) {
  std::string reason;
  if (const auto vote = decode_vote(bytes, cluster, places, reason)) {
    demand(decode_vote(encode(*vote, cluster), cluster, places, reason) == vote);
  } else {
    demand(!reason.empty());
  }
}

// The bytes as the content of a vote, behind its beginning and with its checksum made right.
std::vector<std::byte> vote_with(std::span<const std::byte> content) {
  constexpr std::size_t beginning = 13;  // magic, format and cluster
  std::vector<std::byte> vote = encode(StoredVote{}, cluster);
  vote.resize(beginning);
  vote.insert(vote.end(), content.begin(), content.end());
  WireWriter tail;
  tail.number(std::uint64_t{XXH3_64bits(vote.data(), vote.size())});
  vote.insert(vote.end(), tail.bytes().begin(), tail.bytes().end());
  return vote;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t places = data[0];
  const std::span<const std::byte> input{reinterpret_cast<const std::byte*>(data + 1), size - 1};
  std::string problem;
  Pulse pulse;
  if (decode(input, places, pulse, problem)) {
    Pulse again;
    demand(decode(encode(pulse, places), places, again, problem) && again == pulse);
  } else {
    demand(!problem.empty());
  }
  read_vote(input, places);
  read_vote(vote_with(input), places);
  return 0;
}
