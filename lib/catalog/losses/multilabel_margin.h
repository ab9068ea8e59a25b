#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct MultilabelMarginParams {
  std::string reduction = "mean";
};

inline EntrySpec multilabel_margin_spec() {
  using P = MultilabelMarginParams;
  return declare_entry<P>("multilabel_margin",
                          "What each right class's output lacks of 1 over each wrong class.")
      .reduction()
      .output(Values::Any, "f32[4]")
      .target(Values::ClassSets, "i64[4]")
      .fits([](const P&, const TensorType& output,
               const TensorType& target) -> std::optional<std::string> {
        if (!is_integer(target.dtype))
          return "the target must hold class numbers, then -1, not " + to_string(target);
        return first_of({needs_rows(output), needs_same_shape(output, "target", target)});
      })
      .source("torch.nn.MultiLabelMarginLoss");
}

}  // namespace fdl::catalog
