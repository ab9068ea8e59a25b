#pragma once

#include "lib/catalog/axes.h"

namespace fdl::catalog {

struct PonderParams {
  std::int64_t in_features = 0;
};

inline ModuleSpec ponder_spec() {
  using P = PonderParams;
  return declare<P>("ponder",
                    "A learned halt with gradients, over the trace of a loop: each turn has a "
                    "learned probability to be the last, and the turns are mixed by it.")
      .param("in_features", &P::in_features, "Length of the last axis that comes in.",
             config::inferred, config::alias("in"), config::at_least(1))
      .tensor("weight", "[1, in_features]", kaiming_uniform(2.23606797749979))
      .tensor("bias", "[1]", bias_uniform())
      .outputs({"output", "probabilities", "num_turns"})
      .types(
          "[B, turns, axes, in_features] -> output [B, axes, in_features], probabilities [B, "
          "turns] that each is the last, num_turns [B] to be expected",
          [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
            const TensorType& x = inputs.front();
            if (x.shape.size() < 3)
              return tl::unexpected(
                  std::string("it takes [B, turns, axes], as a loop's `trace` gives it"));
            if (auto why = infer_size("in_features", p.in_features, x.shape.back()))
              return tl::unexpected(*why);
            Shape mixed = x.shape;
            mixed.erase(mixed.begin() + 1);
            return std::vector<TensorType>{
                {x.dtype, mixed}, {x.dtype, {x.shape[0], x.shape[1]}}, {x.dtype, {x.shape[0]}}};
          })
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(4);
      })
      // Scores, their logarithms of going on twice, those of halting, and the numbers of the turns.
      .keeps({"input", "probabilities"})
      .keeps_bytes([](const P&, const TensorType& x, const TensorType&) {
        const Dim B = x.shape[0], N = x.shape[1];
        return bytes_of(B * (Dim(4) * N - Dim(1)) + N, x);
      })
      .source("Banino, Balaguer and Blundell 2021, arXiv:2107.05407, equation 2")
      .example("ponder", {"f32[3, 4]"});
}

}  // namespace fdl::catalog
