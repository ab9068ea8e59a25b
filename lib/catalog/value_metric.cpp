#include "lib/catalog/value_metric.h"

namespace fdl::catalog {

std::optional<std::string> value_metric_fits(const TensorTypes& types) {
  if (auto why = needs_same_shape(types[0], "target", types[1])) return why;
  if (num_columns(types[0]) == 0)
    return "the number of columns must be known, and is not in " + to_string(types[0]);
  return mask_fits(types[1], types[2]);
}

std::int64_t num_columns(const TensorType& output) {
  if (output.shape.size() != 2) return 1;
  return output.shape[1].is_number() ? output.shape[1].number() : 0;
}

}  // namespace fdl::catalog
