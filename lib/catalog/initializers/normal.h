#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::initializers {

struct NormalParams {
  double mean = 0;
  double std = 1;
};

inline EntrySpec normal_spec() {
  using P = NormalParams;
  return declare_entry<P>("normal", "From a normal distribution.")
      .param("mean", &P::mean, "The mean.")
      .param("std", &P::std, "The standard deviation.", config::main_field, config::at_least(0))
      .initial([](const P& p, const Sizes&) {
        return Init{Init::Kind::Normal, p.mean, p.std};
      })
      .source("torch.nn.init.normal_");
}

}  // namespace fdl::catalog::initializers
