#pragma once

#include <array>
#include <optional>

#include "lib/catalog/class_axis.h"
#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct CrossEntropyParams {
  double label_smoothing = 0;
  std::int64_t ignore_index = -100;
  std::optional<std::int64_t> class_dim;
};

inline EntrySpec cross_entropy_spec() {
  using P = CrossEntropyParams;
  return declare_entry<P>(
             "cross_entropy",
             "Negative logarithm of the probability that softmax gives the right class, averaged.")
      .param("label_smoothing", &P::label_smoothing,
             "Share of the probability that is spread over all classes.", config::between(0, 1))
      .param("ignore_index", &P::ignore_index, "Targets with this number do not count.")
      .param("class_dim", &P::class_dim, "The class axis, where the shapes alone do not tell.")
      .fits([](const P& p, const TensorType& output, const TensorType& target) {
        return needs_classes(output, target, p.class_dim);
      })
      .source("torch.nn.CrossEntropyLoss");
}

}  // namespace fdl::catalog
