#pragma once

#include <optional>
#include <string>

#include "lib/catalog/class_axis.h"
#include "lib/catalog/loss_fits.h"
#include "lib/config/one_or_many.h"

namespace fdl::catalog {

struct FocalParams {
  double gamma = 2;
  config::OneOrMany<double> alpha;
  std::int64_t ignore_index = -100;
  std::string reduction = "mean";
  std::optional<std::int64_t> class_dim;
};

inline EntrySpec focal_spec() {
  using P = FocalParams;
  return declare_entry<P>("focal",
                          "Cross-entropy in which targets that the output already gets right count "
                          "less. Class numbers go with a softmax, targets like the output with a "
                          "sigmoid each.")
      .param("gamma", &P::gamma, "Power of what is lacking to probability 1.", config::at_least(0))
      .param(
          "alpha", &P::alpha,
          "Factor of each class; or one number: of targets that are 1, those that are 0 have the "
          "rest to 1.",
          config::at_least(0))
      .param("ignore_index", &P::ignore_index, "Targets with this number do not count.")
      .reduction()
      .param("class_dim", &P::class_dim, "The class axis, where the shapes alone do not tell.")
      .target(Values::Classes, "i64[]")
      .fits([](const P& p, const TensorType& output, const TensorType& target) {
        if (p.alpha.size() <= 1 && output == target) return needs_floating(output);
        return needs_classes_or_equal(output, target, p.class_dim, "alpha",
                                      p.alpha.size() > 1 ? p.alpha.size() : 0);
      })
      .source("Lin et al. 2017, arXiv:1708.02002, equation 5");
}

}  // namespace fdl::catalog
