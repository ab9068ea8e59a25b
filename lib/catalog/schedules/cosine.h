#pragma once

#include <array>
#include <optional>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog::schedules {

struct CosineParams {
  double min_lr = 0;
};

inline EntrySpec cosine_spec() {
  using P = CosineParams;
  return declare_entry<P>("cosine",
                          "Half a cosine wave from the learning rate down to min_lr at the end.")
      .param("min_lr", &P::min_lr, "Learning rate at the end.", config::main_field,
             config::at_least(0))
      .needs_end()
      .source("Loshchilov and Hutter 2016, arXiv:1608.03983, equation 5");
}

}  // namespace fdl::catalog::schedules
