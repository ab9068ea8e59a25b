#pragma once

#include "lib/catalog/entry_spec.h"
#include "lib/catalog/fans.h"

namespace fdl::catalog::initializers {

struct SparseParams {
  double sparsity = 0;
  double std = 0.01;
};

inline EntrySpec sparse_spec() {
  using P = SparseParams;
  return declare_entry<P>(
             "sparse", "A matrix from a normal distribution, with a share of zeros in each column.")
      .param("sparsity", &P::sparsity, "Share of zeros.", config::required, config::main_field,
             config::between(0, 1))
      .param("std", &P::std, "Standard deviation of the others.", config::at_least(0))
      .initial([](const P& p, const Sizes& shape) -> InitResult {
        if (auto why = needs_axes(shape, 2, 2)) return tl::unexpected(*why);
        return Init{Init::Kind::Sparse, p.sparsity, p.std};
      })
      .source("Martens 2010, ICML, section 5; torch.nn.init.sparse_");
}

}  // namespace fdl::catalog::initializers
