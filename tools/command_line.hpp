// The command line: what may be asked of `hawser`, told to the command that does it.
//
// The one file that knows the parser is command_line.cpp. Exit codes are those of exit_code.hpp, the parser's own never
// show.
#pragma once

namespace hawser::tools {

int run_command_line(int argc, char** argv);

}  // namespace hawser::tools
