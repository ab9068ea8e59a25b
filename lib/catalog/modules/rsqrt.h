#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec rsqrt_spec() {
  return elementwise("rsqrt", "1 / sqrt(x), element by element.")
      .input("input", DTypeClass::Floating)
      .positive()
      .keeps({"output"})
      .source("torch.rsqrt")
      .example("rsqrt");
}

}  // namespace fdl::catalog
