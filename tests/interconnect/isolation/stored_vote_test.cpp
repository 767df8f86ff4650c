#include <hawser/interconnect/isolation/stored_vote.hpp>

#include <catch2/catch.hpp>

using namespace hawser;

namespace {

StoredVote a_vote() {
  StoredVote vote;
  vote.grant = {{7, 1, Incarnation{3}}, {{0, Incarnation{2}}, {1, Incarnation{3}}, {4, Incarnation{9}}}};
  vote.before = Epoch{5, 0, Incarnation{1}};
  vote.max_seen = {8, 2, Incarnation{4}};
  vote.promise = Duration{1'657'896};
  return vote;
}

std::optional<StoredVote> read(std::span<const std::byte> bytes, std::uint64_t cluster, std::size_t places) {
  std::string problem;
  const auto vote = decode_vote(bytes, cluster, places, problem);
  CHECK(vote.has_value() == problem.empty());
  return vote;
}

}  // namespace

TEST_CASE("a stored vote is read back as it was") {
  const StoredVote vote = a_vote();
  CHECK(read(encode(vote, 42), 42, 5) == vote);
  StoredVote empty;
  CHECK(read(encode(empty, 42), 42, 5) == empty);
}

TEST_CASE("a vote that is torn, foreign or of another cluster is no memory") {
  const auto bytes = encode(a_vote(), 42);
  CHECK_FALSE(read(bytes, 42, 3));  // it names a fifth member
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(read(std::span{bytes}.first(size), 42, 5));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto torn = bytes;
    torn[at] ^= std::byte{0x10};
    CHECK_FALSE(read(torn, 42, 5));
  }
  StoredVote absurd = a_vote();
  absurd.max_seen = {1, 0, Incarnation{1}};
  CHECK_FALSE(read(encode(absurd, 42), 42, 5));
}

TEST_CASE("a vote given with other members tells how far epochs and promises went, and nothing else") {
  std::string problem;
  for (const std::size_t places : {std::size_t{2}, std::size_t{5}, std::size_t{9}}) {
    const auto vote = decode_vote(encode(a_vote(), 42), 43, places, problem);
    REQUIRE(vote);
    CHECK(vote->elsewhere);
    CHECK_FALSE(vote->grant.any());
    CHECK(vote->max_seen == Epoch{8, 0, Incarnation{1}});
    CHECK(vote->promise == a_vote().promise);
    CHECK(problem == "the stored vote was given with other members or another strategy");
  }
}
