#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"
#include "lib/config/one_or_many.h"

namespace fdl::catalog {

struct BceWithLogitsParams {
  config::OneOrMany<double> weight;
  config::OneOrMany<double> pos_weight;
  std::string reduction = "mean";
};

inline EntrySpec bce_with_logits_spec() {
  using P = BceWithLogitsParams;
  return declare_entry<P>("bce_with_logits",
                          "Cross-entropy between two classes, of values before the sigmoid.")
      .param("weight", &P::weight, "Factor of each place on the last axis.", config::at_least(0))
      .param("pos_weight", &P::pos_weight,
             "Factor of targets that are 1, for each place on the last axis.", config::at_least(0))
      .reduction()
      .target(Values::Probabilities, "f32[3]")
      .fits([](const P& p, const TensorType& output, const TensorType& target) {
        return first_of({needs_same_shape(output, "target", target),
                         needs_last_axis("weight", p.weight.size(), output),
                         needs_last_axis("pos_weight", p.pos_weight.size(), output)});
      })
      .source("torch.nn.BCEWithLogitsLoss");
}

}  // namespace fdl::catalog
