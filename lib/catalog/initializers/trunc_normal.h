#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::initializers {

struct TruncNormalParams {
  double mean = 0;
  double std = 1;
  double a = -2;
  double b = 2;
};

inline EntrySpec trunc_normal_spec() {
  using P = TruncNormalParams;
  return declare_entry<P>("trunc_normal", "From a normal distribution, within a and b.")
      .param("mean", &P::mean, "The mean, before the cut.")
      .param("std", &P::std, "The standard deviation, before the cut.", config::main_field,
             config::above(0))
      .param("a", &P::a, "The lower bound.")
      .param("b", &P::b, "The upper bound.")
      .initial([](const P& p, const Sizes&) -> InitResult {
        if (p.b <= p.a) return tl::unexpected(std::string("'b' must be above 'a'"));
        return Init{Init::Kind::TruncNormal, p.mean, p.std, -1, p.a, p.b};
      })
      .source("torch.nn.init.trunc_normal_");
}

}  // namespace fdl::catalog::initializers
