// A simulated cluster whose application lets something in that is not a function of the seed: one kind per word.
//
//   planted_chance KIND FILE      plays two seconds of it and writes the trace to FILE
//
// The determinism check runs it and must find every kind but `none`. What is planted here is wrong on purpose.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include "messages.capnp.h"

#include <algorithm>
#include <atomic>
#include <clocale>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

using namespace hawser;
using namespace std::chrono_literals;

namespace {

struct Thing {
  std::size_t number = 0;
  char room[240] = {};
};

// Sixteen things with numbers of their own, the one behind the other on the heap or wherever the allocator likes.
std::vector<std::unique_ptr<Thing>> make_things() {
  std::vector<std::unique_ptr<Thing>> things;
  for (std::size_t i = 0; i < 16; ++i) things.push_back(std::make_unique<Thing>(Thing{i, {}}));
  return things;
}

std::size_t from_clock() {
  std::timespec now{};
  std::timespec_get(&now, TIME_UTC);
  return static_cast<std::size_t>(now.tv_nsec / 1000);
}

std::size_t from_unordered_iteration() {
  const auto things = make_things();
  std::unordered_map<const Thing*, std::size_t> numbers;
  for (const auto& thing : things) numbers[thing.get()] = thing->number;
  std::size_t mixed = 0;
  for (const auto& [thing, number] : numbers) mixed = mixed * 31 + number;
  return mixed;
}

std::size_t from_pointer_order() {
  const auto things = make_things();
  std::map<const Thing*, std::size_t> numbers;
  for (const auto& thing : things) numbers[thing.get()] = thing->number;
  std::size_t mixed = 0;
  for (const auto& [thing, number] : numbers) mixed = mixed * 31 + number;
  return mixed;
}

std::size_t from_uninitialised_memory() {
  void* (*volatile allocate)(std::size_t) = std::malloc;  // so that the compiler cannot see what is read
  auto* const bytes = static_cast<unsigned char*>(allocate(64));
  const std::size_t found = bytes[40];
  std::free(bytes);
  return found;
}

std::size_t from_thread_race() {
  static std::atomic<std::size_t> counted{0};
  static std::thread counter{[] {
    while (true) counted.fetch_add(1, std::memory_order_relaxed);
  }};
  static const bool detached = (counter.detach(), true);
  static_cast<void>(detached);
  return counted.load(std::memory_order_relaxed);
}

std::size_t from_locale() {
  std::setlocale(LC_ALL, "");
  return MB_CUR_MAX + std::string{std::localeconv()->decimal_point}.size() + std::mbstowcs(nullptr, "\xc3\xbc", 0) % 7;
}

std::size_t from_time_zone() {
  const std::time_t noon = 1'700'000'000;
  return static_cast<std::size_t>(std::localtime(&noon)->tm_hour);
}

std::size_t from_nothing() { return 7; }

using Source = std::size_t (*)();
const std::map<std::string, Source>& sources() {
  static const std::map<std::string, Source> all{{"none", from_nothing},
                                                 {"clock", from_clock},
                                                 {"unordered", from_unordered_iteration},
                                                 {"pointer_order", from_pointer_order},
                                                 {"uninitialised", from_uninitialised_memory},
                                                 {"race", from_thread_race},
                                                 {"locale", from_locale},
                                                 {"time_zone", from_time_zone}};
  return all;
}

void talk(Node& node, Source source) {
  node.on<Note>([](Note::Reader) {});
  node.every(50ms, [&node, source] {
    Message<Note> note;
    note->setText(std::string(source() % 101, 'x'));
    for (Peer& peer : node.peers()) peer.try_post(note, {.ttl = 1s});
    return true;
  });
}

}  // namespace

int main(int argc, char** argv) {
  const auto source = argc == 3 ? sources().find(argv[1]) : sources().end();
  if (source == sources().end()) {
    std::cerr << "usage: planted_chance KIND FILE; kinds:";
    for (const auto& [name, function] : sources()) std::cerr << ' ' << name;
    std::cerr << '\n';
    return 2;
  }
  std::ofstream file{argv[2]};
  sim::WorldOptions options;
  options.seed = 5;
  options.trace_to = &file;
  {
    sim::World world{options};
    for (const char* name : {"n1", "n2", "n3"}) {
      world.host(name, Config{}, [&source](Node& node) { talk(node, source->second); });
    }
    world.run_for(2s);
  }
  file.flush();
  std::_Exit(file ? 0 : 1);  // a thread may still be counting
}
