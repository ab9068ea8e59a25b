#pragma once

#include <string>
#include <vector>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct MultilabelSoftMarginParams {
  std::vector<double> weight;
  std::string reduction = "mean";
};

inline EntrySpec multilabel_soft_margin_spec() {
  using P = MultilabelSoftMarginParams;
  return declare_entry<P>("multilabel_soft_margin",
                          "Mean over classes, on the last axis, of a cross-entropy between two "
                          "classes before the sigmoid.")
      .param("weight", &P::weight, "Factor of each class.", config::at_least(0))
      .reduction()
      .target(Values::ZeroOrOne, "f32[3]")
      .fits([](const P& p, const TensorType& output, const TensorType& target) {
        return first_of({needs_same_shape(output, "target", target),
                         needs_last_axis("weight", p.weight.size(), output)});
      })
      .source("torch.nn.MultiLabelSoftMarginLoss");
}

}  // namespace fdl::catalog
