// Message, Received, PayloadReader: what is built comes out, and what is torn is refused before it is read.
#include <hawser/base/random.hpp>
#include <hawser/interconnect/message.hpp>

#include <catch2/catch.hpp>
#include <messages.capnp.h>

#include <cstring>

using namespace hawser;

TEST_CASE("message: built, sent, changed and sent again: each encoding keeps what it was") {
  Message<Note> note;
  note->setNumber(1);
  note->setText("one");
  const EncodedMessage first = note.encode();
  note->setNumber(2);
  const EncodedMessage second = note.encode();
  CHECK(first.type.id == TypeId{0xe1c5a3b7d9f20468});
  CHECK(first.type.name == "Note");
  const Received<Note> one{{first.bytes, first.bytes.bytes()}};
  const Received<Note> two{{second.bytes, second.bytes.bytes()}};
  CHECK(one->getNumber() == 1);
  CHECK(two->getNumber() == 2);
  CHECK(one->getText() == "one");
}

TEST_CASE("message: one that outgrows its first segment is framed with all of them") {
  Message<Parcel> parcel;
  const std::size_t bytes = GENERATE(0, 1, 400, 5'000, 2'000'000);
  auto data = parcel->initBytes(static_cast<unsigned>(bytes));
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<capnp::byte>(i * 7);
  const EncodedMessage encoded = parcel.encode();
  REQUIRE(PayloadReader::plausible(encoded.bytes.bytes()));
  const Received<Parcel> back{{encoded.bytes, encoded.bytes.bytes()}};
  const capnp::Data::Reader read = back->getBytes();  // once: a reader's limit is on all that is read in its life
  REQUIRE(read.size() == bytes);
  bool same = true;
  for (std::size_t i = 0; i < bytes; ++i) same &= read[i] == static_cast<capnp::byte>(i * 7);
  CHECK(same);
}

TEST_CASE("message: filled in place, and moved with what was built") {
  Message<Note> note{[](Note::Builder builder) { builder.setNumber(9); }};
  Message<Note> moved = std::move(note);
  moved->setText("kept");
  CHECK(moved.reader().getNumber() == 9);
  CHECK(moved.reader().getText() == "kept");
}

TEST_CASE("message: a received message outlives the frame's other owners") {
  Message<Note> note;
  note->setText("still here");
  EncodedMessage encoded = note.encode();
  const auto bytes = encoded.bytes.bytes();
  Received<Note> received{{std::move(encoded.bytes), bytes}};
  const Received<Note> moved = std::move(received);
  CHECK(moved->getText() == "still here");
}

TEST_CASE("payload: a segment table that does not add up is refused") {
  Message<Note> note;
  note->setText("text");
  const EncodedMessage encoded = note.encode();
  const auto whole = encoded.bytes.bytes();
  CHECK(PayloadReader::plausible(whole));
  for (std::size_t cut = 0; cut < whole.size(); ++cut) CHECK_FALSE(PayloadReader::plausible(whole.first(cut)));
  const auto with = [&](std::size_t at, std::uint32_t value) {
    const BufferRef copy = Buffer::copy(whole);
    std::memcpy(copy->data() + at, &value, sizeof value);
    return PayloadReader::plausible(copy.bytes());
  };
  CHECK_FALSE(with(0, 1));
  CHECK_FALSE(with(0, PayloadReader::segments_max));
  CHECK_FALSE(with(0, UINT32_MAX));
  CHECK_FALSE(with(4, UINT32_MAX));
  CHECK_FALSE(with(4, 0));
}

TEST_CASE("payload: any bytes that pass as plausible are read or refused, never worse") {
  Message<Note> note;
  note->setText("some text of some length");
  const EncodedMessage encoded = note.encode();
  Random random{3};
  for (int i = 0; i < 2'000; ++i) {
    const BufferRef torn = Buffer::copy(encoded.bytes.bytes());
    for (int j = 0; j < 3; ++j) {
      torn->data()[8 + random.below(torn->size() - 8)] = static_cast<std::byte>(random.next());
    }
    REQUIRE(PayloadReader::plausible(torn.bytes()));
    std::size_t size = 0;
    try {
      const Received<Note> read{{torn, torn.bytes()}};
      size = read->getText().size();
    } catch (const kj::Exception&) {
    }
    if (size > torn->size()) FAIL(size);
  }
}
