#pragma once

#include "lib/catalog/drop.h"

namespace fdl::catalog {

using FeatureAlphaDropoutParams = DropParams;

inline ModuleSpec feature_alpha_dropout_spec() {
  return drop("feature_alpha_dropout", "alpha_dropout of whole channels of each sample.",
              "Probability of a lost channel.")
      .shape("[N, C, any axes] -> the same", keep_channels)
      .flops([](const DropParams&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(2);
      })
      .keeps({})
      // The mask.
      .keeps_bytes([](const auto&, const TensorType& x, const TensorType&) {
        return bytes_of(x.shape[0] * x.shape[1], x);
      })
      .source("torch.nn.FeatureAlphaDropout")
      .example("feature_alpha_dropout: 0.25");
}

}  // namespace fdl::catalog
