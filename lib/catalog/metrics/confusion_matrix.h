#pragma once

#include <fmt/format.h>

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct ConfusionMatrixParams : DecisionParams {
  std::string normalize = "none";
  std::vector<std::string> class_names;
};

inline EntrySpec confusion_matrix_spec() {
  using P = ConfusionMatrixParams;
  const ClassNeeds needs{true, false, true};
  return declare_class_metric<P>(
             "confusion_matrix",
             "How many targets of each class (rows) the output takes for each class (columns).",
             needs)
      .param("normalize", &P::normalize,
             "`none` counts; the others divide by the targets of a class, the answers for it, or "
             "all.",
             config::choices({"none", "target", "answer", "all"}))
      .param("class_names", &P::class_names, "Names of the classes.")
      .fits([needs](const P& p, const TensorTypes& types) -> std::optional<std::string> {
        if (auto why = class_metric_fits(types, p, needs, p.class_names)) return why;
        constexpr std::int64_t kMostClasses = 1000;
        const ClassForm form = find_class_form(types[0], types[1], p.class_dim);
        if (form.num_classes <= kMostClasses) return std::nullopt;
        return fmt::format("a table of {} classes is too large; {} is the most", form.num_classes,
                           kMostClasses);
      })
      .parts([](const P&, const TensorTypes&) { return Names{}; })
      .table([](const P& p, const TensorTypes& types) {
        return class_labels(types, p, p.class_names);
      })
      .source("scikit-learn confusion_matrix");
}

}  // namespace fdl::catalog
