#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/catalog/class_axis.h"
#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct NllParams {
  std::vector<double> weight;
  std::int64_t ignore_index = -100;
  std::string reduction = "mean";
  std::optional<std::int64_t> class_dim;
};

inline EntrySpec nll_spec() {
  using P = NllParams;
  return declare_entry<P>("nll",
                          "Negative logarithm of the right class's probability, from logarithms "
                          "(of a log_softmax, say).")
      .param("weight", &P::weight, "Factor of each class.", config::at_least(0))
      .param("ignore_index", &P::ignore_index, "Targets with this number do not count.")
      .reduction()
      .param("class_dim", &P::class_dim, "The class axis, where the shapes alone do not tell.")
      .output(Values::LogProbabilities, "f32[3]")
      .target(Values::Classes, "i64[]")
      .fits([](const P& p, const TensorType& output, const TensorType& target) {
        return needs_weighted_classes(output, target, p.class_dim, "weight", p.weight.size());
      })
      .source("torch.nn.NLLLoss");
}

}  // namespace fdl::catalog
