#pragma once

#include <cmath>

#include "lib/catalog/entry_spec.h"
#include "lib/catalog/fans.h"

namespace fdl::catalog::initializers {

struct XavierNormalParams {
  double gain = 1;
};

inline EntrySpec xavier_normal_spec() {
  using P = XavierNormalParams;
  return declare_entry<P>(
             "xavier_normal",
             "From a normal distribution, so wide that forward and backward keep the variance.")
      .param("gain", &P::gain, "Factor of the spread.", config::main_field)
      .initial([](const P& p, const Sizes& shape) -> InitResult {
        const auto fans = fans_of(shape);
        if (!fans) return tl::unexpected(fans.error());
        return Init{Init::Kind::Normal, 0, p.gain * std::sqrt(2 / (fans->in + fans->out))};
      })
      .source("Glorot and Bengio 2010, AISTATS, section 4.2; torch.nn.init.xavier_normal_");
}

}  // namespace fdl::catalog::initializers
