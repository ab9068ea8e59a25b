#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/catalog/class_axis.h"
#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct CrossEntropyParams {
  std::vector<double> weight;
  double label_smoothing = 0;
  std::int64_t ignore_index = -100;
  std::string reduction = "mean";
  std::optional<std::int64_t> class_dim;
};

inline EntrySpec cross_entropy_spec() {
  using P = CrossEntropyParams;
  return declare_entry<P>(
             "cross_entropy",
             "Negative logarithm of the probability that softmax gives the right class; the target "
             "holds class numbers, or probabilities in the output's type.")
      .param("weight", &P::weight, "Factor of each class.", config::at_least(0))
      .param("label_smoothing", &P::label_smoothing,
             "Share of the probability that is spread over all classes.", config::between(0, 1))
      .param("ignore_index", &P::ignore_index, "Targets with this number do not count.")
      .reduction()
      .param("class_dim", &P::class_dim, "The class axis, where the shapes alone do not tell.")
      .target(Values::Classes, "i64[]")
      .fits([](const P& p, const TensorType& output,
               const TensorType& target) -> std::optional<std::string> {
        if (p.ignore_index >= 0 && is_floating(target.dtype))
          return "ignore_index needs class numbers, not the target's " + to_string(target);
        return needs_classes_or_equal(output, target, p.class_dim, "weight", p.weight.size());
      })
      .source("torch.nn.CrossEntropyLoss");
}

}  // namespace fdl::catalog
