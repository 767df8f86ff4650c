// What code may not say, and where: clocks, sleeps, threads, unordered containers, the standard's distributions.
#include "tidy/rules.hpp"

#include <algorithm>

namespace hawser::tidy {
namespace {

using Places = std::vector<std::string>;

// Objects to each of the tokens in the code (not in comments or literals) of C++ files for which `applies` holds.
template <typename Applies>
Findings forbid(const Tree& tree, const Places& tokens, const std::string& why, Applies applies) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!is_cpp(file) || !applies(file)) continue;
    const std::string code = code_of(file.text);
    for (const std::string& token : tokens) {
      for (std::size_t at = find_token(code, token); at != std::string::npos; at = find_token(code, token, at + 1)) {
        findings.push_back({file.path, line_at(code, at), token + ": " + why});
      }
    }
  }
  return findings;
}

auto outside(Places places) {
  return [places = std::move(places)](const SourceFile& file) { return !within(file.path, places); };
}

auto inside(Places places) {
  return [places = std::move(places)](const SourceFile& file) { return within(file.path, places); };
}

}  // namespace

Findings clock_reads(const Tree& tree) {
  return forbid(tree,
                {"steady_clock::now", "system_clock", "high_resolution_clock", "clock_gettime", "gettimeofday",
                 "time(nullptr)", "time(NULL)", "time(0)"},
                "time comes in as an argument",
                outside({"interconnect/zmq/", "tools/", "bench/", "tests/live/", "tests/interconnect/zmq/",
                         "tests/examples/", "examples/pool/"}));
}

Findings unordered_containers(const Tree& tree) {
  Findings findings =
      forbid(tree, {"unordered_map", "unordered_set", "unordered_multimap", "unordered_multiset"},
             "its order must not reach wire or trace; if it cannot, say so in a comment: // order never escapes",
             [](const SourceFile& file) {
               return within(file.path, {"detector/", "resilience/", "interconnect/", "sim/"}) &&
                      !within(file.path, {"interconnect/zmq/"});
             });
  // The include line brings no order, and the comment may stand on the line or on the one above it.
  std::erase_if(findings, [&tree](const Finding& finding) {
    const auto file =
        std::find_if(tree.begin(), tree.end(), [&](const auto& each) { return each.path == finding.path; });
    const std::vector<std::string> lines = lines_of(file->text);
    const auto excused = [&lines](std::size_t number) {
      return number > 0 && lines[number - 1].find("order never escapes") != std::string::npos;
    };
    return lines[finding.line - 1].starts_with("#include") || excused(finding.line) || excused(finding.line - 1);
  });
  return findings;
}

Findings foreign_randomness(const Tree& tree) {
  Findings findings =
      forbid(tree,
             {"uniform_int_distribution", "uniform_real_distribution", "normal_distribution",
              "exponential_distribution", "poisson_distribution", "bernoulli_distribution", "geometric_distribution",
              "binomial_distribution", "lognormal_distribution", "discrete_distribution", "std::shuffle", "std::sample",
              "mt19937", "mt19937_64", "rand()"},
             "differs between libraries; base/random.hpp has ours", [](const SourceFile&) { return true; });
  const Findings seeds = forbid(tree, {"random_device"}, "a seed comes in as an argument",
                                outside({"interconnect/zmq/", "tools/", "bench/", "tests/live/"}));
  findings.insert(findings.end(), seeds.begin(), seeds.end());
  return findings;
}

Findings sleeps_in_tests(const Tree& tree) {
  return forbid(tree, {"sleep_for", "sleep_until", "usleep(", "nanosleep(", "::sleep("},
                "a test waits for an event; only tests/live may sleep", [](const SourceFile& file) {
                  return within(file.path, {"tests/"}) && !within(file.path, {"tests/live/"});
                });
}

Findings threads_and_output_in_cores(const Tree& tree) {
  return forbid(tree, {"std::thread", "std::jthread", "std::async", "std::cout", "std::cerr", "std::clog", "printf("},
                "a pure core owns no thread and logs nothing", inside({"detector/", "resilience/"}));
}

}  // namespace hawser::tidy
