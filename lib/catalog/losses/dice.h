#pragma once

#include <optional>
#include <string>

#include "lib/catalog/class_axis.h"
#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct DiceParams {
  double smooth = 1;
  std::optional<std::int64_t> ignore_index;
  std::optional<std::int64_t> class_dim;
  std::string reduction = "mean";
};

inline EntrySpec dice_spec() {
  using P = DiceParams;
  return declare_entry<P>(
             "dice",
             "One minus twice the overlap of output and target over their sum, for each "
             "class of each sample. Class numbers go with a softmax, targets like the "
             "output with a sigmoid each.")
      .param("smooth", &P::smooth, "Added above and below: a class that is nowhere fits.",
             config::above(0))
      .param("ignore_index", &P::ignore_index, "Targets with this number do not count.")
      .param("class_dim", &P::class_dim, "The class axis, where the shapes alone do not tell.")
      .reduction()
      .output(Values::Any, "f32[3, 4]")
      .target(Values::Classes, "i64[4]")
      .fits([](const P& p, const TensorType& output, const TensorType& target) {
        return needs_classes_or_equal(output, target, p.class_dim, "", 0);
      })
      .source("Milletari et al. 2016, arXiv:1606.04797, section 3");
}

}  // namespace fdl::catalog
