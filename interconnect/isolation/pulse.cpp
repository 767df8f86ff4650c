#include <hawser/interconnect/isolation/pulse.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/interconnect/isolation/wire.hpp>

namespace hawser {
namespace {

constexpr std::uint8_t pulse_format = 1;
constexpr std::uint8_t has_proposal = 1;
constexpr std::uint8_t has_refused = 2;
constexpr std::uint8_t has_answer = 4;
constexpr std::uint8_t answer_supports = 8;
constexpr std::uint8_t answer_knows_before = 16;
constexpr std::uint8_t flags_known = 31;

std::uint8_t flags_of(const Pulse& pulse) noexcept {
  unsigned flags = 0;
  if (pulse.proposal) flags |= has_proposal;
  if (pulse.refused) flags |= has_refused;
  if (pulse.answer) {
    flags |= has_answer;
    if (pulse.answer->supports) flags |= answer_supports;
    if (pulse.answer->before) flags |= answer_knows_before;
  }
  return static_cast<std::uint8_t>(flags);
}

void check(const Pulse& pulse, WireReader& in) {
  if (pulse.rows.front().incarnation != pulse.incarnation) in.fail("the first row is not the sender's own");
  if (pulse.rows.front().grant != pulse.grant.epoch) in.fail("the sender's row and its grant differ");
  if (pulse.max_seen < pulse.grant.epoch) in.fail("the sender has seen less than it granted");
  if (pulse.proposal && !pulse.proposal->any()) in.fail("nothing is proposed");
  if (pulse.refused && !is_view(*pulse.refused)) in.fail("nothing is refused");
  if (pulse.answer && pulse.answer->sequence == 0) in.fail("it answers what asked for no answer");
  if (pulse.answer && pulse.answer->supports && !pulse.grant.any()) in.fail("support without a grant");
  if (pulse.answer && pulse.answer->before && *pulse.answer->before >= pulse.grant.epoch && pulse.grant.any()) {
    in.fail("the grant before is not below the grant");
  }
}

}  // namespace

std::vector<std::byte> encode(const Pulse& pulse, std::size_t places) {
  HAWSER_ASSERT(!pulse.rows.empty() && pulse.rows.size() <= pulse_rows_max, "a pulse has its sender's row and others");
  WireWriter out;
  out.number(pulse_format);
  out.number(flags_of(pulse));
  out.number(to_number(pulse.incarnation));
  out.number(pulse.sequence);
  out.view(pulse.grant);
  out.epoch(pulse.max_seen);
  out.epoch(pulse.below);
  out.number(static_cast<std::uint8_t>(pulse.rows.size()));
  for (const MemberRow& row : pulse.rows) out.row(row, places);
  if (pulse.proposal) out.view(*pulse.proposal);
  if (pulse.refused) out.epoch(*pulse.refused);
  if (pulse.answer) {
    out.number(pulse.answer->sequence);
    out.number(to_number(pulse.answer->incarnation));
    if (pulse.answer->before) out.epoch(*pulse.answer->before);
  }
  return out.take();
}

bool decode(std::span<const std::byte> bytes, std::size_t places, Pulse& pulse, std::string& problem) {
  pulse = Pulse{};
  if (bytes.size() > pulse_bytes_max) {
    problem = "a pulse of " + std::to_string(bytes.size()) + " bytes";
    return false;
  }
  WireReader in{bytes, places};
  if (in.number<std::uint8_t>() != pulse_format) in.fail("it is of another version");
  const auto flags = in.number<std::uint8_t>();
  if (flags > flags_known || ((flags & (answer_supports | answer_knows_before)) != 0 && (flags & has_answer) == 0)) {
    in.fail("its flags contradict each other");
  }
  pulse.incarnation = in.incarnation();
  pulse.sequence = in.number<std::uint64_t>();
  pulse.grant = in.view();
  pulse.max_seen = in.epoch();
  pulse.below = in.bound();
  const auto rows = in.number<std::uint8_t>();
  if (rows == 0 || rows > pulse_rows_max) in.fail("it has no row of its sender, or too many rows");
  for (std::size_t i = 0; i < rows && !in.failed(); ++i) pulse.rows.push_back(in.row());
  if ((flags & has_proposal) != 0) pulse.proposal = in.view();
  if ((flags & has_refused) != 0) pulse.refused = in.epoch();
  if ((flags & has_answer) != 0) {
    PulseAnswer& answer = pulse.answer.emplace();
    answer.sequence = in.number<std::uint64_t>();
    answer.incarnation = in.incarnation();
    answer.supports = (flags & answer_supports) != 0;
    if ((flags & answer_knows_before) != 0) answer.before = in.epoch();
  }
  if (!in.failed()) check(pulse, in);
  if (in.finish(problem)) return true;
  problem = "a pulse makes no sense: " + problem;
  return false;
}

}  // namespace hawser
