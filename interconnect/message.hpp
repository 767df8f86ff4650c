// Typed messages: Message<T> is what one builds and sends, Received<T> is what a handler may keep, Unread<T> what it
// need not read.
//
// T is a Cap'n Proto struct with an explicit `@0x...` id; the id is what travels. A Message may be built, sent and
// changed again: sending copies its bytes. Neither class is thread safe; different messages on different threads are.
#pragma once

#include <hawser/base/buffer.hpp>
#include <hawser/base/ids.hpp>
#include <hawser/base/pooled.hpp>

#include <capnp/message.h>
#include <capnp/schema.h>
#include <capnp/serialize.h>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace hawser {

// A type as far as the library needs it: `name` is the schema's own, for people.
struct TypeInfo {
  TypeId id = TypeId::none;
  std::string_view name;
};

template <typename T>
TypeInfo type_info() {
  static const TypeInfo info{TypeId{capnp::typeId<T>()}, capnp::Schema::from<T>().getShortDisplayName().cStr()};
  return info;
}

// A message in the form in which it travels; cheap to copy. One encoding may be sent to many peers, many times.
struct EncodedMessage {
  TypeInfo type;
  BufferRef bytes;
};

// Cap'n Proto's builder over the library's buffer pool, so that building a small message allocates nothing in steady
// state.
class MessageScratch final : public capnp::MessageBuilder, public Pooled {
 public:
  MessageScratch() = default;
  MessageScratch(const MessageScratch&) = delete;
  MessageScratch& operator=(const MessageScratch&) = delete;
  ~MessageScratch() noexcept(false) override;

  kj::ArrayPtr<capnp::word> allocateSegment(unsigned int words_min) override;
  // Standard Cap'n Proto framing: segment table, then the segments.
  BufferRef encode();

 private:
  BufferRef first_;
  std::vector<BufferRef, PoolAllocator<BufferRef>> more_;
};

template <typename T>
class Message {
 public:
  using Builder = typename T::Builder;

  Message() : scratch_(std::make_unique<MessageScratch>()), root_(scratch_->template initRoot<T>()) {}
  // Built in place: `Message<Greeting> hello{[](Greeting::Builder g) { g.setText("hi"); }};`
  template <typename Fill>
  requires std::is_invocable_v<Fill, Builder>
  explicit Message(Fill&& fill) : Message() { std::forward<Fill>(fill)(root_); }
  Message(Message&&) noexcept = default;
  Message& operator=(Message&&) noexcept = default;

  Builder* operator->() noexcept { return &root_; }
  Builder& operator*() noexcept { return root_; }
  typename T::Reader reader() const { return root_.asReader(); }

  EncodedMessage encode() const { return {type_info<T>(), scratch_->encode()}; }

 private:
  std::unique_ptr<MessageScratch> scratch_;
  Builder root_;
};

// A payload with its owner: the frame it came in, or a buffer of its own.
struct InboundBytes {
  BufferRef owner;
  std::span<const std::byte> payload;  // 8-byte aligned
};

// Reads a payload of Cap'n Proto framing with our limits. Errors in it appear as kj::Exception when fields are read.
class PayloadReader {
 public:
  static constexpr unsigned segments_max = 64;
  static constexpr unsigned nesting_max = 64;

  // False when the segment table is not what it should be: too many segments, or more words than there are.
  static bool plausible(std::span<const std::byte> payload) noexcept;

  // REQUIRES: plausible(payload), which must outlive this.
  explicit PayloadReader(std::span<const std::byte> payload);

  template <typename T>
  typename T::Reader root() {
    return reader_.template getRoot<T>();
  }

 private:
  capnp::FlatArrayMessageReader reader_;
};

// A message that owns its bytes: coroutine and pool handlers take it, and requests end in one.
template <typename T>
class Received {
 public:
  // REQUIRES: PayloadReader::plausible(bytes.payload).
  explicit Received(InboundBytes bytes)
      : bytes_(std::move(bytes)),
        reader_(std::make_unique<PayloadReader>(bytes_.payload)),
        root_(reader_->template root<T>()) {}

  const typename T::Reader* operator->() const noexcept { return &root_; }
  const typename T::Reader& operator*() const noexcept { return root_; }

 private:
  InboundBytes bytes_;
  std::unique_ptr<PayloadReader> reader_;
  typename T::Reader root_;
};

// A message that nobody has looked into: for handlers that pass messages on, or look into few of them. Lives as long as
// the handler's call; keep() makes it one's own.
template <typename T>
class Unread {
 public:
  explicit Unread(const InboundBytes& bytes) noexcept : bytes_(bytes) {}
  Unread(const Unread&) = delete;
  Unread& operator=(const Unread&) = delete;

  std::span<const std::byte> payload() const noexcept { return bytes_.payload; }
  // Reads a copy. Throws kj::Exception when it is not what its type says.
  Received<T> keep() const {
    EncodedMessage own = encoded();
    const std::span<const std::byte> payload = own.bytes.bytes();
    return Received<T>{InboundBytes{std::move(own.bytes), payload}};
  }
  // A copy to send on as it is.
  EncodedMessage encoded() const { return {type_info<T>(), Buffer::copy(bytes_.payload)}; }

 private:
  const InboundBytes& bytes_;
};

}  // namespace hawser
