// Pair: two nodes (some stories want a third) and the hardship between them, over real sockets or in the simulator.
//
// A story is one function of a Pair and is told on both, so that the simulator cannot promise what the sockets do not
// keep. It ends with rest(): nothing is held any more, and the books of every node balance.
#pragma once

#include <hawser/interconnect/node.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hawser::stories {

using namespace std::chrono_literals;

struct Member {
  std::string name;
  std::function<void(Node&)> app = {};         // run at every start; may be empty
  std::function<void(Config&)> settings = {};  // changes what the pair would configure; may be empty
  bool late = false;                           // waits for start()
};

class Pair {
 public:
  virtual ~Pair() = default;

  // Adds the members and starts those that are not late. Each has all others as peers.
  virtual void begin(std::vector<Member> members) = 0;
  virtual bool alive(const std::string& name) const = 0;
  // REQUIRES: alive(name).
  virtual Node& node(const std::string& name) = 0;
  // False when `limit` is over first.
  virtual bool run_until(const std::function<bool()>& reached, Duration limit = 30s) = 0;
  virtual void run_for(Duration span) = 0;
  // The clock of the stage, which is nobody's own.
  virtual Instant time() const = 0;

  // Where `from` finds `to`, and an address at which nobody listens.
  virtual Endpoint address(const std::string& from, const std::string& to) const = 0;
  virtual Endpoint nowhere() const = 0;

  // All links. cut: nothing passes and nobody is told. jam: nothing passes until heal(). reset: connections die, new
  // ones work at once. heal ends cuts, jams, and what follows them here.
  virtual void cut() = 0;
  virtual void jam() = 0;
  virtual void reset() = 0;
  virtual void heal() = 0;
  // One direction of the traffic between two: nothing gets from the one to the other, or `to` does not read it.
  virtual void cut_way(const std::string& from, const std::string& to) = 0;
  virtual void stall_way(const std::string& from, const std::string& to) = 0;
  // All links, each way: so late; and now and then 200 ms later with all that follows, as TCP makes of loss.
  virtual void delay(Duration each_way) = 0;
  virtual void lose(std::uint32_t millionths) = 0;
  // Connections to it die, and new ones are refused until accept().
  virtual void refuse(const std::string& name) = 0;
  virtual void accept(const std::string& name) = 0;

  // The process dies and its machine resets the connections.
  virtual void crash(const std::string& name) = 0;
  // Starts it again, as a new incarnation, or for the first time.
  virtual void start(const std::string& name) = 0;
  // Ends it on purpose, with goodbye.
  virtual void stop(const std::string& name) = 0;

  // Runs until nothing is held anywhere, and checks the books. The last line of every story.
  void rest();
  // Until both know each other.
  void meet(const std::string& one = "n1", const std::string& other = "n2");

 protected:
  std::vector<std::string> names_;
};

std::unique_ptr<Pair> simulated_pair(std::uint64_t seed = 1);
std::unique_ptr<Pair> socket_pair();

// ---- what stories say

inline Message<Note> note(std::uint64_t number, const std::string& text = {}) {
  Message<Note> result;
  result->setNumber(number);
  result->setText(text);
  return result;
}

inline Message<Question> question(std::uint64_t number) {
  Message<Question> result;
  result->setNumber(number);
  return result;
}

inline Message<Answer> answer(std::uint64_t number) {
  Message<Answer> result;
  result->setNumber(number);
  return result;
}

inline Message<Parcel> parcel(std::size_t bytes, std::uint8_t fill = 7) {
  Message<Parcel> result;
  auto data = result->initBytes(static_cast<unsigned>(bytes));
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<capnp::byte>(fill + i % 251);
  return result;
}

// Where ends of sends are written down.
class Ends {
 public:
  auto sink() {
    return [this](Outcome outcome) { all.push_back(outcome); };
  }
  std::size_t count() const { return all.size(); }
  std::size_t count(OutcomeKind kind, Cause cause) const {
    std::size_t result = 0;
    for (const Outcome& each : all) result += each.kind == kind && each.cause == cause ? 1 : 0;
    return result;
  }
  std::size_t delivered() const { return count(OutcomeKind::delivered, Cause::none); }

  std::vector<Outcome> all;
};

inline Outcome ended(OutcomeKind kind, Cause cause = Cause::none) { return {kind, cause, std::nullopt}; }
inline bool same(const Outcome& one, const Outcome& other) {
  return one.kind == other.kind && one.cause == other.cause;
}

// Sends and waits for the end.
template <typename T>
Outcome send(Pair& pair, const std::string& from, const std::string& to, const Message<T>& message,
             SendOptions options = {}) {
  Ends ends;
  pair.node(from).peer(to).send(message, options, ends.sink());
  REQUIRE(pair.run_until([&] { return ends.count() == 1; }));
  return {ends.all[0].kind, ends.all[0].cause, std::nullopt};
}

// Sends until it is delivered: a breaker that has seen trouble may need a moment.
template <typename T>
bool send_at_last(Pair& pair, const std::string& from, const std::string& to, const Message<T>& message) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (send(pair, from, to, message).delivered()) return true;
    pair.run_for(100ms);
  }
  return false;
}

template <typename Reply, typename T>
Result<Received<Reply>> ask(Pair& pair, const std::string& from, const std::string& to, const Message<T>& message,
                            RequestOptions options = {}) {
  std::vector<Result<Received<Reply>>> results;
  pair.node(from).peer(to).template request<Reply>(
      message, options, [&](Result<Received<Reply>> result) { results.push_back(std::move(result)); });
  REQUIRE(pair.run_until([&] { return results.size() == 1; }));
  return std::move(results[0]);
}

// The last event of that kind and cause at a node, or nothing.
bool saw_event(Pair& pair, const std::string& name, std::string_view kind, std::string_view cause);

}  // namespace hawser::stories

#define HAWSER_STORY(title, function) \
  static void function(::hawser::stories::Pair& pair); \
  TEST_CASE(title " (simulator)", "[stories][simulator]") { \
    const auto pair = ::hawser::stories::simulated_pair(); \
    function(*pair); \
  } \
  TEST_CASE(title " (sockets)", "[stories][sockets]") { \
    const auto pair = ::hawser::stories::socket_pair(); \
    function(*pair); \
  } \
  static void function(::hawser::stories::Pair& pair)
