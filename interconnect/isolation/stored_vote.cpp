#include <hawser/interconnect/isolation/stored_vote.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/interconnect/isolation/wire.hpp>

#include <xxhash.h>

namespace hawser {
namespace {

constexpr std::uint32_t magic = 0x56535748;  // the bytes "HWSV"
constexpr std::uint8_t format = 1;
constexpr std::size_t checksum_bytes = 8;
constexpr std::size_t header_bytes = sizeof magic + sizeof format + sizeof(std::uint64_t);

std::uint64_t checksum(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

// REQUIRES: `in` stands behind the digest of the cluster.
std::optional<StoredVote> vote_of_elsewhere(WireReader& in, std::string& problem) {
  StoredVote vote;
  vote.elsewhere = true;
  vote.promise = Duration{in.number<std::int64_t>()};
  // Any epoch of that counter will do: the next one has a higher.
  const std::uint64_t counter = in.epoch().counter;
  if (counter != 0) vote.max_seen = {counter, 0, Incarnation{1}};
  problem = "the stored vote was given with other members or another strategy";
  if (in.failed() || vote.promise < Duration::zero()) return std::nullopt;
  return vote;
}

}  // namespace

std::vector<std::byte> encode(const StoredVote& vote, std::uint64_t cluster) {
  WireWriter out;
  out.number(magic);
  out.number(format);
  out.number(cluster);
  out.number(to_us(vote.promise));
  out.epoch(vote.max_seen);
  out.flag(vote.before.has_value());
  if (vote.before) out.epoch(*vote.before);
  out.view(vote.grant);
  out.number(checksum(out.bytes()));
  return out.take();
}

std::optional<StoredVote> decode_vote(std::span<const std::byte> bytes, std::uint64_t cluster, std::size_t places,
                                      std::string& problem) {
  if (bytes.size() < checksum_bytes) {
    problem = "the stored vote is torn: " + std::to_string(bytes.size()) + " bytes";
    return std::nullopt;
  }
  const auto content = bytes.first(bytes.size() - checksum_bytes);
  WireReader tail{bytes.last(checksum_bytes), places};
  if (tail.number<std::uint64_t>() != checksum(content)) {
    problem = "the stored vote is torn: its checksum is wrong";
    return std::nullopt;
  }
  WireReader in{content, places};
  if (in.number<std::uint32_t>() != magic || in.number<std::uint8_t>() != format) {
    problem = "the stored vote is of another program or version";
    return std::nullopt;
  }
  if (in.number<std::uint64_t>() != cluster) {
    // Its proposer had a place among others than ours.
    WireReader other{content.subspan(header_bytes), places_max};
    return vote_of_elsewhere(other, problem);
  }
  StoredVote vote;
  vote.promise = Duration{in.number<std::int64_t>()};
  vote.max_seen = in.epoch();
  if (in.flag()) vote.before = in.epoch();
  vote.grant = in.view();
  if (vote.promise < Duration::zero()) in.fail("a promise is negative");
  if (vote.max_seen < vote.grant.epoch) in.fail("it has seen less than it granted");
  if (!in.finish(problem)) {
    problem = "the stored vote makes no sense: " + problem;
    return std::nullopt;
  }
  return vote;
}

}  // namespace hawser
