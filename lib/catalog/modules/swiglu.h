#pragma once

#include "lib/catalog/along_axis.h"

namespace fdl::catalog {

struct SwigluParams {
  std::int64_t dim = -1;
};

inline ModuleSpec swiglu_spec() {
  return gated_halves<SwigluParams>("swiglu",
                                    "The silu of the first half of an axis times its second half.")
      // What becomes of the first half.
      .keeps_bytes(
          [](const auto&, const TensorType&, const TensorType& out) { return bytes_of(out); })
      .source("Shazeer 2020, arXiv:2002.05202, equation 5")
      .example("swiglu");
}

}  // namespace fdl::catalog
