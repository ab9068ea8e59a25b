#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec softsign_spec() {
  return elementwise("softsign", "x / (1 + |x|), element by element.", 3)
      .keeps_bytes([](const auto&, const TensorType& x, const TensorType&) { return bytes_of(x); })
      .source("torch.nn.Softsign")
      .example("softsign");
}

}  // namespace fdl::catalog
