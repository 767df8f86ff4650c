// Why something is in the state it is in: since when, because of what, and when the next thing is due.
//
// Every state a user can see carries one. `cause` is a stable word from the state's own vocabulary (`silent`,
// `connect_refused`), `detail` a sentence for people; only the former may be compared.
#pragma once

#include <hawser/base/time.hpp>

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace hawser {

struct Reason {
  Instant since{};
  std::string_view cause = "none";  // a literal
  std::string detail;
  std::optional<Instant> next_at;

  friend bool operator==(const Reason&, const Reason&) = default;
};

std::ostream& operator<<(std::ostream&, const Reason&);

}  // namespace hawser
