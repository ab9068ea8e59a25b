#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct BitsPerByteParams : ProbabilityParams {
  double bytes_per_target = 1;
};

inline EntrySpec bits_per_byte_spec() {
  using P = BitsPerByteParams;
  return declare_class_metric<P>(
             "bits_per_byte",
             "Mean negative binary logarithm of the probability of the right class, for each byte "
             "(or character) of the text.",
             {false, false, false})
      .param("bytes_per_target", &P::bytes_per_target,
             "How many bytes a target stands for, on average.", config::above(0))
      .lower_is_better()
      .source("Gao et al. 2020, arXiv:2101.00027, section 3.1");
}

}  // namespace fdl::catalog
