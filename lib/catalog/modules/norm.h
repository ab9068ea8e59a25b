#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

struct NormParams {
  AxisList dim;
  double p = 2;
  bool keepdim = false;
};

inline ModuleSpec norm_spec() {
  using P = NormParams;
  return reduction<P>("norm", "The p-norm over axes.")
      .param("p", &P::p, "The exponent; .inf is the largest absolute value.")
      .keeps({"input", "output"})
      .source("torch.linalg.vector_norm")
      .example("norm: -1");
}

}  // namespace fdl::catalog
