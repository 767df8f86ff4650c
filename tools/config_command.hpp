// `hawser config`: check a file and say what it amounts to, show every key, write a first file.
#pragma once

#include <string>
#include <vector>

namespace hawser::tools {

struct ConfigCheckOptions {
  std::string file;
};
// Prints what the settings amount to. Exit code 2, with every problem on stderr, when the file cannot be used.
int config_check(const ConfigCheckOptions& options);

struct ConfigShowOptions {
  std::string file;       // empty: the defaults
  bool defaults = false;  // the same, said in words
  bool markdown = false;  // the tables of docs/configuration.md
};
int config_show(const ConfigShowOptions& options);

struct ConfigInitOptions {
  std::string id = "n1";
  std::string cluster = "hawser";
  std::string listen = "127.0.0.1:7001";
  std::vector<std::string> peers;  // `n2=127.0.0.1:7002`
  std::string out;                 // empty: standard output; an existing file is never overwritten
};
int config_init(const ConfigInitOptions& options);

}  // namespace hawser::tools
