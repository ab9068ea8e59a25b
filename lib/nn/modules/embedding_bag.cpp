#include "lib/catalog/modules/embedding_bag.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/embedding_bag.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

// x [*, bag] of integers below num_embeddings -> [*, embedding_dim].
at::Tensor embedding_bag(const catalog::EmbeddingBagParams& p, const Tensors& own,
                         const at::Tensor& x, StepContext&) {
  const std::int64_t bag = x.size(-1), mode = p.mode == "sum" ? 0 : p.mode == "mean" ? 1 : 2;
  const at::Tensor starts =
      at::arange(0, x.numel(), bag, at::TensorOptions(at::kLong).device(x.device()));
  const std::optional<std::int64_t> padding =
      p.padding_idx ? std::optional(catalog::padding_row(p)) : std::nullopt;
  const at::Tensor joined = std::get<0>(
      at::embedding_bag(own["weight"], x.flatten().to(at::kLong), starts,
                        /*scale_grad_by_freq=*/false, mode, /*sparse=*/false,
                        /*per_sample_weights=*/{}, /*include_last_offset=*/false, padding));
  std::vector<std::int64_t> shape = x.sizes().vec();
  shape.back() = p.embedding_dim;
  return joined.view(shape);
}

}  // namespace

Forward forward_embedding_bag() { return forward_of(embedding_bag); }

}  // namespace fdl::nn
