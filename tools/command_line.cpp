#include "command_line.hpp"

#include "config_command.hpp"
#include "demo_command.hpp"
#include "disasters_command.hpp"
#include "exhaust_command.hpp"
#include "exit_code.hpp"
#include "failover_command.hpp"
#include <hawser/base/nearest.hpp>
#include <hawser/base/version.hpp>
#include "inspect_command.hpp"
#include "node_command.hpp"
#include "replay_command.hpp"
#include "replay_detector.hpp"
#include "resolve_command.hpp"
#include "sim_command.hpp"
#include "sweep_command.hpp"
#include "text.hpp"
#include "trace_command.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hawser::tools {
namespace {

// Options live as long as the run; each command sets what is to be done.
struct CommandLine {
  CLI::App app{"Hawser: a cluster interconnect that stays honest while the network lies."};
  std::function<int()> chosen;
  ConfigCheckOptions check;
  ConfigShowOptions show;
  ConfigInitOptions init;
  NodeOptions node;
  DemoOptions demo_options;
  DemoOptions sim_demo_options;
  DisastersOptions disasters_options;
  SimRunOptions sim_run_options;
  SimGenerateOptions sim_generate_options;
  ReplayOptions replay_options;
  ReplayDetectorOptions detector_options;
  ResolveOptions resolve_options;
  InspectOptions inspect;
  ExhaustCommandOptions exhaust;
  FailoverCommandOptions failover_options;
  FailoverCommandOptions sim_failover_options;
  SweepCommandOptions sweep;
  TraceDiffOptions diff;
  DeterminismOptions determinism;
  std::string trace_out;

  CLI::App* command(CLI::App& parent, const std::string& name, const std::string& about, std::function<int()> run,
                    const std::string& examples) {
    CLI::App* const sub = parent.add_subcommand(name, about);
    sub->callback([this, run = std::move(run)] { chosen = run; });
    sub->footer("Examples:\n" + examples);
    return sub;
  }

  void config_commands() {
    CLI::App* const config = app.add_subcommand("config", "Check, show or write a configuration");
    config->require_subcommand(1);
    config->footer(
        "Examples:\n  hawser config init --id n1 --peer n2=127.0.0.1:7002 --out n1.toml\n"
        "  hawser config check n1.toml");
    CLI::App* const checked = command(
        *config, "check", "Says what a file's settings amount to, or all that is wrong with it",
        [this] { return config_check(check); },
        "  hawser config check n1.toml\n      detection and dialling times, memory bounds, "
        "warnings; exit code 2 when it cannot be used");
    checked->add_option("file", check.file, "The TOML file")->required();

    CLI::App* const shown = command(
        *config, "show", "Lists every key: value, unit, range, what it is and costs",
        [this] { return config_show(show); }, "  hawser config show --defaults\n  hawser config show n1.toml");
    CLI::Option* const file = shown->add_option("file", show.file, "A TOML file whose values to show");
    shown->add_flag("--defaults", show.defaults, "The defaults (also without a file)")->excludes(file);
    shown->add_flag("--markdown", show.markdown, "As the tables of docs/configuration.md");

    CLI::App* const written = command(
        *config, "init", "Writes a first file, with every key explained", [this] { return config_init(init); },
        "  hawser config init --id n1 --listen 127.0.0.1:7001 --peer n2=127.0.0.1:7002 "
        "--peer n3=127.0.0.1:7003 --out n1.toml");
    written->add_option("--id", init.id, "Name of the node")->capture_default_str();
    written->add_option("--cluster", init.cluster, "Name of the cluster")->capture_default_str();
    written->add_option("--listen", init.listen, "Where it takes connections")->capture_default_str();
    written->add_option("--peer,--peers", init.peers, "Another node, id=host:port; may be given many times")
        ->delimiter(',');
    written->add_option("--out", init.out, "File to write; never overwrites");
  }

  void node_command() {
    CLI::App* const run = command(
        app, "node", "Runs one node with an example service", [this] { return run_node(node); },
        "  hawser node --config n1.toml\n      tells what happens to its peers, in words\n"
        "  hawser node --config n1.toml --traffic Greeting=50 --traffic Order=20\n"
        "      also sends 50 greetings and 20 requests a second to every peer\n"
        "  hawser node --config n1.toml --snapshots 200ms | jq .peers\n"
        "      one JSON line every 200 ms instead: the whole node, and its events since the line before\n\n"
        "SIGINT or SIGTERM drains and stops; a second one does not wait. SIGHUP reads the file again, SIGUSR1 writes "
        "the\n"
        "node and its last events to the error stream. A node of this command talks to any other\n"
        "node of the same cluster name.");
    run->add_option("--config", node.config, "The node's TOML file")->required();
    run->add_option("--snapshots", node.snapshots, "Print a snapshot as JSON this often, for example 200ms");
    run->add_option("--traffic", node.traffic, "Type=rate: Greeting, Order or Blob, per second to each peer");
    run->add_option("--log", node.log, "How events are written: words, key_values or json; else as log.format says");
    run->add_option("--log-level", node.log_level, "debug, info, warn or error; else as log.level says");
    run->add_option("--ttl", node.ttl, "TTL of that traffic, for example 2s");
    run->add_option("--blob-size", node.blob_size, "Size of a Blob")->capture_default_str();
  }

  CLI::App* inspect_command(const std::string& name, const std::string& about, std::function<int()> run,
                            const std::string& examples) {
    CLI::App* const sub = command(app, name, about, std::move(run), examples);
    sub->add_option(
           "--at", inspect.at,
           "The nodes' [admin] listen, host:port; several by commas or given again [HAWSER_AT, else 127.0.0.1:9001]")
        ->delimiter(',');
    sub->add_option("--timeout", inspect.timeout, "How long each of them may take")->capture_default_str();
    sub->add_flag("--json", inspect.json, "What the endpoints say, as they say it (docs/operations.md)");
    return sub;
  }

  // One that can look again and again.
  CLI::App* inspect_view(InspectView which, const std::string& name, const std::string& about,
                         const std::string& examples) {
    CLI::App* const sub = inspect_command(
        name, about, [this, which] { return run_inspect(which, inspect); }, examples);
    sub->add_flag("--watch", inspect.watch, "Look again and again; q or Ctrl-C ends it");
    looks_of(*sub);
    return sub;
  }

  void looks_of(CLI::App& sub) {
    sub.add_option("--interval", inspect.interval, "Between two looks, 50ms .. 1h")->capture_default_str();
    sub.add_option("--looks", inspect.looks, "End after so many looks; 0: never")->capture_default_str();
  }

  void inspect_commands() {
    inspect_view(InspectView::status, "status", "Running nodes in a few lines: stance, peers, messages",
                 "  hawser status\n  hawser status --at 10.0.0.1:9001,10.0.0.2:9001 --watch\n"
                 "  hawser status --json | jq .ready");
    inspect_view(InspectView::peers, "peers", "The peers of running nodes, each with the reason for its state",
                 "  hawser peers\n  hawser peers n3 --at 10.0.0.1:9001\n"
                 "  hawser peers --at 127.0.0.1:9001,127.0.0.1:9002\n      side by side, disagreements marked")
        ->add_option("id", inspect.peer, "Only this peer, with everything that is known of it");
    inspect_view(InspectView::channels, "channels",
                 "What running nodes send, by type and peer: queues, oldest age, breakers, outcomes",
                 "  hawser channels\n  hawser channels n3 --json | jq '.inbound'")
        ->add_option("id", inspect.peer, "Only to this peer");
    inspect_view(InspectView::members, "members", "Who is in the view, in which incarnation, and who is not",
                 "  hawser members\n  hawser members --json | jq .view");
    inspect_view(InspectView::matrix, "matrix", "Who hears whom, as running nodes know it",
                 "  hawser matrix\n  hawser matrix --at 127.0.0.1:9001,127.0.0.1:9002");
    inspect_view(InspectView::why, "why", "Tells why a node is as it is: causes, evidence, what is due, what to do",
                 "  hawser why n3\n  hawser why n3 --at 127.0.0.1:9001,127.0.0.1:9002\n"
                 "      by the word of several nodes; if n3 is among them, also by its own")
        ->add_option("id", inspect.peer, "The node in question")
        ->required();
    CLI::App* const events =
        inspect_view(InspectView::events, "events", "The last transitions of running nodes, with their causes",
                     "  hawser events --since 10min\n  hawser events -f\n  hawser events --since 41 --json");
    events->add_option("--since", inspect.since, "Only those numbered above this, or not older than a duration");
    events->add_flag("-f,--follow", inspect.follow, "Go on with what happens; Ctrl-C ends it");
    CLI::App* const top = inspect_command(
        "top", "The busiest channels, or the peers, live: keys sort and filter", [this] { return run_top(inspect); },
        "  hawser top\n  hawser top --sort oldest\n      c channels, p peers, < > sort, r reverse, / filter, q quit\n"
        "  hawser top --json --looks 2 | tail -1 | jq '.rows[0]'");
    top->add_option("--sort", inspect.sort, "The column to sort by");
    top->add_option("--filter", inspect.filter, "Only rows with this text");
    looks_of(*top);
    inspect_command(
        "check", "One line for probes: may the nodes act for the cluster?", [this] { return run_check(inspect); },
        "  hawser check --timeout 1s || echo 'do not send it work'\n"
        "      exit code 0: it may; 1: it may not; 2: wrong options; 3: nobody answers");
  }

  static void demo_options_of(CLI::App& sub, DemoOptions& options) {
    sub.add_option("--nodes", options.nodes, "How many nodes, 3 to 9")->capture_default_str();
    sub.add_option("--seconds", options.seconds, "About how long it takes, 15 to 600")->capture_default_str();
    sub.add_flag("--json", options.json, "One machine-readable result at the end, and nothing else");
    sub.add_flag("--partition", options.partition, "Cut a minority off, and mend it, instead of freezing and killing");
  }

  void replay_commands() {
    CLI::App* const all =
        app.add_subcommand("replay", "Tries settings on what really happened: a trace on standard input");
    all->require_subcommand(1);
    all->footer(
        "The trace is CSV, one event a line, sorted by the time at which calls began:\n"
        "  time,outcome,latency\n  0,success,12ms\n  1.5s,timeout,1s\n"
        "outcome: success, failure, timeout, overloaded, ignored. Times are microseconds or carry a unit. Optional\n"
        "columns: operation, priority (0..7), deadline. A settings file has lines `key = value`; docs/replay.md has "
        "all.\n\n"
        "Examples:\n  hawser replay breaker --config breaker.toml < trace.csv\n"
        "  hawser replay shedder --summary < trace.csv");
    for (const std::string_view kind : replay_kinds) {
      const std::string name{kind};
      CLI::App* const one = command(
          *all, name, "Feeds the trace to the " + name + ": one decision a line",
          [this, name] {
            replay_options.kind = name;
            return replay(replay_options);
          },
          "  hawser replay " + name + " --config settings.toml < trace.csv\n  hawser replay " + name +
              " --json < trace.csv | tail -1\n\nKeys: " + replay_keys(name));
      one->add_option("--config", replay_options.config, "A file of `key = value` lines; the defaults without");
      one->add_flag("--json", replay_options.json, "One JSON object a line, the summary last");
      one->add_flag("--summary", replay_options.summary, "The summary alone");
      one->add_option("--seed", replay_options.seed, "Of jitter; the same seed, the same answers")
          ->capture_default_str();
    }
    replay_detector_command(*all);
  }

  void replay_detector_command(CLI::App& all) {
    ReplayDetectorOptions& o = detector_options;
    CLI::App* const sub = command(
        all, "detector", "Holds failure detectors against recorded heartbeats",
        [this] { return replay_detector(detector_options); },
        "  hawser replay detector --config detector.toml < heartbeats.csv\n"
        "      phi before each reply, and when each detector would have convicted\n"
        "  hawser replay detector --config a.toml --config b.toml --summary < heartbeats.csv\n"
        "      two settings side by side: mistakes, and how long a crash would have taken to be seen\n"
        "  hawser replay detector --at 12s --at 13.5s --json < heartbeats.csv\n"
        "  hawser replay detector --mistakes-per-day 0.5 --summary < heartbeats.csv\n\n"
        "The trace is CSV with the column `time`, of each reply; or `sequence` and `round_trip` (nothing: lost).\n\n"
        "Keys: " +
            detector_keys());
    sub->add_option("--config", o.configs, "A file of `key = value` lines; may be given many times");
    sub->add_option("--at", o.at, "Also phi at this instant, for example 12s; may be given many times");
    sub->add_option("--mistakes-per-day", o.mistakes_per_day, "Recommend thresholds that make no more than that");
    sub->add_flag("--json", o.json, "One JSON object a line, the summaries last");
    sub->add_flag("--summary", o.summary, "The comparison alone");
  }

  void resolve_command() {
    ResolveOptions& o = resolve_options;
    CLI::App* const sub = command(
        app, "resolve", "Says who serves and who is isolated in a given cut, when, and why",
        [this] { return resolve(resolve_options); },
        "  hawser resolve --members examples/members.toml --cut 'n1,n2|n3,n4,n5'\n"
        "      every strategy that fits, side by side\n"
        "  hawser resolve --members examples/members.toml --strategy keep_oldest --links 'n1>n3,n2-n4'\n"
        "      what n1 sends to n3 is lost, and everything between n2 and n4\n"
        "  hawser resolve --members examples/members.toml --all-cuts\n"
        "      which cuts silence everybody, and which single failures are survived\n"
        "  hawser resolve --event changes.jsonl\n"
        "      decides recorded changes again, from their evidence (hawser sim run --changes)\n"
        "  echo '{\"members\": [\"n1\", \"n2\", \"n3\"], \"cut\": \"n1|n2,n3\"}' | hawser resolve --input - --json\n\n"
        "The shipped cores are played on virtual time until nothing changes. Exit code 0 when somebody serves under\n"
        "every strategy, 1 when nobody does under one of them, 2 when the question is wrong.");
    sub->add_option("--members", o.members, "A TOML or JSON file: members with id, weight, role; and the keys below");
    sub->add_option("--input", o.input, "All of it as JSON; - is the standard input");
    sub->add_option("--strategy", o.strategies, "keep_majority, static_quorum, keep_oldest, referee, none; repeatable");
    sub->add_option("--quorum", o.quorum, "How many voters static_quorum takes");
    sub->add_option("--referee", o.referee, "The member that decides with strategy referee");
    sub->add_option("--role", o.role, "Only members of this role vote");
    sub->add_option("--cut", o.cut, "Sides parted by |, members by commas; every member is on one");
    sub->add_option("--links", o.links, "a>b: what a sends to b is lost; a-b: both directions are");
    sub->add_option("--down", o.down, "Members that do not run, parted by commas");
    sub->add_option("--heartbeat", o.heartbeat, "Between pulses; 200ms when nothing is said");
    sub->add_option("--lease", o.lease, "How long a member serves on its last answers; 1.5s");
    sub->add_option("--stable-after", o.stable_after, "How long a wish must stand still; 1s");
    sub->add_option("--detection", o.detection, "Silence after which a link counts as lost; four heartbeats");
    sub->add_option("--event", o.event, "Changes of stance and view, a JSON object a line: each is decided again");
    sub->add_flag("--all-cuts", o.all_cuts, "Also: which cuts silence everybody, which single failures are survived");
    sub->add_flag("--json", o.json, "One JSON object, described in docs/commands.md");
  }

  void demo_commands() {
    CLI::App* const real = command(
        app, "demo", "Shows real nodes losing and finding each other, in half a minute",
        [this] { return demo(demo_options); },
        "  hawser demo\n      starts five nodes on loopback, freezes one, kills one, and tells what the others see\n"
        "  hawser demo --nodes 3 --seconds 15\n  hawser demo --json | jq .whole\n"
        "  hawser demo --partition\n      each node in a network namespace of its own; two of five are cut off by "
        "nftables,\n      isolate themselves, are replaced, and come back; as root, or where users may make\n"
        "      namespaces; takes the packages iproute2 and nftables\n\n"
        "Exit code 0 only if every step was seen as expected.");
    demo_options_of(*real, demo_options);
    disasters_command();

    CLI::App* const sim = app.add_subcommand("sim", "The simulator: the same nodes on virtual time");
    sim->require_subcommand(1);
    CLI::App* const simulated = command(
        *sim, "demo", "The story of `hawser demo` on virtual time", [this] { return sim_demo(sim_demo_options); },
        "  hawser sim demo\n  hawser sim demo --partition\n  hawser sim demo --seed 42 --json");
    demo_options_of(*simulated, sim_demo_options);
    simulated->add_option("--seed", sim_demo_options.seed, "Chance of this run; the same seed, the same run")
        ->capture_default_str();
    scenario_commands(*sim);
    exhaust_command(*sim);
    failover_commands(*sim);
    sweep_command(*sim);
    trace_commands(*sim);
  }

  void disasters_command() {
    CLI::App* const sub = command(
        app, "disasters", "Eight failures on virtual time: what is written every day against the resilience kit",
        [this] { return disasters(disasters_options); },
        "  hawser disasters\n      all eight, as one table\n  hawser disasters --only cascade --seed 7\n"
        "  hawser disasters --json | jq '.disasters[] | {name, healed: .kit.healed_us}'\n"
        "  hawser disasters --seeds 1..200\n      how near each promise came to being broken, under so many seeds\n\n"
        "Exit code 0 only if the kit kept what it promises. docs/resilience.md describes worlds and columns.");
    sub->add_option("--only", disasters_options.only,
                    "pool, slow, node, flood, cascade, exhaustion, partition or failover");
    sub->add_option("--seed", disasters_options.seed, "Chance of the traffic; the same seed, the same table")
        ->capture_default_str();
    sub->add_option("--seeds", disasters_options.seeds, "A..B: the worst of each number over so many seeds")
        ->excludes("--seed");
    sub->add_option("--jobs", disasters_options.jobs, "Worker processes for --seeds; 0 is one per CPU")
        ->capture_default_str();
    sub->add_flag("--json", disasters_options.json, "Every number, as JSON");
  }

  void scenario_commands(CLI::App& sim) {
    CLI::App* const run = command(
        sim, "run", "Plays a scenario, with every invariant watched", [this] { return sim_run(sim_run_options); },
        "  hawser sim run examples/scenarios/partition_minority.toml\n"
        "      plays the file, says what was expected and what was seen\n"
        "  hawser sim run --seed 42\n      plays what the seed stands for; the same as\n"
        "      hawser sim generate --seed 42 --out 42.toml && hawser sim run 42.toml\n"
        "  hawser sim run outage.toml --seed 7 --json - | jq .verdict\n"
        "  hawser sim run --seed 42 --until-event 9000 --trace trace.txt\n"
        "      up to the event that a violation named, with every row of the trace\n\n"
        "Exit codes: 0 pass, 1 fail, 2 inconclusive, or a file that cannot be played. docs/simulation.md has every "
        "key.");
    run->add_option("file", sim_run_options.file, "The scenario; without one, --seed makes it");
    run->add_option("--seed", sim_run_options.seed, "Chance of this run (with a file: instead of the file's seed)");
    run->add_option("--json", sim_run_options.json, "Write the report as JSON; - is the standard output");
    run->add_option("--trace", sim_run_options.trace, "Write every row of the trace; - is the standard output");
    run->add_option("--changes", sim_run_options.changes,
                    "Write every change of stance and view with its evidence, for hawser resolve --event");
    run->add_option("--until-event", sim_run_options.until_event, "Stop after so many events; then inconclusive");

    CLI::App* const made = command(
        sim, "generate", "Writes the scenario that a seed stands for",
        [this] { return sim_generate(sim_generate_options); },
        "  hawser sim generate --seed 42\n  hawser sim generate --seed 42 --out 42.toml");
    made->add_option("--seed", sim_generate_options.seed, "The seed")->capture_default_str();
    made->add_option("--out", sim_generate_options.out, "The file to write; else the standard output");
  }

  void sweep_command(CLI::App& sim) {
    CLI::App* const sub = command(
        sim, "sweep", "Plays many seeds on all cores, and groups what failed by invariant",
        [this] { return sim_sweep(sweep); },
        "  hawser sim sweep\n      1000 generated scenarios, all invariants\n"
        "  hawser sim sweep --seeds 5000..5999 --jobs 4 --json result.json\n"
        "  hawser sim sweep --minutes 10\n      as many as ten minutes hold\n"
        "  hawser sim sweep --seeds 1..200 scenario.toml\n      one scenario under many seeds\n\n"
        "A seed that crashes or hangs fails as I19, and the others go on. Ctrl-C keeps what is known.\n"
        "Exit code 0 when all passed, 1 when some failed, 2 when none failed and some were inconclusive or not seen.");
    sub->add_option("file", sweep.file, "A scenario; without one each seed generates its own");
    sub->add_option("--seeds", sweep.seeds, "A..B, or one; 1..1000 when nothing is said");
    sub->add_option("--minutes", sweep.minutes, "Begin no seed later than this; 0 is no limit")->capture_default_str();
    sub->add_option("--jobs", sweep.jobs, "Worker processes; 0 is one per CPU")->capture_default_str();
    sub->add_option("--json", sweep.json, "Write the result as JSON to this file; - is standard output");
  }

  void trace_commands(CLI::App& sim) {
    CLI::App* const differ = command(
        sim, "diff", "Finds the first row in which two traces differ", [this] { return sim_diff(diff); },
        "  hawser sim run a.toml --trace one.txt; hawser sim run a.toml --trace two.txt\n"
        "  hawser sim diff one.txt two.txt\n\n"
        "Exit code 0 when they are the same, 1 when they differ, 2 when one cannot be read.");
    differ->add_option("first", diff.first, "A trace")->required();
    differ->add_option("second", diff.second, "Another one")->required();
    differ->add_option("--context", diff.context, "Rows to show before and behind")->capture_default_str();

    CLI::App* const twice = command(
        sim, "check-determinism", "Plays a scenario twice under different conditions and compares the traces",
        [this] { return sim_check_determinism(determinism); },
        "  hawser sim check-determinism scenario.toml\n  hawser sim check-determinism --seed 17\n\n"
        "Locale, time zone, memory layout and contents, and CPUs differ between the two runs; the trace must not.\n"
        "Exit code 0 when both are the same, 1 when they differ, 2 when there was nothing to compare.");
    twice->add_option("file", determinism.file, "A scenario");
    twice->add_option("--seed", determinism.seed, "What this seed generates; with a file, instead of its own seed");
    twice->add_option("--context", determinism.context, "Rows to show before and behind")->capture_default_str();

    // What check-determinism runs: not for people.
    CLI::App* const trace = command(
        sim, "trace", "Plays a scenario and writes its trace", [this] { return sim_trace(determinism, trace_out); },
        "  hawser sim trace --seed 17 --out trace.txt");
    trace->group("");
    trace->add_option("--scenario", determinism.file, "A scenario");
    trace->add_option("--seed", determinism.seed, "Its seed");
    trace->add_option("--out", trace_out, "Where to")->required();
  }

  void failover_commands(CLI::App& sim) {
    CLI::App* const real = command(
        app, "failover", "Measures how long a place stays empty, on real processes that are killed and cut off",
        [this] { return failover(failover_options); },
        "  hawser failover\n      five processes in network namespaces beside the simulator: a crash, a cut, one bad "
        "link\n  hawser failover --config n1.toml --runs 20\n      with the times of a configuration\n\n"
        "As root, or where users may make namespaces; takes the packages iproute2 and nftables.\n"
        "Exit code 0 when every run ended within its bound, 1 when one did not or there can be no such network here,\n"
        "2 when the options are wrong.");
    failover_options.runs = 5;
    failover_options_of(*real, failover_options, "3 to 9; the last one loses");
    CLI::App* const simulated = command(
        sim, "failover", "Measures how long a place stays empty after a crash, a cut and one bad link",
        [this] { return sim_failover(sim_failover_options); },
        "  hawser sim failover\n      five nodes, defaults and tight settings, 20 runs of each\n"
        "  hawser sim failover --config n1.toml --runs 100\n      with the times of a configuration\n\n"
        "Exit code 0 when every run ended within its bound, 1 when one did not, 2 when the options are wrong.");
    failover_options_of(*simulated, sim_failover_options, "3 to 32; the last one loses");
  }

  static void failover_options_of(CLI::App& sub, FailoverCommandOptions& options, const std::string& nodes) {
    sub.add_option("--nodes", options.nodes, nodes)->capture_default_str();
    sub.add_option("--runs", options.runs, "Of each row")->capture_default_str();
    sub.add_option("--seed", options.seed, "Of the first run of each row")->capture_default_str();
    sub.add_option("--strategy", options.strategy, "Who may go on")->capture_default_str();
    sub.add_option("--config", options.config, "A configuration whose detector and isolation are to be measured");
    sub.add_flag("--json", options.json, "All times, as JSON");
  }

  void exhaust_command(CLI::App& sim) {
    CLI::App* const sub = command(
        sim, "exhaust", "Imposes every directed graph of who reaches whom on three or four nodes",
        [this] { return sim_exhaust(exhaust); },
        "  hawser sim exhaust --nodes 3\n      all 64 graphs: held, judged, healed, with every invariant checked\n"
        "  hawser sim exhaust --nodes 3 --strategy all\n      each of them with every strategy: who serves, too\n"
        "  hawser sim exhaust --nodes 4 --slice 1/16 --json result.json\n"
        "  hawser sim exhaust --nodes 4 --graph 1234\n      one graph, with the story of what went wrong\n\n"
        "Exit code 0 when all passed, 1 when some failed, 2 when the options are wrong or it was interrupted.");
    sub->add_option("--nodes", exhaust.nodes, "3 (64 graphs) or 4 (4096)")->capture_default_str();
    sub->add_option("--slice", exhaust.slice, "K/N: each N-th graph, beginning with the K-th")->capture_default_str();
    sub->add_option("--graph", exhaust.graph, "Only this one: a bit for each ordered pair, n1>n2 the lowest");
    sub->add_option("--strategy", exhaust.strategy, "Who may act when cut off: none, keep_majority .. arbiter; or all")
        ->capture_default_str();
    sub->add_flag("--cold", exhaust.cold, "Impose it before the nodes have met, not after");
    sub->add_option("--seed", exhaust.seed, "Chance of the worlds")->capture_default_str();
    sub->add_option("--jobs", exhaust.jobs, "Worker processes; 0 is one per CPU")->capture_default_str();
    sub->add_option("--json", exhaust.json, "Write the result as JSON to this file; - is standard output");
  }
};

// A word where a command should be, and none is called that. The parser would only say that one is missing.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  for (int word = 1; word < argc; ++word) {
    const std::string_view said{argv[word]};
    const std::vector<const CLI::App*> commands = at->get_subcommands([](const CLI::App*) { return true; });
    if (commands.empty() || said.starts_with('-')) return {};
    std::vector<std::string> names;
    for (const CLI::App* command : commands) names.push_back(command->get_name());
    const auto found = std::find(names.begin(), names.end(), said);
    if (found == names.end()) {
      const std::vector<std::string_view> candidates{names.begin(), names.end()};
      const std::string_view near = nearest_name(said, candidates);
      return "there is no command '" + printable(said) + "'" +
             (near.empty() ? "" : "; did you mean '" + std::string{near} + "'?");
    }
    at = commands[static_cast<std::size_t>(found - names.begin())];
  }
  return {};
}

int report(const CLI::ParseError& error, const CLI::App& app) {
  // Help and version are "errors" of the parser that succeed.
  if (error.get_exit_code() == 0) return app.exit(error);
  std::fprintf(stderr, "hawser: %s\n", error.what());
  const CLI::App* asked = &app;
  while (!asked->get_subcommands().empty()) asked = asked->get_subcommands().front();
  std::string path = asked->get_name();
  for (const CLI::App* up = asked->get_parent(); up != nullptr; up = up->get_parent())
    path = up->get_name() + " " + path;
  std::fprintf(stderr, "`%s --help` shows how it is used.\n", path.c_str());
  return exit_usage;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CommandLine line;
  line.app.name("hawser");
  line.app.require_subcommand(1);
  line.app.set_version_flag("--version", std::string{"hawser "} + std::string{library_version});
  line.app.footer(
      "Examples:\n"
      "  hawser demo\n"
      "  hawser config init --id n1 --peer n2=127.0.0.1:7002 --out n1.toml\n"
      "  hawser config check n1.toml\n"
      "  hawser node --config n1.toml --traffic Greeting=50\n"
      "  hawser status --at 127.0.0.1:9001\n\n"
      "Exit codes: 0 fine, 1 unhealthy or violated, 2 usage or configuration, 3 unreachable.");
  line.config_commands();
  line.node_command();
  line.demo_commands();
  line.replay_commands();
  line.resolve_command();
  line.inspect_commands();
  if (const std::string problem = unknown_command(line.app, argc, argv); !problem.empty()) {
    std::fprintf(stderr, "hawser: %s\n`hawser --help` lists the commands.\n", problem.c_str());
    return exit_usage;
  }
  try {
    line.app.parse(argc, argv);
    return line.chosen();
  } catch (const CLI::ParseError& error) {
    return report(error, line.app);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hawser: %s\n", error.what());
    return exit_unhealthy;
  }
}

}  // namespace hawser::tools
