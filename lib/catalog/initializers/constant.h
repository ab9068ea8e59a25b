#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::initializers {

struct ConstantParams {
  double val = 0;
};

inline EntrySpec constant_spec() {
  using P = ConstantParams;
  return declare_entry<P>("constant", "One number everywhere.")
      .param("val", &P::val, "The number.", config::required, config::main_field)
      .initial([](const P& p, const Sizes&) {
        return Init{Init::Kind::Constant, p.val};
      })
      .source("torch.nn.init.constant_");
}

}  // namespace fdl::catalog::initializers
