#pragma once

#include "lib/catalog/parts.h"

// Two linear layers side by side, one of which gates the other, and a third one back.
namespace fdl::catalog {

struct GatedFeedForwardParams {
  std::int64_t in_features = 0;
  std::int64_t hidden_size = 0;
  bool bias = false;
};

inline std::vector<TensorSpec> gated_tensors(const GatedFeedForwardParams& p) {
  std::vector<TensorSpec> out = linear_part("gate_proj", p.in_features, p.hidden_size, p.bias);
  append(out, linear_part("up_proj", p.in_features, p.hidden_size, p.bias));
  append(out, linear_part("down_proj", p.hidden_size, p.in_features, p.bias));
  return out;
}

template <typename P>
ModuleBuilder<P> declare_gated_feed_forward(const std::string& name, std::string summary) {
  using config::alias, config::at_least, config::inferred, config::main_field, config::required;
  return declare<P>(name, std::move(summary))
      .param("in_features", &P::in_features, "Length of the last axis.", inferred, alias("in"),
             at_least(1))
      .param("hidden_size", &P::hidden_size, "Length between the linear layers.", required,
             main_field, alias("hidden"), at_least(1))
      .param("bias", &P::bias, "Add a learned vector after each linear layer.")
      .tensors([](const P& p) { return gated_tensors(p); })
      .shape("[*, in_features] -> [*, in_features]")
      .flops([](const P& p, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(6) * Dim(p.hidden_size);
      })
      // All gradients go through the third layer.
      .gradient_flops([](const P& p, const TensorType& x, const TensorType&) {
        const Dim layer = num_elements(x.shape) * Dim(2) * Dim(p.hidden_size);
        return GradientFlops{Dim(2) * layer, Dim(3) * layer, layer};
      })
      // Gate, its activation, and their products with the other half.
      .keeps_bytes([](const P& p, const TensorType& x, const TensorType&) {
        return bytes_of(
            floor_div(num_elements(x.shape) * Dim(4) * Dim(p.hidden_size), p.in_features), x);
      })
      .source("Shazeer 2020, arXiv:2002.05202, equation 6")
      .example(name + ": 5", {"f32[3, 4]"});
}

}  // namespace fdl::catalog
