#pragma once

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct MixupParams {
  double alpha = 0.2;
  double p = 1;
};

inline EntrySpec mixup_spec() {
  using P = MixupParams;
  return declare_entry<P>("mixup",
                          "Mix each sample of a batch with another one: the model's inputs and the "
                          "targets are means of both, weighted by one draw for the batch.")
      .param("alpha", &P::alpha,
             "The weight is drawn from the beta distribution with this number twice.",
             config::main_field, config::above(0))
      .param("p", &P::p, "How often a batch is mixed.", config::between(0, 1))
      .draws()
      .source("Zhang et al. 2018, arXiv:1710.09412");
}

}  // namespace fdl::catalog
