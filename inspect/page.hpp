// The live page of a node: one document with its style and script inside, made from inspect/page/ when this is built.
#pragma once

#include <string_view>

namespace hawser {

std::string_view page_text();
// Its Content-Security-Policy: nothing from anywhere but this page's own style and script, by their hashes, and talk to
// this node alone.
std::string_view page_policy();

}  // namespace hawser
