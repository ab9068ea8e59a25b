#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec log_sigmoid_spec() {
  return elementwise("log_sigmoid", "The logarithm of 1 / (1 + exp(-x)), element by element.", 4)
      .keeps_bytes([](const auto&, const TensorType& x, const TensorType&) { return bytes_of(x); })
      .source("torch.nn.LogSigmoid")
      .example("log_sigmoid");
}

}  // namespace fdl::catalog
