#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec silu_spec() {
  return elementwise("silu", "x / (1 + exp(-x)), element by element.", 4)
      .source("Hendrycks and Gimpel 2016, arXiv:1606.08415; torch.nn.SiLU")
      .example("silu");
}

}  // namespace fdl::catalog
