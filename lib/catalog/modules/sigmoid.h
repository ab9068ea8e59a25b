#pragma once

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct SigmoidParams {};

inline ModuleSpec sigmoid_spec() {
  return declare<SigmoidParams>("sigmoid", "1 / (1 + exp(-x)), element by element.")
      .shape("[*] -> [*]")
      .keeps({"output"})
      .source("torch.nn.Sigmoid")
      .example("sigmoid");
}

}  // namespace fdl::catalog
