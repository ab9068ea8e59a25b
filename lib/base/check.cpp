#include "lib/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace fdl {

void report_bug(std::string_view condition, const char* file, int line) {
  std::fprintf(stderr, "fdl: internal error at %s:%d: '%.*s' does not hold; please report this\n",
               file, line, static_cast<int>(condition.size()), condition.data());
  std::abort();
}

}  // namespace fdl
