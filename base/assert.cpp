#include <hawser/base/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace hawser {
namespace {
AssertionHandler installed = nullptr;
}

AssertionHandler set_assertion_handler(AssertionHandler handler) noexcept {
  AssertionHandler before = installed;
  installed = handler;
  return before;
}

void assertion_failed(const AssertionSite& site) {
  if (installed != nullptr) installed(site);
  std::fprintf(stderr, "hawser: %s (%s) at %s:%d\n", site.message, site.condition, site.file, site.line);
  std::abort();
}

}  // namespace hawser
