// The version of Hawser, by semantic versioning: the one place where it is written.
//
// CMake reads the three numbers from here for the package version, so a release changes this file and nothing else. The
// wire has a version of its own (interconnect/frame.hpp): a release need not change what travels.
#pragma once

#include <string_view>

#define HAWSER_VERSION_MAJOR 0
#define HAWSER_VERSION_MINOR 1
#define HAWSER_VERSION_PATCH 0

#define HAWSER_VERSION_TEXT_OF(number) #number
#define HAWSER_VERSION_JOIN(major, minor, patch) \
  HAWSER_VERSION_TEXT_OF(major) "." HAWSER_VERSION_TEXT_OF(minor) "." HAWSER_VERSION_TEXT_OF(patch)

// The version as text, "1.2.3".
#define HAWSER_VERSION HAWSER_VERSION_JOIN(HAWSER_VERSION_MAJOR, HAWSER_VERSION_MINOR, HAWSER_VERSION_PATCH)

namespace hawser {

inline constexpr std::string_view library_version = HAWSER_VERSION;

}  // namespace hawser
