#include "lib/tensor/initialise.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/erfinv.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/norm_except_dim.h>

#include "lib/base/check.h"

namespace fdl::tensor {
namespace {

using catalog::Init;

std::span<float> elements(const at::Tensor& tensor) {
  return {tensor.mutable_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

// The share of a normal distribution that is below `x` deviations.
double share_below(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }

// By the inverse of the distribution's function, so that far bounds take no longer than near ones.
void fill_trunc_normal(const at::Tensor& tensor, const Init& init, StreamKey key) {
  const double first = share_below((init.low - init.a) / init.b),
               last = share_below((init.high - init.a) / init.b);
  RandomStream stream(key);
  at::Tensor values = at::empty(tensor.sizes(), at::kDouble);
  auto* out = values.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < values.numel(); ++i)
    out[i] = 2 * (first + (last - first) * stream.uniform()) - 1;
  values = at::erfinv(values).mul_(init.b * std::sqrt(2.0)).add_(init.a);
  tensor.copy_(values.clamp_(init.low, init.high));
}

// Q of a random matrix, which is even over all orthogonal ones once the signs of R are taken out.
void fill_orthogonal(const at::Tensor& tensor, const Init& init, StreamKey key) {
  at::Tensor matrix = at::empty(tensor.sizes(), at::kFloat);
  fill_normal(elements(matrix), key, 0, 1);
  matrix = matrix.view({tensor.size(0), -1}).to(at::kDouble);
  const bool is_wide = matrix.size(0) < matrix.size(1);
  const auto [q, r] = at::linalg_qr(is_wide ? matrix.t() : matrix);
  const at::Tensor made = q.mul(r.diagonal().sign()).mul(init.a);
  tensor.copy_((is_wide ? made.t() : made).reshape(tensor.sizes()));
}

void fill_sparse(const at::Tensor& tensor, const Init& init, StreamKey key) {
  const std::int64_t num_rows = tensor.size(0), num_columns = tensor.size(1);
  fill_normal(elements(tensor), key, 0, init.b);
  const auto num_zeros =
      static_cast<std::int64_t>(std::ceil(init.a * static_cast<double>(num_rows)));
  RandomStream stream(key.with("zeros"));
  auto* values = tensor.mutable_data_ptr<float>();
  std::vector<std::int64_t> rows(static_cast<std::size_t>(num_rows));
  std::iota(rows.begin(), rows.end(), 0);
  for (std::int64_t column = 0; column < num_columns; ++column) {
    for (std::int64_t k = 0; k < num_zeros; ++k) {
      const auto place = static_cast<std::size_t>(k);
      const std::size_t other =
          place + static_cast<std::size_t>(stream.below(static_cast<std::uint64_t>(num_rows - k)));
      std::swap(rows[place], rows[other]);
      values[rows[place] * num_columns + column] = 0;
    }
  }
}

// Output channel d of each group takes input channel d through the middle of the kernel.
void fill_dirac(const at::Tensor& tensor, const Init& init) {
  tensor.zero_();
  const auto num_groups = static_cast<std::int64_t>(init.a);
  const std::int64_t width = tensor.size(0) / num_groups;
  for (std::int64_t group = 0; group < num_groups; ++group) {
    for (std::int64_t d = 0; d < std::min(width, tensor.size(1)); ++d) {
      at::Tensor kernel = tensor.select(0, group * width + d).select(0, d);
      while (kernel.dim() > 0) kernel = kernel.select(0, kernel.size(0) / 2);
      kernel.fill_(1);
    }
  }
}

// As torch.nn.utils.parametrizations.spectral_norm starts: random vectors, and power iterations.
std::pair<at::Tensor, at::Tensor> largest_vectors(const at::Tensor& matrix, StreamKey key) {
  constexpr double kEps = 1e-12;
  constexpr int kIterations = 15;
  at::Tensor left = at::empty({matrix.size(0)}, at::kFloat);
  at::Tensor right = at::empty({matrix.size(1)}, at::kFloat);
  fill_normal(elements(left), key.with("left"), 0, 1);
  fill_normal(elements(right), key.with("right"), 0, 1);
  const auto unit = [](const at::Tensor& x) { return x.div(x.norm().clamp_min(kEps)); };
  right = unit(right);
  for (int i = 0; i < kIterations; ++i) {
    left = unit(matrix.mv(right));
    right = unit(matrix.t().mv(left));
  }
  return {left, right};
}

}  // namespace

void initialise_from(const at::Tensor& tensor, const Init& init, const at::Tensor& source,
                     StreamKey key) {
  const at::NoGradGuard no_grad;
  const auto dim = static_cast<std::int64_t>(init.a);
  if (init.kind == Init::Kind::Lengths) {
    tensor.copy_(at::norm_except_dim(source, 2, dim));
    return;
  }
  const auto [left, right] = largest_vectors(source.movedim(dim, 0).flatten(1), key);
  tensor.copy_(init.kind == Init::Kind::LeftVector ? left : right);
}

void initialise(const at::Tensor& tensor, const Init& init, StreamKey key) {
  const at::NoGradGuard no_grad;
  switch (init.kind) {
    case Init::Kind::Constant:
      tensor.fill_(init.a);
      break;
    case Init::Kind::Uniform:
      fill_uniform(elements(tensor), key, init.a, init.b);
      break;
    case Init::Kind::Normal:
      fill_normal(elements(tensor), key, init.a, init.b);
      break;
    case Init::Kind::TruncNormal:
      fill_trunc_normal(tensor, init, key);
      break;
    case Init::Kind::Orthogonal:
      fill_orthogonal(tensor, init, key);
      break;
    case Init::Kind::Sparse:
      fill_sparse(tensor, init, key);
      break;
    case Init::Kind::Eye:
      tensor.zero_().fill_diagonal_(1);
      break;
    case Init::Kind::Dirac:
      fill_dirac(tensor, init);
      break;
    case Init::Kind::Lengths:
    case Init::Kind::LeftVector:
    case Init::Kind::RightVector:
      FDL_CHECK(!"follows from another tensor: initialise_from");
  }
  if (init.zero_row >= 0) tensor.select(0, init.zero_row).zero_();
}

}  // namespace fdl::tensor
