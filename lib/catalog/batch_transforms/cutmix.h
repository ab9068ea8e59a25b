#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct CutmixParams {
  double alpha = 1;
  double p = 1;
};

inline EntrySpec cutmix_spec() {
  using P = CutmixParams;
  return declare_entry<P>("cutmix",
                          "Paste a rectangle of another picture of the batch into each picture; "
                          "targets are means of both, weighted by the areas.")
      .param("alpha", &P::alpha,
             "The share that stays is drawn from the beta distribution with this number twice.",
             config::main_field, config::above(0))
      .param("p", &P::p, "How often a batch is cut.", config::between(0, 1))
      .draws()
      .source("Yun et al. 2019, arXiv:1905.04899");
}

}  // namespace fdl::catalog
