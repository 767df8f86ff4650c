// What may be asked of a node beside looking at it: one order, what it needs, and who may give it.
//
// An order is taken only where the configuration allows it, with the right token, and not from a page of another
// origin: a browser that is lured somewhere must not take a node out of its cluster.
#pragma once

#include <hawser/base/ids.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace hawser {

enum class AdminAction : unsigned char { isolate, reset_breaker, log_level, reload };
// The words of paths and events: isolate, reset_breaker, log_level, reload.
std::string_view to_string(AdminAction action) noexcept;

struct AdminOrder {
  AdminAction action = AdminAction::isolate;
  NodeId peer;        // reset_breaker
  std::string type;   // reset_breaker: its schema name; empty: all of the peer's
  std::string level;  // log_level
};

// `text`: a sentence for people: what was done, or why not.
struct AdminResult {
  bool done = false;
  std::string text;
};

// What only the program around a node can do; called on the node's loop. Absent ones are answered with 501.
struct AdminHooks {
  std::function<AdminResult(std::string_view level)> log_level;
  std::function<AdminResult()> reload;  // what can change is read again; the text says what needs a restart
};

// Takes as long for a wrong token as for a right one, whichever character is wrong.
bool same_token(std::string_view given, std::string_view wanted) noexcept;

// The first line of the file. Throws StartError, with the fix, when it cannot be read, when others than its owner can
// read it, or when the token is shorter than 16 or longer than 256 characters.
std::string read_token(const std::string& path);

}  // namespace hawser
