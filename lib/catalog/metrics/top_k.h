#pragma once

#include <fmt/format.h>

#include "lib/catalog/class_metric.h"

namespace fdl::catalog::metrics {

struct TopKParams : ClassParams {
  std::int64_t k = 5;
};

inline EntrySpec top_k_spec() {
  using P = TopKParams;
  return declare_class_metric<P>("top_k",
                                 "Share of targets whose class is among the k largest outputs.",
                                 {false, false, true})
      .param("k", &P::k, "How many.", config::main_field, config::at_least(1))
      .fits([](const P& p, const TensorTypes& types) -> std::optional<std::string> {
        if (auto why = class_metric_fits(types, p, {false, false, true}, {})) return why;
        const ClassForm form = find_class_form(types[0], types[1], p.class_dim);
        if (p.k < form.num_classes) return std::nullopt;
        return fmt::format("'k' is {} where there are {} classes", p.k, form.num_classes);
      })
      .output(Values::Any, "f32[7]")
      .recorded_name([](const P& p) { return "top_" + std::to_string(p.k); })
      .source("scikit-learn top_k_accuracy_score; of equal outputs the first comes first");
}

}  // namespace fdl::catalog::metrics
