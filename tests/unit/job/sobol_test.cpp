#include "lib/job/sobol.h"

#include <set>

#include <doctest/doctest.h>

namespace fdl::job {

TEST_CASE("the first points are those of the published sequence") {
  const double expected[][3] = {{0, 0, 0},
                                {0.5, 0.5, 0.5},
                                {0.75, 0.25, 0.25},
                                {0.25, 0.75, 0.75},
                                {0.375, 0.375, 0.625},
                                {0.875, 0.875, 0.125},
                                {0.625, 0.125, 0.875},
                                {0.125, 0.625, 0.375}};
  for (std::uint32_t i = 0; i < 8; ++i) {
    CAPTURE(i);
    const std::vector<double> point = sobol_point(i, 3, 0);
    for (std::size_t dim = 0; dim < 3; ++dim) CHECK(point[dim] == expected[i][dim]);
  }
}

TEST_CASE("2^k points lie one in each of 2^k parts of every axis, whatever the seed") {
  constexpr std::uint32_t kNumber = 64;
  for (const std::uint64_t seed : {0, 1, 17}) {
    std::vector<std::set<int>> parts(kMostSobolDims);
    for (std::uint32_t i = 0; i < kNumber; ++i) {
      const std::vector<double> point = sobol_point(i, kMostSobolDims, seed);
      for (std::size_t dim = 0; dim < point.size(); ++dim)
        parts[dim].insert(static_cast<int>(point[dim] * kNumber));
    }
    for (std::size_t dim = 0; dim < parts.size(); ++dim) {
      CAPTURE(dim);
      CHECK(parts[dim].size() == kNumber);
    }
  }
  CHECK(sobol_point(3, 2, 1) != sobol_point(3, 2, 2));
}

}  // namespace fdl::job
