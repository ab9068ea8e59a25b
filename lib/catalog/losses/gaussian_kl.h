#pragma once

#include <string>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct GaussianKlParams {
  std::string reduction = "mean";
};

inline EntrySpec gaussian_kl_spec() {
  using P = GaussianKlParams;
  return declare_entry<P>("gaussian_kl",
                          "Kullback-Leibler divergence of a normal distribution, the output its "
                          "mean, from the standard one: summed over a sample's numbers, then "
                          "reduced over the samples.")
      .reduction()
      .no_target()
      .input("logvar", "The logarithm of the variance, like the output.", Values::Any, "f32[3]")
      .fits([](const P&, const TensorTypes& types) -> std::optional<std::string> {
        if (auto why = needs_floating(types[0])) return why;
        if (types[0] == types[1]) return std::nullopt;
        return "logvar must be like the output, " + to_string(types[0]) + ", not " +
               to_string(types[1]);
      })
      .source("Kingma and Welling 2013, arXiv:1312.6114, appendix B");
}

}  // namespace fdl::catalog
