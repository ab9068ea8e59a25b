#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec tanhshrink_spec() {
  return elementwise("tanhshrink", "x - tanh(x), element by element.", 2)
      .source("torch.nn.Tanhshrink")
      .example("tanhshrink");
}

}  // namespace fdl::catalog
