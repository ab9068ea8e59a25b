#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"
#include "lib/config/one_or_many.h"

namespace fdl::catalog {

struct BceParams {
  config::OneOrMany<double> weight;
  std::string reduction = "mean";
};

inline EntrySpec bce_spec() {
  using P = BceParams;
  return declare_entry<P>("bce", "Cross-entropy of probabilities between two classes.")
      .param("weight", &P::weight, "Factor of each place on the last axis.", config::at_least(0))
      .reduction()
      .output(Values::Probabilities, "f32[3]")
      .target(Values::Probabilities, "f32[3]")
      .fits([](const P& p, const TensorType& output, const TensorType& target) {
        return first_of({needs_same_shape(output, "target", target),
                         needs_last_axis("weight", p.weight.size(), output)});
      })
      .source("torch.nn.BCELoss");
}

}  // namespace fdl::catalog
