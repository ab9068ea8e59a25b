#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::initializers {

struct ZerosParams {};

inline EntrySpec zeros_spec() {
  using P = ZerosParams;
  return declare_entry<P>("zeros", "Zeros.")
      .initial([](const P&, const Sizes&) { return Init{}; })
      .source("torch.nn.init.zeros_");
}

}  // namespace fdl::catalog::initializers
