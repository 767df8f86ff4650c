#include <hawser/inspect/admin_order.hpp>

#include <hawser/interconnect/runtime.hpp>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <sys/stat.h>

namespace hawser {
namespace {

constexpr std::size_t token_min = 16;
constexpr std::size_t token_max = 256;

}  // namespace

std::string_view to_string(AdminAction action) noexcept {
  switch (action) {
    case AdminAction::isolate:
      return "isolate";
    case AdminAction::reset_breaker:
      return "reset_breaker";
    case AdminAction::log_level:
      return "log_level";
    case AdminAction::reload:
      return "reload";
  }
  return "";
}

bool same_token(std::string_view given, std::string_view wanted) noexcept {
  if (wanted.empty()) return false;
  std::size_t different = given.size() ^ wanted.size();
  // Every character that was given is looked at, so that time tells no more than what the asker knows already.
  for (std::size_t i = 0; i < given.size(); ++i) {
    different |= static_cast<std::size_t>(static_cast<unsigned char>(given[i] ^ wanted[i % wanted.size()]));
  }
  return different == 0;
}

std::string read_token(const std::string& path) {
  const std::string key = "admin.token_file " + path;
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) {
    throw StartError(key + " is no file that can be found: write a token of at least 16 characters into it");
  }
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw StartError(key + " can be read by others than its owner: chmod 600 it, and choose another token");
  }
  std::string token(token_max + 2, '\0');
  std::ifstream file{path};
  file.read(token.data(), static_cast<std::streamsize>(token.size()));
  if (file.bad() || (!file && !file.eof())) throw StartError(key + " cannot be read: let the node's user own it");
  token.resize(static_cast<std::size_t>(file.gcount()));
  token = token.substr(0, token.find_first_of("\r\n"));
  const bool plain = std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (token.size() < token_min || token.size() > token_max || !plain) {
    throw StartError(key + " must begin with a line of 16 to 256 characters without blanks: that is the token");
  }
  return token;
}

}  // namespace hawser
