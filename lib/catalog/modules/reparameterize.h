#pragma once

#include "lib/catalog/inputs.h"

namespace fdl::catalog {

struct ReparameterizeParams {};

inline ModuleSpec reparameterize_spec() {
  using P = ReparameterizeParams;
  return declare<P>("reparameterize",
                    "In training, a draw from a normal distribution of given mean and logarithm of "
                    "the variance, with gradients to both; else the mean.")
      .input("mean", DTypeClass::Floating)
      .input("logvar", DTypeClass::Floating)
      .types("mean [*], logvar like it -> [*]",
             [](P&, const std::vector<TensorType>& inputs) -> TypeResult {
               const TensorType& mean = inputs[0];
               if (auto why = misfit({{"logvar", inputs[1], mean.shape, mean.dtype}}))
                 return tl::unexpected(*why);
               return std::vector<TensorType>{mean};
             })
      .flops([](const P&, const TensorType& mean, const TensorType&) {
        return num_elements(mean.shape) * Dim(4);
      })
      .draws()
      .source("Kingma and Welling 2013, arXiv:1312.6114, section 2.4")
      .example("reparameterize", {"f32[4]", "f32[4]"});
}

}  // namespace fdl::catalog
