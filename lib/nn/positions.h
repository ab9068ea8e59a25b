#pragma once

#include <ATen/core/Tensor.h>

// Numbers that tell positions apart.
namespace fdl::nn {

// [T, width / 2] in double: position t times base^(-2 i / width).
at::Tensor position_angles(std::int64_t num_positions, std::int64_t width, double base,
                           at::Device device);

// x [B, T, N * W] -> the same: in each of N heads, pair i of position t turned by its angle. Pairs
// are (i, i + W / 2), or (2 i, 2 i + 1) when interleaved. Su et al. 2021, arXiv:2104.09864,
// equation 34.
at::Tensor rotate_heads(const at::Tensor& x, std::int64_t num_heads, double base,
                        bool is_interleaved);

}  // namespace fdl::nn
