#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::initializers {

struct OnesParams {};

inline EntrySpec ones_spec() {
  using P = OnesParams;
  return declare_entry<P>("ones", "Ones.")
      .initial([](const P&, const Sizes&) {
        return Init{Init::Kind::Constant, 1};
      })
      .source("torch.nn.init.ones_");
}

}  // namespace fdl::catalog::initializers
