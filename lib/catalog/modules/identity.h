#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec identity_spec() {
  using P = NoParams;
  return declare<P>("identity", "What comes in.")
      .shape("[*] -> [*]")
      .input("input", DTypeClass::Any)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .view()
      .source("torch.nn.Identity")
      .example("identity");
}

}  // namespace fdl::catalog
