#pragma once

#include "lib/catalog/datasets/synthetic.h"
#include "lib/data/dataset.h"

namespace fdl::data {

// Draws every sample of a synthetic source. Inputs are N(0, 1). The target of a regression is
// tanh of a fixed random projection of the inputs; in a classification the inputs lie around the
// random centre of their class. Sequences are regressions at each position, with an echo of the
// positions before.
std::vector<FieldValues> draw_samples(const catalog::SyntheticParams& params,
                                      const std::vector<job::Field>& fields);

}  // namespace fdl::data
