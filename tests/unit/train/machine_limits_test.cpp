#include "lib/train/machine_limits.h"

#include <cmath>

#include <ATen/CPUGeneratorImpl.h>
#include <doctest/doctest.h>

namespace fdl {

TEST_CASE("the machine's limits are rates, and measuring them draws no numbers") {
  const at::Generator generator = at::detail::getDefaultCPUGenerator();
  const at::Tensor before = generator.get_state();
  const monitor::MachineLimits limits = train::measure_limits(at::kCPU);
  CHECK(generator.get_state().equal(before));
  for (const double rate : {limits.products_gflop_per_s, limits.memory_gb_per_s}) {
    CHECK(std::isfinite(rate));
    CHECK(rate > 0);
  }
}

}  // namespace fdl
