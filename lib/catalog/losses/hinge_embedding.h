#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct HingeEmbeddingParams {
  double margin = 1;
  std::string reduction = "mean";
};

inline EntrySpec hinge_embedding_spec() {
  using P = HingeEmbeddingParams;
  return declare_entry<P>(
             "hinge_embedding",
             "Distances: the output where the target is 1, what it lacks of the margin "
             "where the target is -1.")
      .param("margin", &P::margin, "How far apart unlike ones should be.")
      .reduction()
      .target(Values::PlusMinus, "f32[3]")
      .fits([](const P&, const TensorType& output, const TensorType& target) {
        return needs_same_shape(output, "target", target);
      })
      .source("torch.nn.HingeEmbeddingLoss");
}

}  // namespace fdl::catalog
