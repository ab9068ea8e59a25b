#include "lib/catalog/modules/gaussian_blur.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/pad.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

// The curve along one axis: sums to 1.
at::Tensor curve(std::int64_t num_points, double sigma, at::Device device) {
  const at::TensorOptions numbers = at::TensorOptions(at::kDouble).device(device);
  const at::Tensor place = at::arange(num_points, numbers).sub(num_points / 2).div(sigma);
  const at::Tensor height = place.mul(place).mul(-0.5).exp();
  return height.div(height.sum());
}

// x [N, C, H, W] -> the same: along H, then along W, each channel by itself.
at::Tensor gaussian_blur(const catalog::GaussianBlurParams& p, const Tensors&, const at::Tensor& x,
                         StepContext&) {
  const std::int64_t height = p.kernel_size[0], width = p.kernel_size[1];
  const at::Tensor image = x.reshape({-1, 1, x.size(2), x.size(3)});
  const at::Tensor padded =
      at::pad(image, {width / 2, width / 2, height / 2, height / 2}, "reflect");
  const auto along = [&](std::size_t axis, at::IntArrayRef shape) {
    return curve(p.kernel_size[axis], catalog::blur_sigma(p, axis), x.device())
        .to(x.options())
        .reshape(shape);
  };
  const at::Tensor rows = at::conv2d(padded, along(0, {1, 1, height, 1}));
  return at::conv2d(rows, along(1, {1, 1, 1, width})).reshape(x.sizes());
}

}  // namespace

Forward forward_gaussian_blur() { return forward_of(gaussian_blur); }

}  // namespace fdl::nn
