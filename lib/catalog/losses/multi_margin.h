#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/catalog/class_axis.h"
#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct MultiMarginParams {
  std::int64_t p = 1;
  double margin = 1;
  std::vector<double> weight;
  std::string reduction = "mean";
  std::optional<std::int64_t> class_dim;
};

inline EntrySpec multi_margin_spec() {
  using P = MultiMarginParams;
  return declare_entry<P>(
             "multi_margin",
             "What the right class's output lacks of the margin over each other class.")
      .param("p", &P::p, "Power of what is lacking.", config::between(1, 2))
      .param("margin", &P::margin, "How far the right class should be above the others.")
      .param("weight", &P::weight, "Factor of each class.", config::at_least(0))
      .reduction()
      .param("class_dim", &P::class_dim, "The class axis, where the shapes alone do not tell.")
      .target(Values::Classes, "i64[]")
      .fits([](const P& p, const TensorType& output, const TensorType& target) {
        return needs_weighted_classes(output, target, p.class_dim, "weight", p.weight.size());
      })
      .source("torch.nn.MultiMarginLoss");
}

}  // namespace fdl::catalog
