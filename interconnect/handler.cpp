#include <hawser/interconnect/handler.hpp>

#include <kj/exception.h>

namespace hawser::detail {

// A kj::Exception is thrown by reading a message that is not what its type says; anything else is the handler's own.
HandlerEnd failed_end(std::exception_ptr error) noexcept {
  try {
    std::rethrow_exception(std::move(error));
  } catch (const kj::Exception&) {
    return {true, Cause::malformed, {}};
  } catch (...) {
    return {true, Cause::handler_threw, {}};
  }
}

}  // namespace hawser::detail
