// A frame's Cap'n Proto header: built in place, read under limits. Internal to the frame files.
//
// A header is one segment without a segment table. Its size is known before it is built, so it is laid out straight
// into the frame, and nothing is allocated or copied. Reading bounds the words it may visit and the depth it may
// follow; what a hostile header makes Cap'n Proto throw ends here.
#pragma once

#include <hawser/base/assert.hpp>
#include <hawser/base/ids.hpp>
#include <hawser/interconnect/frame_layout.hpp>

#include <capnp/generated-header-support.h>
#include <capnp/message.h>
#include <kj/exception.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hawser::layout {

// Words of a header whose root is `Root`, with nothing behind its pointers.
template <typename Root>
constexpr std::size_t root_words() {
  return 1 + capnp::sizeInWords<Root>();
}
// A text ends in a zero byte.
constexpr std::size_t text_words(std::size_t size) noexcept { return size / 8 + 1; }
// A list of structs begins with a tag.
template <typename Element>
constexpr std::size_t list_words(std::size_t count) {
  return 1 + count * capnp::sizeInWords<Element>();
}

// Cap'n Proto wants the zero byte behind a text, so a view will not do.
inline capnp::Text::Reader as_text(const std::string& text) { return {text.c_str(), text.size()}; }

// Fills the `words` words behind the preamble. REQUIRES: `words` is at least what `fill` uses.
template <typename Root, typename Fill>
void build_header(std::byte* frame, std::size_t words, Fill&& fill) {
  std::byte* const at = frame + preamble_bytes;
  std::memset(at, 0, words * 8);
  capnp::FlatMessageBuilder message{kj::arrayPtr(reinterpret_cast<capnp::word*>(at), words)};
  fill(message.initRoot<Root>());
  HAWSER_ASSERT(message.getSegmentsForOutput().size() == 1, "a frame's header is one segment");
}

// Calls `read(root) -> bool` and returns its answer, or false with `problem` when the header is broken.
template <typename Root, typename Read>
bool read_header(std::span<const std::byte> frame, FrameKind kind, std::string& problem, Read&& read) {
  if (frame.size() < preamble_bytes || load<std::uint8_t>(frame.data() + kind_at) != static_cast<std::uint8_t>(kind)) {
    problem = "a frame is not of the kind that was expected";
    return false;
  }
  if (reinterpret_cast<std::uintptr_t>(frame.data()) % 8 != 0) {
    problem = "a frame is not aligned to 8 bytes";
    return false;
  }
  const std::size_t words = load<std::uint32_t>(frame.data() + header_words_at);
  if (words == 0 || words > (frame.size() - preamble_bytes) / 8) {
    problem = "a frame's header does not fit into it";
    return false;
  }
  try {
    const kj::ArrayPtr<const capnp::word> segment =
        kj::arrayPtr(reinterpret_cast<const capnp::word*>(frame.data() + preamble_bytes), words);
    // An honest header is visited once, a word at a time; the slack is for empty lists and texts.
    capnp::ReaderOptions limits;
    limits.traversalLimitInWords = words + 64;
    limits.nestingLimit = 8;
    capnp::SegmentArrayMessageReader message{kj::arrayPtr(&segment, 1), limits};
    return read(message.getRoot<Root>());
  } catch (const kj::Exception&) {
    problem = "a frame's header is malformed";
    return false;
  }
}

inline bool read_node_id(capnp::Text::Reader text, NodeId& id, std::string& problem) {
  const std::string_view view{text.begin(), text.size()};
  if (!NodeId::valid(view)) {
    problem = "a frame holds a text that is no node id";
    return false;
  }
  id = NodeId{view};
  return true;
}

}  // namespace hawser::layout
