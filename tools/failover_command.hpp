// `hawser failover` and `hawser sim failover`: how long it takes until a removed member has stopped and its place may
// be taken, on real processes beside the simulator and in the simulator alone, as a table.
#pragma once

#include <cstdint>
#include <string>

namespace hawser::tools {

struct FailoverCommandOptions {
  unsigned nodes = 5;       // 3 .. 32; real ones 3 .. 9
  std::uint64_t runs = 20;  // of each row; 1 .. 10000
  std::uint64_t seed = 1;   // of the first
  std::string strategy = "keep_majority";
  std::string config;  // a file whose detector and isolation replace both built-in settings; empty: those
  bool json = false;
};

// 0: every run ended, and by its bound where it has one; 1: one did not; 2: the options or the file are wrong.
int sim_failover(const FailoverCommandOptions& options);
// The same with columns of real processes, each in a network namespace of its own. 1 also when there can be none here.
// SIGINT, SIGTERM and SIGHUP end it with them and their network: what was measured until then is shown, without the
// simulator's columns, and the code is 2 unless it is 1.
int failover(const FailoverCommandOptions& options);

}  // namespace hawser::tools
