#pragma once

#include "lib/catalog/along_axis.h"

namespace fdl::catalog {

struct GegluParams {
  std::int64_t dim = -1;
  std::string approximate = "none";
};

inline ModuleSpec geglu_spec() {
  return gated_halves<GegluParams>("geglu",
                                   "The gelu of the first half of an axis times its second half.")
      .param("approximate", &GegluParams::approximate,
             "Use the tanh formula instead of the exact one.", config::choices({"none", "tanh"}))
      // What becomes of the first half.
      .keeps_bytes(
          [](const auto&, const TensorType&, const TensorType& out) { return bytes_of(out); })
      .source("Shazeer 2020, arXiv:2002.05202, equation 5")
      .example("geglu");
}

}  // namespace fdl::catalog
