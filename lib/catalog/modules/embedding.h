#pragma once

#include <optional>

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct EmbeddingParams {
  std::int64_t num_embeddings = 0;
  std::int64_t embedding_dim = 0;
  std::optional<std::int64_t> padding_idx;
};

// The row of the padding symbol, from 0; -1 when there is none.
inline std::int64_t padding_row(const EmbeddingParams& p) {
  const std::int64_t row = p.padding_idx.value_or(-1);
  return p.padding_idx && row < 0 ? row + p.num_embeddings : row;
}

// The table and its parameters, for each params struct that inherits EmbeddingParams. N(0, 1), with
// a zero row for the padding symbol.
template <typename P>
ModuleBuilder<P> declare_embedding(const std::string& name, std::string summary) {
  using config::alias, config::at_least, config::required;
  return declare<P>(name, std::move(summary))
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
      .tensor("weight", "[num_embeddings, embedding_dim]",
              [](const void* params, const std::vector<std::int64_t>&) {
                return Init{Init::Kind::Normal, 0, 1, padding_row(*static_cast<const P*>(params))};
              })
      .input("input", DTypeClass::Integer)
      .output_dtype(DType::F32);
}

inline ModuleSpec embedding_spec() {
  return declare_embedding<EmbeddingParams>("embedding",
                                            "Look up a learned vector for each integer.")
      .shape("[*] -> [*, embedding_dim]")
      .flops([](const EmbeddingParams&, const TensorType&, const TensorType&) { return Dim(0); })
      .source("torch.nn.Embedding")
      .example("embedding: { num: 1000, dim: 64 }");
}

}  // namespace fdl::catalog
