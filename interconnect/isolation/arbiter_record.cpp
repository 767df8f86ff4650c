#include <hawser/interconnect/isolation/arbiter_record.hpp>

#include <hawser/interconnect/isolation/wire.hpp>

namespace hawser {
namespace {

constexpr std::uint32_t record_magic = 0x62726168;  // "harb"
constexpr std::uint8_t record_format = 1;

}  // namespace

std::vector<std::byte> encode(const ArbiterRecord& record, std::uint64_t cluster) {
  WireWriter out;
  out.number(record_magic);
  out.number(record_format);
  out.number(cluster);
  out.view(record.grant);
  out.flag(record.before.has_value());
  if (record.before) out.epoch(*record.before);
  out.view(record.pledge);
  out.number(record.repeated);
  return out.take();
}

std::optional<ArbiterRecord> decode_record(std::span<const std::byte> bytes, std::uint64_t cluster, std::size_t places,
                                           std::string& problem) {
  WireReader in{bytes, places};
  if (in.number<std::uint32_t>() != record_magic || in.number<std::uint8_t>() != record_format) {
    problem = "the arbiter's record is of another program or version";
    return std::nullopt;
  }
  if (in.number<std::uint64_t>() != cluster) {
    problem = "the arbiter's record is of a cluster with other members or another strategy";
    return std::nullopt;
  }
  ArbiterRecord record;
  record.grant = in.view();
  if (in.flag()) record.before = in.epoch();
  record.pledge = in.view();
  record.repeated = in.number<std::uint32_t>();
  if (record.pledge.any() && record.pledge.epoch <= record.grant.epoch) in.fail("it is asked for less than it granted");
  if (!in.finish(problem)) {
    problem = "the arbiter's record makes no sense: " + problem;
    return std::nullopt;
  }
  return record;
}

}  // namespace hawser
