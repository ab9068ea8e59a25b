#pragma once

#include <cstdint>

namespace fdl::catalog {

// How a tensor gets its first values; lib/tensor/initialise.h draws them.
struct Init {
  enum class Kind {
    Constant,
    Uniform,
    Normal,
    TruncNormal,
    Orthogonal,
    Sparse,
    Eye,
    Dirac,
    // From the first values of another tensor, by axis `a` or -1 for the whole: the lengths of its
    // slices, or the vectors of its largest singular value.
    Lengths,
    LeftVector,
    RightVector,
  };
  Kind kind = Kind::Constant;
  // The constant; the lower bound; the mean; Orthogonal: the gain; Sparse: the share of zeros;
  // Dirac: the number of groups.
  double a = 0;
  double b = 0;                // the upper bound; the standard deviation
  std::int64_t zero_row = -1;  // a row that starts at zero, or -1
  double low = 0, high = 0;    // TruncNormal: its bounds

  friend bool operator==(const Init&, const Init&) = default;
};

}  // namespace fdl::catalog
