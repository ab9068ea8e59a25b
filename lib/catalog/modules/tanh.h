#pragma once

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct TanhParams {};

inline ModuleSpec tanh_spec() {
  return declare<TanhParams>("tanh", "The hyperbolic tangent, element by element.")
      .shape("[*] -> [*]")
      .keeps({"output"})
      .source("torch.nn.Tanh")
      .example("tanh");
}

}  // namespace fdl::catalog
