#pragma once

#include <cmath>

#include "lib/catalog/entry_spec.h"
#include "lib/catalog/fans.h"

namespace fdl::catalog::initializers {

struct XavierUniformParams {
  double gain = 1;
};

inline EntrySpec xavier_uniform_spec() {
  using P = XavierUniformParams;
  return declare_entry<P>("xavier_uniform",
                          "Evenly, so wide that forward and backward keep the variance.")
      .param("gain", &P::gain, "Factor of the spread.", config::main_field)
      .initial([](const P& p, const Sizes& shape) -> InitResult {
        const auto fans = fans_of(shape);
        if (!fans) return tl::unexpected(fans.error());
        return uniform_of_std(p.gain * std::sqrt(2 / (fans->in + fans->out)));
      })
      .source("Glorot and Bengio 2010, AISTATS, equation 16; torch.nn.init.xavier_uniform_");
}

}  // namespace fdl::catalog::initializers
