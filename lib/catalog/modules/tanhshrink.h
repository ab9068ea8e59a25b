#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec tanhshrink_spec() {
  return elementwise("tanhshrink", "x - tanh(x), element by element.", 2)
      .keeps({})
      .keeps_bytes([](const auto&, const TensorType& x, const TensorType&) { return bytes_of(x); })
      .source("torch.nn.Tanhshrink")
      .example("tanhshrink");
}

}  // namespace fdl::catalog
