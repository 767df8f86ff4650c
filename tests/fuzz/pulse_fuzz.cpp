// Any bytes are no pulse and no stored vote, and it is said why; or what was read is written back as the same value.
#include <hawser/interconnect/isolation/pulse.hpp>
#include <hawser/interconnect/isolation/stored_vote.hpp>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hawser;
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
  constexpr std::uint64_t cluster = 7;
  std::string reason;
  if (const auto vote = decode_vote(input, cluster, places, reason)) {
    demand(decode_vote(encode(*vote, cluster), cluster, places, reason) == vote);
  } else {
    demand(!reason.empty());
  }
  return 0;
}
