// The four roles a measuring process may have. Each runs one load to its end; broken promises are std::runtime_error.
#pragma once

#include "load.hpp"

namespace hawser::bench {

Figures send_plain(const Load& load);
void receive_plain(const Load& load);

// The receiver ends when its standard input does.
Figures send_hawser(const Load& load);
void receive_hawser(const Load& load);

}  // namespace hawser::bench
