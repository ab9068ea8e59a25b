#pragma once

#include "lib/catalog/modules/embedding.h"

namespace fdl::catalog {

struct EmbeddingBagParams : EmbeddingParams {
  std::string mode = "mean";
};

inline ModuleSpec embedding_bag_spec() {
  using P = EmbeddingBagParams;
  return declare_embedding<P>("embedding_bag",
                              "Look up a learned vector for each integer and join those of the "
                              "last axis; the padding symbol does not count.")
      .param("mode", &P::mode, "How the vectors are joined.",
             config::choices({"sum", "mean", "max"}))
      .shape("[*, bag] -> [*, embedding_dim]")
      .flops([](const P& p, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(p.embedding_dim);
      })
      // Which bag each integer is in; where bags begin, their sizes, and places of maxima.
      .keeps_bytes([](const P& p, const TensorType& x, const TensorType& out) {
        const Dim bags = floor_div(num_elements(out.shape), p.embedding_dim);
        return (num_elements(x.shape) + Dim(3) * bags) * Dim(bytes_of(DType::I64));
      })
      .source("torch.nn.EmbeddingBag")
      .example("embedding_bag: { num: 12, dim: 3 }", {"i64[5]"});
}

}  // namespace fdl::catalog
