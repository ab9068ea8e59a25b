#pragma once

#include <array>
#include <optional>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct NormalizeParams {
  double mean = 0;
  double std = 1;
};

inline EntrySpec normalize_spec() {
  using P = NormalizeParams;
  return declare_entry<P>("normalize", "Subtract the mean, divide by the standard deviation.")
      .param("mean", &P::mean, "Mean of the data.")
      .param("std", &P::std, "Standard deviation of the data.", config::above(0))
      .source("torchvision Normalize");
}

}  // namespace fdl::catalog
