#pragma once

#include <optional>

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct EmbeddingParams {
  std::int64_t num_embeddings = 0;
  std::int64_t embedding_dim = 0;
  std::optional<std::int64_t> padding_idx;
};

// N(0, 1), with a zero row for the padding symbol.
inline Init embedding_init(const void* params, const std::vector<std::int64_t>&) {
  const auto& p = *static_cast<const EmbeddingParams*>(params);
  const std::int64_t row = p.padding_idx.value_or(-1);
  return {Init::Kind::Normal, 0, 1, p.padding_idx && row < 0 ? row + p.num_embeddings : row};
}

inline ModuleSpec embedding_spec() {
  using config::alias, config::at_least, config::required;
  using P = EmbeddingParams;
  return declare<P>("embedding", "Look up a learned vector for each integer.")
      .param("num_embeddings", &P::num_embeddings,
             "How many vectors: integers run from 0 to this, exclusive.", required, alias("num"),
             at_least(1))
      .param("embedding_dim", &P::embedding_dim, "Length of a vector.", required, alias("dim"),
             at_least(1))
      .param("padding_idx", &P::padding_idx,
             "An integer whose vector starts at zero and is not trained.")
      .require(
          [](const P& p) {
            return !p.padding_idx ||
                   (*p.padding_idx < p.num_embeddings && *p.padding_idx >= -p.num_embeddings);
          },
          "'padding_idx' must be below 'num_embeddings'")
      .tensor("weight", "[num_embeddings, embedding_dim]", embedding_init)
      .input("input", DTypeClass::Integer)
      .output_dtype(DType::F32)
      .shape("[*] -> [*, embedding_dim]")
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .source("torch.nn.Embedding")
      .example("embedding: { num: 1000, dim: 64 }");
}

}  // namespace fdl::catalog
