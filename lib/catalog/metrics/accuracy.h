#pragma once

#include <array>
#include <optional>

#include "lib/catalog/class_axis.h"
#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct AccuracyParams {
  std::optional<std::int64_t> class_dim;
};

inline EntrySpec accuracy_spec() {
  using P = AccuracyParams;
  return declare_entry<P>("accuracy", "Share of targets whose class has the largest output.")
      .param("class_dim", &P::class_dim, "The class axis, where the shapes alone do not tell.")
      .fits([](const P& p, const TensorType& output, const TensorType& target) {
        return needs_classes(output, target, p.class_dim);
      })
      .higher_is_better()
      .source("torchmetrics.Accuracy, micro average");
}

}  // namespace fdl::catalog
