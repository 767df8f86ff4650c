// Runs one load in two fresh processes: this program again, with a hidden role on its command line.
//
// They are started by fork and exec before any ZeroMQ context exists here, so neither side inherits anything.
#pragma once

#include "load.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hawser::bench {

// Put in front of the command of a process, so that a profiler may watch it. Usually empty.
struct Wrappers {
  std::vector<std::string> sender;
  std::vector<std::string> receiver;
};

// Ports on loopback on which nobody listens now, each another one. Throws std::runtime_error when there are none.
std::vector<std::uint16_t> free_ports(std::size_t count);

// Throws std::runtime_error with the sentence of the process that failed, or when the pair takes far longer than it
// should. Neither process survives the call.
Figures run_pair(Load load, const Wrappers& wrappers);

// The other end: what `hawser_bench --role` does. Returns the exit code.
int run_role(const std::vector<std::string>& arguments);

}  // namespace hawser::bench
