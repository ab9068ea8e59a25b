#pragma once

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct NoisyTopKRouterParams {
  std::int64_t in_features = 0;
  std::int64_t num_experts = 0;
  std::int64_t k = 2;
};

inline ModuleSpec noisy_top_k_router_spec() {
  using config::alias, config::at_least, config::inferred, config::main_field, config::required;
  using P = NoisyTopKRouterParams;
  return declare<P>(
             "noisy_top_k_router",
             "Weights of experts for a gate: a softmax over the k largest learned scores and "
             "zero for the others; in training the scores carry noise of a learned size.")
      .param("in_features", &P::in_features, "Length of the last axis that comes in.", inferred,
             alias("in"), at_least(1))
      .param("num_experts", &P::num_experts, "Experts, which are the last axis that goes out.",
             required, main_field, at_least(1))
      .param("k", &P::k, "How many experts get a weight.", at_least(1))
      .require([](const P& p) { return p.k <= p.num_experts; },
               "'k' must not be above 'num_experts'")
      // The source starts both at zero, for even loads.
      .tensor("gate.weight", "[num_experts, in_features]", zeros())
      .tensor("noise.weight", "[num_experts, in_features]", zeros())
      .shape("[*, in_features] -> [*, num_experts]")
      .flops([](const P& p, const TensorType&, const TensorType& out) {
        return num_elements(out.shape) * (Dim(4) * Dim(p.in_features) + Dim(12));
      })
      .draws()
      // The noise, what softplus took, and the places of the largest.
      .keeps({"input", "output"})
      .keeps_bytes([](const P& p, const TensorType&, const TensorType& out) {
        Dim rows = 1;
        for (std::size_t i = 0; i + 1 < out.shape.size(); ++i) rows = rows * out.shape[i];
        return Dim(2) * bytes_of(out) + rows * Dim(p.k) * Dim(bytes_of(DType::I64));
      })
      .source("Shazeer et al. 2017, arXiv:1701.06538, equations 3 to 5")
      .example("noisy_top_k_router: { num_experts: 4, k: 2 }");
}

}  // namespace fdl::catalog
