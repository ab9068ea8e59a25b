#pragma once

#include <vector>

namespace fdl {

// The value below which `share` of all lie, between the two nearest. `values` is not empty.
double quantile(std::vector<double> values, double share);

}  // namespace fdl
