#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct PoissonNllParams {
  bool log_input = true;
  bool full = false;
  double eps = 1e-8;
  std::string reduction = "mean";
};

inline EntrySpec poisson_nll_spec() {
  using P = PoissonNllParams;
  return declare_entry<P>("poisson_nll",
                          "Negative logarithm of the probability that a Poisson distribution gives "
                          "the target.")
      .param("log_input", &P::log_input, "The output is the logarithm of the expected value.")
      .param("full", &P::full, "Add Stirling's approximation of the constant term.")
      .param("eps", &P::eps, "Added to the output before its logarithm.", config::above(0))
      .reduction()
      .target(Values::Positive, "f32[3]")
      .fits([](const P&, const TensorType& output, const TensorType& target) {
        return needs_same_shape(output, "target", target);
      })
      .source("torch.nn.PoissonNLLLoss");
}

}  // namespace fdl::catalog
