#pragma once

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct LinearParams {
  std::int64_t in_features = 0;
  std::int64_t out_features = 0;
  bool bias = true;
};

inline ModuleSpec linear_spec() {
  using config::above, config::alias, config::at_least, config::inferred, config::main_field,
      config::required;
  using P = LinearParams;
  return declare<P>("linear",
                    "Multiply the last axis by a learned matrix and add a learned vector.")
      .param("in_features", &P::in_features, "Length of the last axis that comes in.", inferred,
             alias("in"), at_least(1))
      .param("out_features", &P::out_features, "Length of the last axis that goes out.", required,
             main_field, alias("out"), at_least(1))
      .param("bias", &P::bias, "Add a learned vector.")
      .tensor("weight", "[out_features, in_features]", kaiming_uniform(2.23606797749979))
      .tensor("bias", "[out_features]", bias_uniform(), &P::bias)
      .shape("[*, in_features] -> [*, out_features]")
      .flops([](const P& p, const TensorType&, const TensorType& out) {
        return num_elements(out.shape) * Dim(2 * p.in_features);
      })
      .source("torch.nn.Linear: y = x A^T + b")
      .example("linear: 128");
}

}  // namespace fdl::catalog
