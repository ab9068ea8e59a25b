#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

struct ChunkParams {
  std::int64_t chunks = 2;
  std::int64_t dim = 1;
};

// The sizes of that many parts of an axis: equal ones, and a smaller last one.
inline tl::expected<std::vector<Dim>, std::string> chunk_sizes(const Dim& axis,
                                                               std::int64_t chunks) {
  const Dim equal = floor_div(axis, chunks);
  if (equal * Dim(chunks) == axis && !(equal == Dim(0)))
    return std::vector<Dim>(static_cast<std::size_t>(chunks), equal);
  const std::string all =
      "an axis of size " + axis.text() + " does not give " + std::to_string(chunks) + " parts";
  if (!axis.is_number() || chunks > axis.number()) return tl::unexpected(all);
  const std::int64_t most = (axis.number() + chunks - 1) / chunks,
                     last = axis.number() - most * (chunks - 1);
  if (last < 1) return tl::unexpected(all + " of size " + std::to_string(most));
  std::vector<Dim> out(static_cast<std::size_t>(chunks), Dim(most));
  out.back() = last;
  return out;
}

inline ModuleSpec chunk_spec() {
  using P = ChunkParams;
  return declare<P>("chunk", "Cut an axis into parts: the outputs 0, 1 and so on.")
      .param("chunks", &P::chunks, "How many parts.", config::required, config::main_field,
             config::between(1, 4096))
      .param("dim", &P::dim, "The axis to cut.")
      .outputs_of([](const P& p) {
        std::vector<std::string> names;
        for (std::int64_t i = 0; i < p.chunks; ++i) names.push_back(std::to_string(i));
        return names;
      })
      .types("[N, axes] -> for each part [N, axes with its size at 'dim']",
             [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
               const TensorType& x = inputs.front();
               const auto axis = inner_axis(p.dim, x.shape);
               if (!axis) return tl::unexpected(axis.error());
               const auto sizes = chunk_sizes(x.shape[static_cast<std::size_t>(*axis)], p.chunks);
               if (!sizes) return tl::unexpected(sizes.error());
               std::vector<TensorType> out(sizes->size(), x);
               for (std::size_t i = 0; i < out.size(); ++i)
                 out[i].shape[static_cast<std::size_t>(*axis)] = (*sizes)[i];
               return out;
             })
      .input("input", DTypeClass::Any)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .view()
      .source("torch.chunk")
      .example("chunk: { chunks: 2, dim: 1 }");
}

}  // namespace fdl::catalog
