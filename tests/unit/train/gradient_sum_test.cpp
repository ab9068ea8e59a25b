#include "lib/train/gradient_sum.h"

#include <limits>

#include <ATen/Parallel.h>
#include <ATen/ops/ones.h>
#include <doctest/doctest.h>

namespace fdl::testing {

TEST_CASE("one number that is not finite is found, wherever it stands and whoever looks there") {
  constexpr std::int64_t kLarge = 300'007;  // several threads' work, and no multiple of a vector
  const int before = at::get_num_threads();
  for (const int num_threads : {1, 2, 3}) {
    at::set_num_threads(num_threads);
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
      const at::Tensor small = at::ones({5}, dtype), large = at::ones({kLarge}, dtype);
      const std::vector<at::Tensor> tensors = {small, {}, large};
      CHECK(train::all_finite(tensors));
      for (const double bad :
           {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
            std::numeric_limits<double>::quiet_NaN()}) {
        for (const std::int64_t place : {std::int64_t{0}, kLarge / 2, kLarge - 1}) {
          CAPTURE(num_threads);
          CAPTURE(place);
          large[place] = bad;
          CHECK_FALSE(train::all_finite(tensors));
          CHECK_FALSE(train::all_finite({large.unsqueeze(0).expand({2, kLarge})}));
          large[place] = 1;
        }
        small[4] = bad;
        CHECK_FALSE(train::all_finite(tensors));
        small[4] = 1;
      }
      CHECK(train::all_finite(tensors));
    }
  }
  at::set_num_threads(before);
}

}  // namespace fdl::testing
