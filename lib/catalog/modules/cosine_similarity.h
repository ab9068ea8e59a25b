#pragma once

#include "lib/catalog/combined.h"

namespace fdl::catalog {

struct CosineSimilarityParams {
  std::int64_t dim = 1;
  double eps = 1e-8;
};

inline ModuleSpec cosine_similarity_spec() {
  using P = CosineSimilarityParams;
  return along_both<P>("cosine_similarity",
                       "The cosine of the angle between two inputs along one axis.")
      .param("eps", &P::eps, "The least that is divided by.", config::above(0))
      // Both inputs at length 1, and their lengths.
      .keeps_bytes([](const auto&, const TensorType& x, const TensorType& out) {
        return Dim(2) * bytes_of(x) + Dim(4) * bytes_of(out);
      })
      .source("torch.nn.CosineSimilarity")
      .example("cosine_similarity", {"f64[3, 4]", "f64[3, 4]"});
}

}  // namespace fdl::catalog
