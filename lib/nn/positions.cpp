#include "lib/nn/positions.h"

#include <cmath>

#include <ATen/ops/arange.h>
#include <ATen/ops/stack.h>

namespace fdl::nn {

at::Tensor position_angles(std::int64_t num_positions, std::int64_t width, double base,
                           at::Device device) {
  const at::TensorOptions numbers = at::TensorOptions(at::kDouble).device(device);
  const at::Tensor positions = at::arange(num_positions, numbers),
                   pairs = at::arange(width / 2, numbers);
  const at::Tensor rates = pairs.mul(-2 * std::log(base) / static_cast<double>(width)).exp();
  return positions.unsqueeze(1).mul(rates);
}

at::Tensor rotate_heads(const at::Tensor& x, std::int64_t num_heads, double base,
                        bool is_interleaved) {
  const auto T = x.size(1), W = x.size(2) / num_heads;
  const at::Tensor angles = position_angles(T, W, base, x.device()).unsqueeze(1);  // [T, 1, W / 2]
  const at::Tensor cos = angles.cos().to(x.options()), sin = angles.sin().to(x.options());
  const std::vector<std::int64_t> split = is_interleaved
                                              ? std::vector<std::int64_t>{num_heads, W / 2, 2}
                                              : std::vector<std::int64_t>{num_heads, 2, W / 2};
  const std::int64_t pair_axis = is_interleaved ? 4 : 3;
  const at::Tensor pairs = x.unflatten(2, split);
  const at::Tensor a = pairs.select(pair_axis, 0), b = pairs.select(pair_axis, 1);
  const at::Tensor first = a.mul(cos).sub(b.mul(sin)), second = b.mul(cos).add(a.mul(sin));
  return at::stack({first, second}, pair_axis).flatten(2);
}

}  // namespace fdl::nn
