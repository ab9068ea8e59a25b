#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct GaussianNllParams {
  bool full = false;
  double eps = 1e-6;
  std::string reduction = "mean";
};

inline EntrySpec gaussian_nll_spec() {
  using P = GaussianNllParams;
  return declare_entry<P>("gaussian_nll",
                          "Negative logarithm of the density that a normal distribution with the "
                          "output as mean gives the target.")
      .param("full", &P::full, "Add the constant term.")
      .param("eps", &P::eps, "The smallest variance that counts.", config::above(0))
      .reduction()
      .input("var", "The variance: like the output, or with a last axis of 1.", Values::Positive,
             "f32[3]")
      .fits([](const P&, const TensorTypes& types) -> std::optional<std::string> {
        if (auto why = needs_equal(types[0], types[1])) return why;
        TensorType one = types[0];
        if (one.shape.size() > 1) one.shape.back() = 1;
        if (types[2] == types[0] || types[2] == one) return std::nullopt;
        return "var must be like the output, " + to_string(types[0]) + ", not " +
               to_string(types[2]);
      })
      .source("Nix and Weigend 1994, doi:10.1109/ICNN.1994.374138; torch.nn.GaussianNLLLoss");
}

}  // namespace fdl::catalog
