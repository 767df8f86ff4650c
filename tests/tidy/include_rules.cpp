// Which file may include what: the arrows between rooms, and the places of third-party headers.
#include "tidy/rules.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace hawser::tidy {
namespace {

// The rooms a program is made of, the most specific path first.
const std::vector<std::string> rooms{"interconnect/zmq/", "interconnect/", "base/", "detector/",
                                     "resilience/",       "inspect/",      "sim/",  "tools/"};

std::string room_of(const std::string& path) {
  const auto room =
      std::find_if(rooms.begin(), rooms.end(), [&](const auto& prefix) { return path.starts_with(prefix); });
  return room == rooms.end() ? "" : *room;
}

const std::map<std::string, std::set<std::string>> may_include{
    {"base/", {"base/"}},
    {"detector/", {"base/", "detector/"}},
    {"resilience/", {"base/", "resilience/"}},
    {"interconnect/", {"base/", "detector/", "resilience/", "interconnect/"}},
    {"interconnect/zmq/", {"base/", "detector/", "resilience/", "interconnect/", "interconnect/zmq/"}},
    {"inspect/", {"base/", "detector/", "resilience/", "interconnect/", "inspect/"}},
    {"sim/", {"base/", "detector/", "resilience/", "interconnect/", "sim/"}},
};

// A third-party header, by how its name begins, and where it may be included. The first entry that fits decides.
struct Permit {
  std::string begins;
  std::vector<std::string> places;
};

const std::vector<std::string> asio_places{"interconnect/", "inspect/", "sim/",     "tools/",
                                           "tests/",        "bench/",   "examples/"};
// Of resilience, one header is about coroutines.
const std::vector<std::string> asio_and_pipeline_places{
    "interconnect/", "inspect/", "sim/", "tools/", "tests/", "bench/", "examples/", "resilience/pipeline_async.hpp"};
const std::vector<std::string> system_places{"interconnect/zmq/", "inspect/", "tools/", "tests/", "bench/",
                                             "examples/"};
// In the interconnect, Cap'n Proto belongs to the files about messages and the wire.
const std::vector<std::string> message_stems{"message", "frame",      "wire",    "registry",
                                             "batch_",  "handshake_", "handler", "delivery"};

const std::vector<Permit> permits{
    {"zmq", {"interconnect/zmq/", "tests/interconnect/zmq/", "tests/live/", "bench/"}},
    {"boost/asio.hpp", {}},  // 1.9 s per inclusion: the narrow headers instead
    {"boost/asio/ip/", {"interconnect/zmq/", "inspect/", "tools/", "tests/", "bench/", "examples/"}},
    {"boost/asio/", asio_and_pipeline_places},
    {"boost/system/", asio_places},
    {"boost/beast", {"inspect/", "interconnect/zmq/", "tools/", "tests/", "examples/"}},
    {"boost/", asio_places},
    {"toml++/", {"base/", "interconnect/", "sim/", "tools/"}},
    {"nlohmann/", {"inspect/", "tools/", "tests/", "bench/"}},
    {"CLI/", {"tools/"}},
    {"fmt/", {"inspect/", "sim/", "tools/", "bench/"}},
    {"xxh", {"base/", "interconnect/", "sim/", "tests/fuzz/"}},
    {"catch2/", {"tests/"}},
};

bool may_know_messages(const std::string& path) {
  if (within(path, {"tests/", "bench/", "examples/", "sim/", "tools/"})) return true;
  if (room_of(path) != "interconnect/") return false;
  const std::string name = path.substr(path.rfind('/') + 1);
  return std::any_of(message_stems.begin(), message_stems.end(),
                     [&](const auto& stem) { return name.starts_with(stem); });
}

// Generated headers: the wire's is private to the interconnect's sources; other messages belong to programs.
bool may_know_generated(const SourceFile& file, const std::string& header) {
  if (header == "wire.capnp.h") {
    return !is_header(file) && within(file.path, {"interconnect/", "tests/interconnect/"}) &&
           room_of(file.path) != "interconnect/zmq/";
  }
  return within(file.path, {"tests/", "bench/", "examples/", "tools/"}) ||
         (within(file.path, {"sim/"}) && !is_header(file));
}

bool is_standard(const std::string& header) { return header.find_first_of("./") == std::string::npos; }

bool is_system(const std::string& header) {
  static const std::vector<std::string> libraries{"xxhash.h", "xxh_x86dispatch.h", "zmq.h"};
  if (within(header, {"sys/", "netinet/", "arpa/", "linux/", "net/"})) return true;
  return header.find('/') == std::string::npos && header.ends_with(".h") && !header.ends_with(".capnp.h") &&
         !within(header, libraries);
}

bool may_include_foreign(const SourceFile& file, const std::string& header) {
  if (is_standard(header)) return true;
  if (header.ends_with(".capnp.h")) return may_know_generated(file, header);
  if (header.starts_with("capnp/") || header.starts_with("kj/")) return may_know_messages(file.path);
  for (const Permit& permit : permits) {
    if (header.starts_with(permit.begins)) return within(file.path, permit.places);
  }
  // A new library needs a line in the table above first.
  return is_system(header) && within(file.path, system_places);
}

std::string stem_of(const std::string& path) {
  const std::size_t slash = path.rfind('/') + 1;
  return path.substr(slash, path.rfind('.') - slash);
}

}  // namespace

Findings include_arrows(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    const auto allowed = may_include.find(room_of(file.path));
    if (!is_cpp(file) || allowed == may_include.end()) continue;
    for (const Include& include : includes_of(file)) {
      if (include.quoted) {
        findings.push_back(
            {file.path, include.line, "\"" + include.name + "\" should be spelled <hawser/room/file.hpp>"});
        continue;
      }
      if (!include.name.starts_with("hawser/")) continue;
      const std::string target = include.name.substr(7);
      // The umbrella, and only it, brings the sockets along.
      if (file.path == "interconnect/hawser.hpp" && target == "interconnect/zmq/zmq_runtime.hpp") continue;
      if (!allowed->second.contains(room_of(target))) {
        findings.push_back({file.path, include.line, allowed->first + " must not know " + target});
      }
    }
  }
  return findings;
}

Findings third_party_places(const Tree& tree) {
  Findings findings;
  std::set<std::string> ours;
  for (const SourceFile& file : tree) ours.insert(file.path);
  // Tests share helpers, and try the examples as they stand.
  const auto shared_by_tests = [&](const SourceFile& file, const std::string& name) {
    return within(file.path, {"tests/"}) && (ours.contains("tests/" + name) || ours.contains("examples/" + name));
  };
  for (const SourceFile& file : tree) {
    // tests/install holds a program of somebody else, who includes what they like.
    if (!is_cpp(file) || within(file.path, {"tests/install/"})) continue;
    for (const Include& include : includes_of(file)) {
      if (include.quoted && !include.name.ends_with(".capnp.h")) continue;
      if (include.name.starts_with("hawser/") || may_include_foreign(file, include.name)) continue;
      if (shared_by_tests(file, include.name)) continue;
      findings.push_back({file.path, include.line, "<" + include.name + "> has no place here"});
    }
  }
  return findings;
}

Findings one_file_libraries(const Tree& tree) {
  // Each costs seconds wherever it is included.
  static const std::array<std::string, 2> libraries{"toml++/", "boost/beast"};
  Findings findings;
  for (const std::string& library : libraries) {
    std::string home;
    for (const SourceFile& file : tree) {
      // Tests speak HTTP to the live page as any browser would, and examples are programs of their own.
      if (!is_cpp(file) || within(file.path, {"tests/", "examples/"})) continue;
      for (const Include& include : includes_of(file)) {
        if (!include.name.starts_with(library)) continue;
        if (is_header(file)) findings.push_back({file.path, include.line, library + " in a header"});
        if (!home.empty() && home != file.path) {
          findings.push_back({file.path, include.line, library + " belongs to one file, and that is " + home});
        }
        home = home.empty() ? file.path : home;
      }
    }
  }
  return findings;
}

Findings own_header_first(const Tree& tree) {
  std::set<std::string> paths;
  for (const SourceFile& file : tree) paths.insert(file.path);
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!file.path.ends_with(".cpp") || room_of(file.path).empty()) continue;
    const std::string header = file.path.substr(0, file.path.size() - 4) + ".hpp";
    if (!paths.contains(header)) continue;
    const std::vector<Include> includes = includes_of(file);
    if (includes.empty() || stem_of(includes.front().name) != stem_of(header)) {
      findings.push_back({file.path, includes.empty() ? 0 : includes.front().line, "its own header comes first"});
    }
  }
  return findings;
}

Findings include_order(const Tree& tree) {
  static const std::array<std::string, 3> names{"a header of ours", "a third-party header", "a standard header"};
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!is_cpp(file) || room_of(file.path).empty()) continue;
    std::size_t reached = 0;
    for (const Include& include : includes_of(file)) {
      const bool ours = include.name.starts_with("hawser/") || (include.quoted && !include.name.ends_with(".capnp.h"));
      const bool system = is_standard(include.name) || is_system(include.name);
      const std::size_t kind = ours ? 0 : system ? 2 : 1;
      if (kind < reached) {
        findings.push_back({file.path, include.line, names[kind] + " after " + names[reached]});
      }
      reached = std::max(reached, kind);
    }
  }
  return findings;
}

}  // namespace hawser::tidy
