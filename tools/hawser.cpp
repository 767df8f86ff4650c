#include "command_line.hpp"

int main(int argc, char** argv) { return hawser::tools::run_command_line(argc, argv); }
