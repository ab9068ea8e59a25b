#pragma once

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct ReluParams {};

inline ModuleSpec relu_spec() {
  return declare<ReluParams>("relu", "max(0, x), element by element.")
      .shape("[*] -> [*]")
      .keeps({"output"})
      .source("torch.nn.ReLU")
      .example("relu");
}

}  // namespace fdl::catalog
