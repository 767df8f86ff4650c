// Handlers: every shape of function, every way to end.
#include <hawser/interconnect/handler.hpp>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <messages.capnp.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

using namespace hawser;

namespace {

struct Contexts final : HandlerExecutors {
  boost::asio::any_io_executor loop() override { return loop_.get_executor(); }
  boost::asio::any_io_executor pool() override { return pool_.get_executor(); }

  boost::asio::io_context loop_;
  boost::asio::io_context pool_;
};

struct Bench {
  Contexts contexts;
  boost::asio::io_context& loop = contexts.loop_;
  boost::asio::io_context& pool = contexts.pool_;
  Delivery from;
  std::optional<HandlerEnd> told;
  int tellings = 0;

  static InboundBytes question(std::uint64_t number) {
    Message<Question> message;
    message->setNumber(number);
    const EncodedMessage encoded = message.encode();
    return {encoded.bytes, encoded.bytes.bytes()};
  }
  std::optional<HandlerEnd> start(Handler& handler, const InboundBytes& bytes) {
    return handler.start(from, bytes, contexts, [this](HandlerEnd end) {
      told = std::move(end);
      ++tellings;
    });
  }
};

Message<Answer> answer(std::uint64_t number) {
  Message<Answer> made;
  made->setNumber(number);
  return made;
}

std::uint64_t number_of(const HandlerEnd& end) {
  const Received<Answer> reply{{end.reply.bytes, end.reply.bytes.bytes()}};
  return reply->getNumber();
}

}  // namespace

TEST_CASE("handler: a message that is not read costs no reader, and may be kept or passed on") {
  Bench bench;
  std::uint64_t kept = 0;
  EncodedMessage passed_on;
  const auto handler = make_handler<Question>(
      [&](const Unread<Question>& message) {
        CHECK_FALSE(message.payload().empty());
        kept = message.keep()->getNumber();
        passed_on = message.encoded();
        return answer(1);
      },
      {});
  CHECK_FALSE(handler->asynchronous());
  const auto end = bench.start(*handler, Bench::question(12));
  REQUIRE(end);
  CHECK_FALSE(end->failed);
  CHECK(number_of(*end) == 1);
  CHECK(kept == 12);
  CHECK(passed_on.type.id == type_info<Question>().id);
  const Received<Question> again{{passed_on.bytes, passed_on.bytes.bytes()}};
  CHECK(again->getNumber() == 12);
}

TEST_CASE("handler: what is not what its type says fails when it is read, and not before") {
  Bench bench;
  BufferRef torn = Buffer::make(16);
  for (std::byte& byte : torn.bytes()) byte = std::byte{0xff};
  const std::uint32_t table[2] = {0, 1};
  std::memcpy(torn->data(), table, sizeof table);
  const auto blind = make_handler<Question>([](const Unread<Question>&, const Delivery&) {}, {});
  const auto reading = make_handler<Question>([](const Unread<Question>& message) { message.keep(); }, {});
  const InboundBytes bytes{torn, torn.bytes()};
  const auto unseen = bench.start(*blind, bytes);
  REQUIRE(unseen);
  CHECK_FALSE(unseen->failed);
  const auto seen = bench.start(*reading, bytes);
  REQUIRE(seen);
  CHECK(seen->failed);
  CHECK(seen->cause == Cause::malformed);
}

TEST_CASE("handler: a plain function runs to its end, with or without what is known of the delivery") {
  Bench bench;
  bench.from.node = "n7";
  std::string seen;
  const auto with = make_handler<Question>(
      [&](Question::Reader question, const Delivery& from) {
        seen = from.node.text() + std::to_string(question.getNumber());
      },
      {});
  CHECK_FALSE(with->asynchronous());
  const auto end = bench.start(*with, Bench::question(3));
  REQUIRE(end);
  CHECK_FALSE(end->failed);
  CHECK(end->reply.type.id == TypeId::none);
  CHECK(seen == "n73");

  const auto replying =
      make_handler<Question>([](Question::Reader question) { return answer(question.getNumber() + 1); }, {});
  const auto replied = bench.start(*replying, Bench::question(3));
  REQUIRE(replied);
  CHECK(replied->reply.type.id == type_info<Answer>().id);
  CHECK(number_of(*replied) == 4);
}

TEST_CASE("handler: whatever is thrown stays inside, and is told as what it was") {
  Bench bench;
  const auto throws = make_handler<Question>([](Question::Reader) { throw std::runtime_error{"no"}; }, {});
  auto end = bench.start(*throws, Bench::question(1));
  REQUIRE(end);
  CHECK(end->failed);
  CHECK(end->cause == Cause::handler_threw);

  const auto odd = make_handler<Question>([](Question::Reader) { throw 3; }, {});
  CHECK(bench.start(*odd, Bench::question(1))->cause == Cause::handler_threw);

  // A root pointer that leads outside of the message.
  InboundBytes torn = Bench::question(1);
  torn.owner->data()[8] = std::byte{0xfc};
  torn.owner->data()[9] = std::byte{0xff};
  const auto reads = make_handler<Question>([](Question::Reader question) { (void)question.getNumber(); }, {});
  end = bench.start(*reads, torn);
  REQUIRE(end);
  CHECK(end->cause == Cause::malformed);
}

TEST_CASE("handler: a coroutine owns its message, runs on the loop and tells its end once") {
  Bench bench;
  const auto handler = make_handler<Question>(
      [](Received<Question> question, const Delivery&) -> Task<Message<Answer>> {
        if (question->getNumber() == 0) throw std::runtime_error{"zero"};
        co_return answer(question->getNumber() * 2);
      },
      {});
  CHECK(handler->asynchronous());
  CHECK_FALSE(bench.start(*handler, Bench::question(21)));
  bench.loop.run();
  REQUIRE(bench.told);
  CHECK(number_of(*bench.told) == 42);
  CHECK(bench.tellings == 1);

  bench.loop.restart();
  CHECK_FALSE(bench.start(*handler, Bench::question(0)));
  bench.loop.run();
  CHECK(bench.told->failed);
  CHECK(bench.told->cause == Cause::handler_threw);
  CHECK(bench.tellings == 2);
}

TEST_CASE("handler: a pool handler does not run before its pool does") {
  Bench bench;
  bool ran = false;
  const auto handler = make_handler<Question>([&](Received<Question>) { ran = true; }, {RunOn::pool});
  CHECK_FALSE(bench.start(*handler, Bench::question(1)));
  bench.loop.run();
  CHECK_FALSE(ran);
  bench.pool.run();
  CHECK(ran);
  REQUIRE(bench.told);
  CHECK_FALSE(bench.told->failed);
}
