// Registry: policies from the program and from the configuration, handlers and their replacement.
#include <hawser/interconnect/registry.hpp>

#include <catch2/catch.hpp>
#include <messages.capnp.h>

using namespace hawser;

TEST_CASE("registry: what the configuration says of a type's name wins over what the program set") {
  Config config;
  config.ttl = Duration{7'000'000};
  config.types["Note"].priority = 7;
  Registry registry{config};
  TypePolicy set;
  set.priority = 1;
  set.overflow = Overflow::wait;
  registry.set_policy(type_info<Note>(), set);
  const TypePolicy policy = registry.policy(type_info<Note>());
  CHECK(policy.priority == 7);
  CHECK(policy.overflow == Overflow::wait);
  CHECK(policy.ttl == Duration{7'000'000});
  CHECK(registry.policy(type_info<Other>()).priority == TypePolicy{}.priority);
}

TEST_CASE("registry: a type has the name of its schema, and an unknown one its number") {
  Config config;
  Registry registry{config};
  CHECK(registry.name(TypeId{0xabc}) == "@0x0000000000000abc");
  registry.set_policy(type_info<Note>(), {});
  CHECK(registry.name(type_info<Note>().id) == "Note");
}

TEST_CASE("registry: a handler that is replaced while it runs lives until the registry ends") {
  Config config;
  Registry registry{config};
  CHECK(registry.handler(type_info<Note>().id) == nullptr);
  auto life = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = life;
  registry.set_handler(type_info<Note>(), make_handler<Note>([life = std::move(life)](Note::Reader) {}, {}));
  Handler* const first = registry.handler(type_info<Note>().id);
  registry.set_handler(type_info<Note>(), make_handler<Note>([](Note::Reader) {}, {}));
  CHECK(registry.handler(type_info<Note>().id) != first);
  CHECK_FALSE(watch.expired());
}
