#pragma once

#include "lib/catalog/axes.h"

namespace fdl::catalog {

struct LearnedHaltParams {
  std::int64_t in_features = 0;
};

inline ModuleSpec learned_halt_spec() {
  using P = LearnedHaltParams;
  return declare<P>("learned_halt",
                    "A loop's condition: a learned sum over the last axis, meaned over the others. "
                    "The decision carries no gradient; `ponder` trains one that does.")
      .param("in_features", &P::in_features, "Length of the last axis that comes in.",
             config::inferred, config::alias("in"), config::at_least(1))
      .tensor("weight", "[1, in_features]", kaiming_uniform(2.23606797749979))
      .tensor("bias", "[1]", bias_uniform())
      .types("[B, axes, in_features] -> [B]",
             [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
               const TensorType& x = inputs.front();
               if (x.shape.size() < 2)
                 return tl::unexpected(std::string("it takes [B, axes], at least one of them"));
               if (auto why = infer_size("in_features", p.in_features, x.shape.back()))
                 return tl::unexpected(*why);
               return std::vector<TensorType>{{x.dtype, {x.shape.front()}}};
             })
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(2);
      })
      .source("torch.nn.Linear(in_features, 1), then a mean")
      .example("learned_halt");
}

}  // namespace fdl::catalog
