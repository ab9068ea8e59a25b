#pragma once

#include <string_view>

namespace fdl {

// Ends the process with a place and "please report". For our own mistakes only: never reachable
// from a user's input.
[[noreturn]] void report_bug(std::string_view condition, const char* file, int line);

}  // namespace fdl

#define FDL_CHECK(condition)                                             \
  do {                                                                   \
    if (!(condition)) ::fdl::report_bug(#condition, __FILE__, __LINE__); \
  } while (false)
