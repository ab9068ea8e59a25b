#pragma once

#include "lib/catalog/along_axis.h"

namespace fdl::catalog {

struct GumbelSoftmaxParams {
  double tau = 1;
  bool hard = false;
  std::int64_t dim = -1;
};

inline ModuleSpec gumbel_softmax_spec() {
  using P = GumbelSoftmaxParams;
  return softmax_like<P>("gumbel_softmax",
                         "A softmax of scores over `tau`, with Gumbel noise on the scores in "
                         "training: draws a class, with gradients.",
                         "The axis along which the values sum to 1.")
      .param("tau", &P::tau, "The temperature: a low one gives nearly one class.", config::above(0))
      .param("hard", &P::hard,
             "Give 1 to the largest and 0 to the others; gradients are those of the soft values.")
      .draws()
      .source("Jang, Gu and Poole 2017, arXiv:1611.01144; torch.nn.functional.gumbel_softmax")
      .example("gumbel_softmax: { tau: 0.5 }");
}

}  // namespace fdl::catalog
