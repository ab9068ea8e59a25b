#include "lib/data/order.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include <doctest/doctest.h>

namespace fdl::data {

TEST_CASE("an epoch's order is a permutation") {
  for (const std::int64_t num_samples : {0, 1, 2, 3, 1000}) {
    std::vector<std::int64_t> order = shuffled(num_samples, 42, 0);
    std::sort(order.begin(), order.end());
    REQUIRE(order.size() == static_cast<std::size_t>(num_samples));
    for (std::int64_t i = 0; i < num_samples; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
  }
}

TEST_CASE("an order depends on seed and epoch alone, and on both") {
  CHECK(shuffled(1000, 42, 3) == shuffled(1000, 42, 3));
  CHECK(shuffled(1000, 42, 3) != shuffled(1000, 42, 4));
  CHECK(shuffled(1000, 42, 3) != shuffled(1000, 43, 3));
}

TEST_CASE("all orders of three are about equally likely") {
  std::map<std::vector<std::int64_t>, int> counts;
  constexpr int kDraws = 6000;
  for (int epoch = 0; epoch < kDraws; ++epoch) ++counts[shuffled(3, 7, epoch)];
  CHECK(counts.size() == 6);
  // Binomial with p = 1/6: a standard deviation is 29; 6 of them.
  for (const auto& [order, count] : counts) CHECK(std::abs(count - kDraws / 6) < 6 * 29);
}

}  // namespace fdl::data
