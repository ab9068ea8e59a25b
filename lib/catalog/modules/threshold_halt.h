#pragma once

#include "lib/catalog/axes.h"

namespace fdl::catalog {

struct ThresholdHaltParams {
  double threshold = 0;
};

inline ModuleSpec threshold_halt_spec() {
  using P = ThresholdHaltParams;
  return declare<P>("threshold_halt",
                    "A loop's condition: how far a sample's largest value is above a threshold.")
      .param("threshold", &P::threshold, "What the largest value must exceed.", config::required,
             config::main_field)
      .types("[B, axes] -> [B]",
             [](P&, const std::vector<TensorType>& inputs) -> TypeResult {
               const TensorType& x = inputs.front();
               if (x.shape.size() < 2)
                 return tl::unexpected(std::string("it takes [B, axes], at least one of them"));
               return std::vector<TensorType>{{x.dtype, {x.shape.front()}}};
             })
      .flops([](const P&, const TensorType& x, const TensorType&) { return num_elements(x.shape); })
      .keeps_bytes([](const P&, const TensorType&, const TensorType& out) { return bytes_of(out); })
      .source("max(x) - threshold")
      .example("threshold_halt: 0.5");
}

}  // namespace fdl::catalog
