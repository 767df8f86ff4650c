// What the `hawser` command tells the shell.
#pragma once

namespace hawser::tools {

enum ExitCode : int {
  exit_fine = 0,
  exit_unhealthy = 1,     // something is not as it should be: a port in use, a promise violated, a step not observed
  exit_usage = 2,         // the command line, a configuration or a scenario is wrong
  exit_inconclusive = 2,  // a simulation that neither passed nor failed
  exit_unreachable = 3,   // nobody answers where we were told to ask
};

}  // namespace hawser::tools
