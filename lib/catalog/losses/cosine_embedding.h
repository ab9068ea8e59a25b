#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct CosineEmbeddingParams {
  double margin = 0;
  std::string reduction = "mean";
};

inline EntrySpec cosine_embedding_spec() {
  using P = CosineEmbeddingParams;
  return declare_entry<P>(
             "cosine_embedding",
             "One minus the cosine between output and input2 where the target is 1, the "
             "cosine above the margin where it is -1.")
      .param("margin", &P::margin, "Cosine that unlike ones may have.", config::between(-1, 1))
      .reduction()
      .target(Values::PlusMinus, "f32[]")
      .input("input2", "What the output is compared with.", Values::Any, "f32[3]")
      .fits([](const P&, const TensorTypes& types) {
        return first_of({needs_rows(types[0]), needs_one_a_sample("target", types[1]),
                         needs_same_shape(types[0], "input2", types[2])});
      })
      .source("torch.nn.CosineEmbeddingLoss");
}

}  // namespace fdl::catalog
