#include "machine.hpp"

#include <boost/version.hpp>
#include <capnp/common.h>
#include <zmq.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sched.h>
#include <sys/utsname.h>

namespace hawser::bench {
namespace {

std::string cpu_model() {
  std::ifstream file{"/proc/cpuinfo"};
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("model name", 0) != 0) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

bool virtual_machine() {
  std::ifstream file{"/proc/cpuinfo"};
  std::string word;
  while (file >> word) {
    if (word == "hypervisor") return true;
  }
  return false;
}

int cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

std::string kernel() {
  utsname name{};
  uname(&name);
  return std::string{name.sysname} + ' ' + name.release + ' ' + name.machine;
}

std::string load_average() {
  double loads[3] = {};
  if (getloadavg(loads, 3) != 3) return "unknown";
  char text[64];
  std::snprintf(text, sizeof text, "%.2f %.2f %.2f", loads[0], loads[1], loads[2]);
  return text;
}

std::string dotted(int major, int minor, int patch) {
  return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> describe_machine() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  zmq_version(&major, &minor, &patch);
#if defined(__clang__)
  const std::string compiler = "clang " __clang_version__;
#else
  const std::string compiler = "g++ " __VERSION__;
#endif
#if defined(__OPTIMIZE__)
  const char* const build = HAWSER_BENCH_BUILD_TYPE;
#else
  const char* const build = HAWSER_BENCH_BUILD_TYPE " (not optimised: these figures say nothing)";
#endif
  return {
      {"cpu", cpu_model() + " x " + std::to_string(cpus()) + (virtual_machine() ? ", virtual" : "")},
      {"kernel", kernel()},
      {"compiler", compiler},
      {"build", build},
      {"libzmq", dotted(major, minor, patch)},
      {"capnproto", dotted(CAPNP_VERSION_MAJOR, CAPNP_VERSION_MINOR, CAPNP_VERSION_MICRO)},
      {"boost", dotted(BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)},
      {"load", load_average()},
  };
}

}  // namespace hawser::bench
