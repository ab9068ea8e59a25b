#pragma once

#include "lib/catalog/entry_spec.h"
#include "lib/catalog/fans.h"

namespace fdl::catalog::initializers {

struct EyeParams {};

inline EntrySpec eye_spec() {
  using P = EyeParams;
  return declare_entry<P>("eye", "Ones on the diagonal of a matrix, else zeros.")
      .initial([](const P&, const Sizes& shape) -> InitResult {
        if (auto why = needs_axes(shape, 2, 2)) return tl::unexpected(*why);
        return Init{Init::Kind::Eye};
      })
      .source("torch.nn.init.eye_");
}

}  // namespace fdl::catalog::initializers
