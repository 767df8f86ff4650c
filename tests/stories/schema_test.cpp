// Schemas that grow: nodes with older and newer definitions of one type understand each other.
//
// Note is Question with a field added behind, as a newer definition of it would be; only the ids differ, and those are
// what a message says of its type.
#include "pair.hpp"

#include <string>

using namespace hawser;
using namespace hawser::stories;

namespace {

template <typename As, typename T>
EncodedMessage sent_as(const Message<T>& message) {
  EncodedMessage encoded = message.encode();
  encoded.type = type_info<As>();
  return encoded;
}

Outcome send_encoded(Pair& pair, EncodedMessage message) {
  Ends ends;
  pair.node("n1").peer("n2").send(std::move(message), {}, ends.sink());
  REQUIRE(pair.run_until([&] { return ends.count() == 1; }));
  return ends.all[0];
}

}  // namespace

HAWSER_STORY("an older reader skips what a newer writer added; a newer reader finds the default", schemas) {
  std::vector<std::uint64_t> by_older;
  std::vector<std::string> by_newer;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             node.on<Question>([&](Question::Reader old) { by_older.push_back(old.getNumber()); });
                             node.on<Note>([&](Note::Reader fresh) {
                               by_newer.push_back(std::to_string(fresh.getNumber()) + fresh.getText().cStr());
                             });
                           }}});
  pair.meet();
  CHECK(send_encoded(pair, sent_as<Question>(note(1, "added later"))).delivered());
  CHECK(send_encoded(pair, sent_as<Note>(question(2))).delivered());
  CHECK(by_older == std::vector<std::uint64_t>{1});
  CHECK(by_newer == std::vector<std::string>{"2"});
  pair.rest();
}

HAWSER_STORY("a type that the peer has never heard of is unhandled, and others are not held up by it", unknown_type) {
  int heard = 0;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) { node.on<Note>([&](Note::Reader) { ++heard; }); }}});
  pair.meet();
  EncodedMessage strange = note(1).encode();
  strange.type = {TypeId{0xfeedfacecafebeef}, "FromTheFuture"};
  for (int i = 0; i < 3; ++i) CHECK(same(send_encoded(pair, strange), ended(OutcomeKind::unhandled)));
  CHECK(send(pair, "n1", "n2", note(2)).delivered());
  CHECK(heard == 1);
  pair.rest();
}
