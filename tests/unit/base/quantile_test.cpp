#include "lib/base/quantile.h"

#include <doctest/doctest.h>

namespace fdl {

TEST_CASE("a quantile lies between the two nearest values, in whatever order they come") {
  CHECK(quantile({0, 10}, 0.25) == 2.5);
  CHECK(quantile({7}, 0.9) == 7);
  CHECK(quantile({3, 1, 2}, 0) == 1);
  CHECK(quantile({3, 1, 2}, 1) == 3);
  std::vector<double> hundred;
  for (int i = 100; i >= 0; --i) hundred.push_back(i);
  CHECK(quantile(hundred, 0.99) == 99);
}

}  // namespace fdl
