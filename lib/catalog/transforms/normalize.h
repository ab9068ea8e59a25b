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
      .changes([](const P&, const TensorType& sample) -> ChangedType {
        if (is_floating(sample.dtype)) return sample;
        return tl::unexpected<std::string>("it takes floating-point numbers; put to_f32 before it");
      })
      .source("torchvision Normalize");
}

}  // namespace fdl::catalog
