#pragma once

#include <cmath>
#include <string>

#include "lib/catalog/entry_spec.h"
#include "lib/catalog/fans.h"

namespace fdl::catalog::initializers {

struct KaimingUniformParams {
  double a = 0;
  std::string mode = "fan_in";
  std::string nonlinearity = "leaky_relu";
};

inline EntrySpec kaiming_uniform_spec() {
  using P = KaimingUniformParams;
  return declare_entry<P>("kaiming_uniform",
                          "Evenly, so wide that the variance is kept through what follows.")
      .param("a", &P::a, "Slope below 0 of the leaky_relu that follows.")
      .param("mode", &P::mode, "Which way keeps the variance: forward (fan_in) or backward.",
             config::choices({"fan_in", "fan_out"}))
      .param("nonlinearity", &P::nonlinearity, "What follows, which decides the gain.",
             config::choices(nonlinearities()))
      .initial([](const P& p, const Sizes& shape) -> InitResult {
        const auto fans = fans_of(shape);
        if (!fans) return tl::unexpected(fans.error());
        const double fan = p.mode == "fan_in" ? fans->in : fans->out;
        const double std = gain_of(p.nonlinearity, p.a) / std::sqrt(fan);
        return uniform_of_std(std);
      })
      .source("He et al. 2015, arXiv:1502.01852, equation 10; torch.nn.init.kaiming_uniform_");
}

}  // namespace fdl::catalog::initializers
