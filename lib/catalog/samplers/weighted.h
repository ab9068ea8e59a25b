#pragma once

#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct WeightedParams {
  std::string by;
  std::string weights;
};

inline EntrySpec weighted_spec() {
  using P = WeightedParams;
  return declare_entry<P>("weighted",
                          "Draw each sample anew, some more often than others: as many as there "
                          "are, one sample perhaps several times in an epoch and another not.")
      .param("by", &P::by,
             "The field whose classes come equally often; else the one that the losses compare.",
             config::main_field)
      .param("weights", &P::weights,
             "In its place, the field that holds how often each sample comes, in proportion.")
      .source("PyTorch WeightedRandomSampler");
}

}  // namespace fdl::catalog
