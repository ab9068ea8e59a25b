#pragma once

#include <string>
#include <vector>

#include "lib/weights/weight_files.h"

namespace fdl::weights {

// What two sets of tensors do not share, by name.
struct Difference {
  struct Type {
    std::string name, a, b;  // "F32[3, 4]"
  };
  struct Values {
    std::string name;
    std::uint64_t num_different = 0, num_elements = 0;
    double most = 0;  // the largest |a - b|; NaN when one of the two is none and the other is
  };
  std::vector<std::string> only_a, only_b;
  std::vector<Type> types;
  std::vector<Values> values;
  std::size_t num_equal = 0;  // tensors with the same type and bits

  bool is_empty() const {
    return only_a.empty() && only_b.empty() && types.empty() && values.empty();
  }
};

// Reads all tensors of one type. Errors: FDL5001, FDL5201.
Result<Difference> difference(const WeightFiles& a, const WeightFiles& b);

}  // namespace fdl::weights
