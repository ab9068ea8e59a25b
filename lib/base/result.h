#pragma once

#include <utility>

#include <tl/expected.hpp>

#include "lib/base/diagnostic.h"

namespace fdl {

// The outcome of an attempt on the world outside: a value, or a Diagnostic that names what was
// attempted on what, and what to try. The vocabulary is std::expected's.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Diagnostic> {
 public:
  using tl::expected<T, Diagnostic>::expected;
};

using Failure = tl::unexpected<Diagnostic>;

inline Failure fail(Diagnostic d) { return Failure(std::move(d)); }

}  // namespace fdl

// Returns the error of `expression` (a Result) from the enclosing function, if it has one.
#define FDL_TRY(expression)                                          \
  do {                                                               \
    auto fdl_try_result = (expression);                              \
    if (!fdl_try_result) return ::fdl::fail(fdl_try_result.error()); \
  } while (false)
