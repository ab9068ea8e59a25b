#include "lib/catalog/modules/upsample.h"

#include <ATen/ops/_upsample_nearest_exact1d.h>
#include <ATen/ops/_upsample_nearest_exact2d.h>
#include <ATen/ops/_upsample_nearest_exact3d.h>
#include <ATen/ops/adaptive_avg_pool1d.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/adaptive_avg_pool3d.h>
#include <ATen/ops/upsample_bicubic2d.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/upsample_linear1d.h>
#include <ATen/ops/upsample_nearest1d.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <ATen/ops/upsample_nearest3d.h>
#include <ATen/ops/upsample_trilinear3d.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

// What libtorch wants: one of the two, with a number for each axis.
struct Target {
  at::OptionalIntArrayRef size;
  std::optional<at::ArrayRef<double>> scale;
};

template <typename T>
std::vector<T> for_each_axis(const catalog::OneOrMore<T>& given, std::size_t num_axes) {
  if (given.size() == num_axes) return given;
  return std::vector<T>(num_axes, given[0]);
}

at::Tensor nearest(const at::Tensor& x, const Target& to) {
  if (x.dim() == 3) return at::upsample_nearest1d(x, to.size, to.scale);
  if (x.dim() == 4) return at::upsample_nearest2d(x, to.size, to.scale);
  return at::upsample_nearest3d(x, to.size, to.scale);
}

at::Tensor nearest_exact(const at::Tensor& x, const Target& to) {
  if (x.dim() == 3) return at::_upsample_nearest_exact1d(x, to.size, to.scale);
  if (x.dim() == 4) return at::_upsample_nearest_exact2d(x, to.size, to.scale);
  return at::_upsample_nearest_exact3d(x, to.size, to.scale);
}

// The mean over each cell of the output.
at::Tensor area(const at::Tensor& x, const Target& to) {
  std::vector<std::int64_t> size(to.size ? to.size->vec() : std::vector<std::int64_t>());
  for (std::size_t i = 0; !to.size && i < to.scale->size(); ++i) {
    const auto in = static_cast<double>(x.size(static_cast<std::int64_t>(i) + 2));
    size.push_back(static_cast<std::int64_t>(in * (*to.scale)[i]));
  }
  if (x.dim() == 3) return at::adaptive_avg_pool1d(x, size);
  if (x.dim() == 4) return at::adaptive_avg_pool2d(x, size);
  return at::adaptive_avg_pool3d(x, size);
}

at::Tensor upsample(const catalog::UpsampleParams& p, const Tensors&, const at::Tensor& x,
                    StepContext&) {
  const auto num_axes = static_cast<std::size_t>(x.dim()) - 2;
  std::vector<std::int64_t> size;
  std::vector<double> scale;
  Target to;
  if (p.size) {
    size = for_each_axis(*p.size, num_axes);
    to.size = size;
  } else {
    scale = for_each_axis(*p.scale_factor, num_axes);
    to.scale = scale;
  }
  if (p.mode == "nearest") return nearest(x, to);
  if (p.mode == "nearest-exact") return nearest_exact(x, to);
  if (p.mode == "area") return area(x, to);
  if (p.mode == "linear") return at::upsample_linear1d(x, to.size, p.align_corners, to.scale);
  if (p.mode == "bilinear") return at::upsample_bilinear2d(x, to.size, p.align_corners, to.scale);
  if (p.mode == "bicubic") return at::upsample_bicubic2d(x, to.size, p.align_corners, to.scale);
  return at::upsample_trilinear3d(x, to.size, p.align_corners, to.scale);
}

}  // namespace

Forward forward_upsample() { return forward_of(upsample); }

}  // namespace fdl::nn
