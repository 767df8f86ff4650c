// Hunts the mutants: does some checker notice each way in which the library is broken on purpose?
//
//   hawser_mutants [--list | --known | --record] [--only NAME] [--jobs N] [--known-file FILE]
//
// Exit codes: 0 all were killed, and no run accused the sound library; 1 somebody survived, or was accused falsely; 2
// usage.
#include "children.hpp"
#include "hunt.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <sched.h>
#include <sstream>
#include <string>
#include <tuple>
#include <unistd.h>
#include <vector>

using namespace hawser;
using namespace hawser::mutants;

namespace {

constexpr unsigned seconds_per_run_max = 120;
constexpr int exit_fine = 0;
constexpr int exit_survivor = 1;
constexpr int exit_usage = 2;

struct Options {
  bool list = false;
  bool known = false;
  bool record = false;
  std::string only;
  unsigned jobs = 0;
  std::string known_file = HAWSER_KNOWN_MUTANTS;
};

struct Shot {
  Hunt hunt;
  std::uint64_t seed = 1;
};

// How the hunt for one mutant, or a run of the sound library, went.
struct Trail {
  const Row* row = nullptr;  // null: no mutant
  std::vector<Shot> shots;   // in order; the first that kills ends it
  std::size_t next = 0;
  bool killed = false;
  std::string by;
  double seconds = 0;

  const Shot& last() const { return shots[next - 1]; }
};

std::string text_of(const Shot& shot) {
  std::string text{to_string(shot.hunt.kind)};
  if (shot.hunt.kind == Hunt::Kind::plot) text += ' ' + shot.hunt.name;
  return text;
}

int usage(const std::string& why) {
  std::fprintf(stderr, "%s\nusage: ./run mutants [--list | --known | --record] [--only NAME] [--jobs N]\n",
               why.c_str());
  return exit_usage;
}

// ---- the known killers: a line each, `mutant kind seed [name]`

std::map<std::string, Shot> read_known(const std::string& file) {
  std::map<std::string, Shot> known;
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words{line};
    std::string name;
    std::string kind;
    Shot shot;
    words >> name >> kind >> shot.seed >> std::ws;
    std::getline(words, shot.hunt.name);
    const auto of = hunt_kind_of(kind);
    if (!of || find_row(name) == nullptr) {
      std::fprintf(stderr, "%s: '%s' is no mutant and its killer\n", file.c_str(), line.c_str());
      continue;
    }
    shot.hunt.kind = *of;
    known[name] = shot;
  }
  return known;
}

bool write_known(const std::string& file, const std::map<std::string, Shot>& known) {
  std::ofstream out{file};
  out << "# What kills each mutant, as `./run mutants --record` found it: mutant, kind of run, seed, name of the "
         "run.\n";
  for (const Row& row : table()) {
    const auto found = known.find(row.name);
    if (found == known.end()) continue;
    out << row.name << ' ' << to_string(found->second.hunt.kind) << ' ' << found->second.seed;
    if (!found->second.hunt.name.empty()) out << ' ' << found->second.hunt.name;
    out << '\n';
  }
  return out.good();
}

// ---- hunting

std::vector<Shot> all_shots(const Row& row) {
  std::vector<Shot> shots;
  for (const Hunt& hunt : row.hunts) {
    for (std::uint64_t seed = 1; seed <= hunt.seeds; ++seed) shots.push_back({hunt, seed});
  }
  return shots;
}

std::vector<Trail> trails_of(const Options& options, const std::map<std::string, Shot>& known) {
  std::vector<Trail> trails;
  std::vector<Shot> sound;
  for (const Row& row : table()) {
    if (!options.only.empty() && row.name != options.only) continue;
    const auto found = known.find(row.name);
    Trail trail;
    trail.row = &row;
    if (!options.known) {
      trail.shots = all_shots(row);
    } else if (found != known.end()) {
      trail.shots = {found->second};
    }
    trails.push_back(std::move(trail));
    if (found == known.end()) continue;
    const bool again = std::any_of(sound.begin(), sound.end(), [&](const Shot& shot) {
      return shot.seed == found->second.seed && shot.hunt.kind == found->second.hunt.kind &&
             shot.hunt.name == found->second.hunt.name;
    });
    if (!again) sound.push_back(found->second);
  }
  for (const Shot& shot : sound) {
    Trail trail;
    trail.shots = {shot};
    trails.push_back(std::move(trail));
  }
  return trails;
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// What a row of the table says of the killer: the invariant, or the test, or how it died.
std::string killer(const ChildEnd& end) {
  switch (end.how) {
    case ChildEnd::How::hung:
      return "a hang";
    case ChildEnd::How::crashed: {
      const std::size_t assertion = end.text.find("hawser: ");
      if (assertion == std::string::npos) return "a crash: " + one_line(end.text.substr(0, 100));
      const std::size_t begin = assertion + 8;
      return "an assertion: " + end.text.substr(begin, end.text.find(" (", begin) - begin);
    }
    default:
      return one_line(end.text);
  }
}

class Party {
 public:
  Party(std::vector<Trail>& trails, unsigned jobs) : trails_(trails), jobs_(jobs), children_(seconds_per_run_max) {}

  void run() {
    for (;;) {
      while (children_.running() < jobs_ && begun_ < trails_.size()) shoot(trails_[begun_++]);
      if (children_.running() == 0) break;
      children_.wait();
    }
    if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\x1b[K");
  }
  // Runs that accuse the sound library, found on the way.
  std::vector<Trail> take_alarms() { return std::move(alarms_); }

 private:
  void shoot(Trail& trail) {
    if (trail.next == trail.shots.size()) {
      ++done_;
      return;
    }
    const Shot shot = trail.shots[trail.next++];
    const Mutant mutant = trail.row == nullptr ? Mutant::none : trail.row->mutant;
    progress(trail);
    children_.start([shot, mutant] { return run_hunt(shot.hunt, shot.seed, mutant).value_or(std::string{}); },
                    [this, &trail](const ChildEnd& end) { take(trail, end); });
  }
  void take(Trail& trail, const ChildEnd& end) {
    trail.seconds += end.seconds;
    if (end.how == ChildEnd::How::passed) return shoot(trail);
    if (trail.row == nullptr) return settle(trail, end);
    // Only a run that the sound library passes has found anything.
    const Shot shot = trail.last();
    const auto passed = sound_.find({text_of(shot), shot.hunt.name, shot.seed});
    if (passed != sound_.end()) return passed->second ? settle(trail, end) : shoot(trail);
    children_.start([shot] { return run_hunt(shot.hunt, shot.seed, Mutant::none).value_or(std::string{}); },
                    [this, &trail, shot, end](const ChildEnd& sound) {
                      const bool passes = sound.how == ChildEnd::How::passed;
                      const bool fresh = sound_.try_emplace({text_of(shot), shot.hunt.name, shot.seed}, passes).second;
                      if (passes) return settle(trail, end);
                      Trail alarm;
                      alarm.shots = {shot};
                      alarm.next = 1;
                      alarm.killed = true;
                      alarm.by = killer(sound);
                      if (fresh) alarms_.push_back(std::move(alarm));
                      shoot(trail);
                    });
  }
  void settle(Trail& trail, const ChildEnd& end) {
    trail.killed = true;
    trail.by = killer(end);
    ++done_;
  }
  void progress(const Trail& trail) const {
    if (::isatty(STDERR_FILENO) == 0) return;
    std::fprintf(stderr, "\r\x1b[K%zu of %zu, %s, %s %llu", done_, trails_.size(),
                 trail.row == nullptr ? "none" : trail.row->name.c_str(), text_of(trail.last()).c_str(),
                 static_cast<unsigned long long>(trail.last().seed));
    std::fflush(stderr);
  }

  std::vector<Trail>& trails_;
  unsigned jobs_;
  Children children_;
  std::size_t begun_ = 0;
  std::size_t done_ = 0;
  std::vector<Trail> alarms_;
  std::map<std::tuple<std::string, std::string, std::uint64_t>, bool> sound_;  // whether the sound library passes
};

// ---- what is printed

void print_row(const std::string& name, const std::string& run, const std::string& seed, const std::string& tried,
               const std::string& seconds, const std::string& by) {
  std::printf("%-28s %-18s %5s %6s %8s  %s\n", name.c_str(), run.c_str(), seed.c_str(), tried.c_str(), seconds.c_str(),
              by.c_str());
}

void print(const Trail& trail) {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.1f", trail.seconds);
  std::string by = trail.by.substr(0, 160);
  if (!trail.killed)
    by = trail.row == nullptr ? "passes" : (trail.next == 0 ? "SURVIVED: no killer is known" : "SURVIVED");
  if (trail.killed && trail.row == nullptr) by = "FALSE ALARM: " + by;
  const bool ran = trail.next > 0;
  print_row(trail.row == nullptr ? "none" : trail.row->name, ran ? text_of(trail.last()) : "-",
            ran ? std::to_string(trail.last().seed) : "-", std::to_string(trail.next), seconds, by);
}

int list() {
  for (const Row& row : table()) {
    std::string hunts;
    for (const Hunt& hunt : row.hunts) {
      hunts += (hunts.empty() ? "" : ", ") + std::string{to_string(hunt.kind)};
      if (hunt.kind == Hunt::Kind::plot) hunts += ' ' + hunt.name;
    }
    std::printf("%-28s %-60s %s\n", row.name.c_str(), row.breaks.c_str(), hunts.c_str());
  }
  std::printf("%zu mutants\n", table().size());
  return exit_fine;
}

// Empty when the arguments are fine.
std::string parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&]() -> std::string { return i + 1 < argc ? argv[++i] : ""; };
    if (word == "--list") {
      options.list = true;
    } else if (word == "--known") {
      options.known = true;
    } else if (word == "--record") {
      options.record = true;
    } else if (word == "--known-file") {
      options.known_file = value();
    } else if (word == "--only") {
      options.only = value();
      if (find_row(options.only) == nullptr) return "there is no mutant '" + options.only + "'; see --list";
    } else if (word == "--jobs") {
      const std::string number = value();
      const auto end = std::from_chars(number.data(), number.data() + number.size(), options.jobs);
      if (end.ec != std::errc{} || *end.ptr != '\0' || options.jobs == 0 || options.jobs > 256)
        return "--jobs takes a number from 1 to 256";
    } else {
      return "there is no option '" + word + "'";
    }
  }
  if (options.list + options.known + options.record > 1) return "one of --list, --known and --record";
  return {};
}

unsigned usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) != 0 ? 1 : static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (const std::string problem = parse(argc, argv, options); !problem.empty()) return usage(problem);
  if (options.list) return list();
  std::map<std::string, Shot> known = read_known(options.known_file);
  std::vector<Trail> trails = trails_of(options, options.record ? std::map<std::string, Shot>{} : known);
  Party party{trails, options.jobs == 0 ? usable_cpus() : options.jobs};
  party.run();
  for (Trail& alarm : party.take_alarms()) trails.push_back(std::move(alarm));

  std::size_t survivors = 0;
  std::size_t accused = 0;
  print_row("mutant", "run", "seed", "tried", "seconds", "killed by");
  for (const Trail& trail : trails) {
    print(trail);
    if (trail.row != nullptr && !trail.killed) ++survivors;
    if (trail.row == nullptr && trail.killed) ++accused;
    if (trail.row != nullptr && trail.killed) known[trail.row->name] = trail.last();
  }
  if (options.record && !write_known(options.known_file, known)) {
    std::fprintf(stderr, "cannot write %s\n", options.known_file.c_str());
    return exit_usage;
  }
  const auto mutants = static_cast<std::size_t>(
      std::count_if(trails.begin(), trails.end(), [](const Trail& trail) { return trail.row != nullptr; }));
  std::printf("%zu of %zu mutants killed, %zu of %zu runs accuse the sound library\n", mutants - survivors, mutants,
              accused, trails.size() - mutants);
  return survivors + accused == 0 ? exit_fine : exit_survivor;
}
