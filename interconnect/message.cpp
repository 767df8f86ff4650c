#include <hawser/interconnect/message.hpp>

#include <hawser/base/assert.hpp>

#include <algorithm>
#include <cstring>

namespace hawser {
namespace {

constexpr std::size_t word_bytes = sizeof(capnp::word);
constexpr unsigned first_segment_words = 60;  // with the buffer's header half a kilobyte
constexpr unsigned segment_words_max = 1u << 24;

capnp::ReaderOptions reader_options() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 8u << 20;  // 64 MiB, over the life of one reader
  options.nestingLimit = PayloadReader::nesting_max;
  return options;
}

std::uint32_t read_u32(const std::byte* at) noexcept {
  std::uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

MessageScratch::~MessageScratch() noexcept(false) = default;

kj::ArrayPtr<capnp::word> MessageScratch::allocateSegment(unsigned int words_min) {
  std::size_t words = std::max(words_min, first_segment_words);
  if (first_) {
    // Double what there is, as every growing container does.
    std::size_t held = first_->size() / word_bytes;
    for (const BufferRef& segment : more_) held += segment->size() / word_bytes;
    words = std::max<std::size_t>(words_min, std::min<std::size_t>(held, segment_words_max));
  }
  BufferRef segment = Buffer::make(words * word_bytes);
  std::memset(segment->data(), 0, segment->size());
  auto* begin = reinterpret_cast<capnp::word*>(segment->data());
  if (first_) {
    more_.push_back(std::move(segment));
  } else {
    first_ = std::move(segment);
  }
  return {begin, words};
}

BufferRef MessageScratch::encode() {
  const auto segments = getSegmentsForOutput();
  HAWSER_ASSERT(segments.size() > 0, "a message has a root");
  const std::size_t table_bytes = (segments.size() / 2 + 1) * word_bytes;
  std::size_t bytes = table_bytes;
  for (const auto& segment : segments) bytes += segment.size() * word_bytes;
  BufferRef out = Buffer::make(bytes);
  std::byte* at = out->data();
  const auto put = [&](std::uint32_t value) {
    std::memcpy(at, &value, sizeof value);
    at += sizeof value;
  };
  put(static_cast<std::uint32_t>(segments.size() - 1));
  for (const auto& segment : segments) put(static_cast<std::uint32_t>(segment.size()));
  if (segments.size() % 2 == 0) put(0);
  for (const auto& segment : segments) {
    std::memcpy(at, segment.begin(), segment.size() * word_bytes);
    at += segment.size() * word_bytes;
  }
  return out;
}

bool PayloadReader::plausible(std::span<const std::byte> payload) noexcept {
  if (payload.size() < 2 * word_bytes || payload.size() % word_bytes != 0) return false;
  const std::uint32_t more = read_u32(payload.data());
  if (more >= segments_max) return false;
  const std::size_t table_bytes = ((more + 1) / 2 + 1) * word_bytes;
  if (payload.size() < table_bytes) return false;
  std::uint64_t words = 0;
  for (std::uint32_t i = 0; i <= more; ++i) words += read_u32(payload.data() + 4 * (i + 1));
  return words * word_bytes == payload.size() - table_bytes;
}

PayloadReader::PayloadReader(std::span<const std::byte> payload)
    : reader_({reinterpret_cast<const capnp::word*>(payload.data()), payload.size() / word_bytes}, reader_options()) {}

}  // namespace hawser
