#pragma once

#include "lib/catalog/entry_spec.h"
#include "lib/catalog/fans.h"

namespace fdl::catalog::initializers {

struct OrthogonalParams {
  double gain = 1;
};

inline EntrySpec orthogonal_spec() {
  using P = OrthogonalParams;
  return declare_entry<P>("orthogonal",
                          "A random matrix whose rows, or columns, have length 1 and right angles; "
                          "further axes count as columns.")
      .param("gain", &P::gain, "Factor of the whole.", config::main_field)
      .initial([](const P& p, const Sizes& shape) -> InitResult {
        if (auto why = needs_axes(shape, 2, 8)) return tl::unexpected(*why);
        return Init{Init::Kind::Orthogonal, p.gain};
      })
      .source("Saxe et al. 2013, arXiv:1312.6120, section 3; torch.nn.init.orthogonal_");
}

}  // namespace fdl::catalog::initializers
