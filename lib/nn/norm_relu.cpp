#include "lib/nn/norm_relu.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/max_pool2d_with_indices_backward.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "lib/base/check.h"
#include "lib/kernels/rows.h"
#include "lib/nn/channel_parts.h"

namespace fdl::nn {
namespace {

using kernels::row_functions;
using kernels::RowFunctions;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr auto kLast = at::MemoryFormat::ChannelsLast;

// The norm over images, and what one look at memory takes of them: some pixels, or where windows of
// 2 x 2 are pooled the two lines of a row of them; the last line of an odd height is by itself.
class Images {
 public:
  Images(const at::Tensor& x, const Statistics& by, const at::Tensor& weight,
         const at::Tensor& bias, bool pools)
      : C_(x.size(1)),
        H_(x.size(2)),
        W_(x.size(3)),
        num_pixels_(x.numel() / C_),
        pools_(pools),
        x_(x.const_data_ptr<float>()),
        mean_(by.mean.const_data_ptr<float>()),
        scale_(scale_of(by, weight)),
        shift_(bias.const_data_ptr<float>()) {}

  Pieces pieces() const {
    const std::int64_t chunks = (num_pixels_ + chunk() - 1) / chunk();
    return {pools_ ? num_pixels_ / (H_ * W_) * pairs() : chunks, most_numbers()};
  }
  std::int64_t most_numbers() const { return (pools_ ? 2 * W_ : chunk()) * C_; }  // of a piece
  std::int64_t channels() const { return C_; }
  std::int64_t num_pixels() const { return num_pixels_; }

  // Neighbours in memory.
  struct Pixels {
    std::int64_t first, count;
  };
  Pixels pixels(std::int64_t piece) const {
    if (!pools_) return {piece * chunk(), std::min(chunk(), num_pixels_ - piece * chunk())};
    const std::int64_t image = piece / pairs(), line = piece % pairs() * 2;
    return {(image * H_ + line) * W_, std::min<std::int64_t>(2, H_ - line) * W_};
  }
  const float* at(std::int64_t piece) const { return x_ + pixels(piece).first * C_; }
  const float* mean() const { return mean_; }

  // What comes out of a piece; `added` may be null.
  void forward(std::int64_t piece, const float* added, float* out) const {
    const RowFunctions& f = row_functions();
    const Pixels of = pixels(piece);
    if (!pools_) {
      const std::int64_t first = of.first * C_;
      f.channel_norm_relu(x_ + first, added != nullptr ? added + first : nullptr, norm(),
                          out + first, of.count, C_);
    } else if (of.count == 2 * W_) {
      f.channel_norm_relu_pool(at(piece), at(piece) + W_ * C_, norm(), out + pooled(piece), W_ / 2,
                               C_);
    }
  }

  // The gradient of what the norm gave, from that of what came out; of no sum. `out` is a piece's.
  void backward(std::int64_t piece, const float* given, float* out) const {
    const RowFunctions& f = row_functions();
    const Pixels of = pixels(piece);
    if (!pools_)
      return f.channel_norm_relu_gradient(given + of.first * C_, at(piece), norm(), out, of.count,
                                          C_);
    if (of.count < 2 * W_) {
      std::fill_n(out, W_ * C_, 0.0F);
      return;
    }
    const std::int64_t line = W_ * C_;
    f.channel_norm_relu_pool_gradient(given + pooled(piece), at(piece), at(piece) + line, norm(),
                                      out, out + line, W_ / 2, C_);
    if (W_ % 2 == 0) return;
    for (const std::int64_t end : {line, 2 * line}) std::fill_n(out + end - C_, C_, 0.0F);
  }

 private:
  // So many that their gradient stays in a cache, and whole groups of those that are summed in f32.
  std::int64_t chunk() const {
    constexpr std::int64_t kGroup = 16, kNumbers = 1 << 13;
    return kGroup * std::max<std::int64_t>(1, kNumbers / (kGroup * C_));
  }
  std::int64_t pairs() const { return (H_ + 1) / 2; }
  // Where a row of windows comes out.
  std::int64_t pooled(std::int64_t piece) const {
    const std::int64_t image = piece / pairs(), line = piece % pairs();
    return (image * (H_ / 2) + line) * (W_ / 2) * C_;
  }
  RowFunctions::ChannelNorm norm() const { return {mean_, scale_.data(), shift_}; }

  std::int64_t C_, H_, W_, num_pixels_;
  bool pools_;
  const float *x_, *mean_;
  std::vector<float> scale_;
  const float* shift_;
};

at::Tensor made_of(const at::Tensor& x, const Images& images, const NormNeighbours& with) {
  std::vector<std::int64_t> sizes = x.sizes().vec();
  if (with.pools) sizes = {sizes[0], sizes[1], sizes[2] / 2, sizes[3] / 2};
  const at::Tensor out = at::empty(sizes, x.options().memory_format(kLast));
  const auto* const added = with.added.defined() ? with.added.const_data_ptr<float>() : nullptr;
  auto* const to = out.mutable_data_ptr<float>();
  share_out(images.pieces(), [&](auto, std::int64_t begin, std::int64_t end) {
    for (std::int64_t piece = begin; piece < end; ++piece) images.forward(piece, added, to);
  });
  return out;
}

// What the backward pass is of.
struct Kept {
  at::Tensor x, weight, bias;
  Statistics by;
  at::Tensor y;  // behind a sum, else undefined
  bool pools = false;
};

// The gradient of what the norm gave: where there is a sum, all of it, as it is that of what is
// added too; else a piece at a time, when it is wanted, in memory of each thread.
class NormGradient {
 public:
  NormGradient(const Images& images, const at::Tensor& given, const Kept& kept)
      : images_(images), given_(given.const_data_ptr<float>()) {
    if (kept.y.defined()) {
      y_ = kept.y.const_data_ptr<float>();
      all_ = at::empty_like(kept.x);
    } else {
      scratch_ = at::empty({num_shares(images.pieces()), images.most_numbers()}, kept.x.options());
    }
  }

  // Of a piece; behind a sum for the first time.
  const float* make(std::size_t share, std::int64_t piece) const {
    if (!all_.defined()) {
      float* const out =
          scratch_.mutable_data_ptr<float>() + static_cast<std::int64_t>(share) * scratch_.size(1);
      images_.backward(piece, given_, out);
      return out;
    }
    const auto [first, count] = images_.pixels(piece);
    const std::int64_t C = images_.channels();
    float* const out = all_.mutable_data_ptr<float>() + first * C;
    row_functions().relu_gradient(given_ + first * C, y_ + first * C, out, count * C,
                                  /*adds=*/false);
    return out;
  }
  // Once more.
  const float* again(std::size_t share, std::int64_t piece) const {
    if (!all_.defined()) return make(share, piece);
    return all_.const_data_ptr<float>() + images_.pixels(piece).first * images_.channels();
  }
  const at::Tensor& all() const { return all_; }

 private:
  const Images& images_;
  const float *given_, *y_ = nullptr;
  at::Tensor all_, scratch_;
};

// Of x, weight, bias and what is added; those that are not wanted are undefined.
variable_list gradients_of(const at::Tensor& by, const Kept& kept, std::array<bool, 4> wanted) {
  const Images images(kept.x, kept.by, kept.weight, kept.bias, kept.pools);
  const at::Tensor given = by.contiguous(kLast);
  const NormGradient of_norm(images, given, kept);
  const std::int64_t C = images.channels();
  const ChannelSums sums =
      sums_over(images.pieces(), C,
                [&](std::size_t share, auto begin, auto end, double* sum, double* products) {
                  for (std::int64_t piece = begin; piece < end; ++piece)
                    row_functions().channel_norm_sums(of_norm.make(share, piece), images.at(piece),
                                                      images.mean(), sum, products,
                                                      images.pixels(piece).count, C);
                });
  variable_list out(4);
  if (wanted[1]) out[1] = weight_gradient(sums, kept.by);
  if (wanted[2]) out[2] = bias_gradient(sums, kept.by);
  if (wanted[3]) out[3] = of_norm.all();
  if (!wanted[0]) return out;
  const GradientFactors factors = gradient_factors(sums, images.num_pixels(), kept.by, kept.weight);
  out[0] = at::empty_like(kept.x);
  auto* const to = out[0].mutable_data_ptr<float>();
  share_out(images.pieces(), [&](std::size_t share, std::int64_t begin, std::int64_t end) {
    for (std::int64_t piece = begin; piece < end; ++piece) {
      const auto [first, count] = images.pixels(piece);
      row_functions().channel_norm_gradient(
          of_norm.again(share, piece), images.at(piece),
          {images.mean(), factors.scale.data(), factors.slope.data(), factors.shift.data()},
          to + first * C, count, C);
    }
  });
  return out;
}

// The same by libtorch's operators, for those who differentiate them again. What went where is
// fixed.
variable_list differentiable_gradients(const at::Tensor& by, const Kept& kept, double eps,
                                       std::array<bool, 4> wanted) {
  at::Tensor of_norm = by, y = kept.y;
  if (!y.defined()) {
    const Images images(kept.x, kept.by, kept.weight, kept.bias, /*pools=*/false);
    y = made_of(kept.x, images, {});
  }
  if (kept.pools) {
    constexpr std::int64_t kTwo[] = {2, 2}, kNone[] = {0, 0}, kOne[] = {1, 1};
    const at::Tensor places = std::get<1>(at::max_pool2d_with_indices(y, kTwo));
    of_norm = at::max_pool2d_with_indices_backward(by, y, kTwo, kTwo, kNone, kOne, false, places);
  }
  of_norm = at::where(y.detach().le(0), at::zeros_like(of_norm), of_norm);
  auto [of_x, of_weight, of_bias] = at::native_batch_norm_backward(
      of_norm, kept.x, kept.weight, {}, {}, kept.by.mean, kept.by.inverse, /*train=*/true, eps,
      {wanted[0], wanted[1], wanted[2]});
  return {of_x, of_weight, of_bias, wanted[3] ? of_norm : at::Tensor()};
}

class NormRelu : public torch::autograd::Function<NormRelu> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const std::optional<at::Tensor>& added,
                            const Statistics& by, double eps, bool pools) {
    const at::Tensor y =
        made_of(x, Images(x, by, weight, bias, pools), {added.value_or(at::Tensor()), pools});
    context->save_for_backward({x, weight, bias, by.mean, by.inverse, added ? y : at::Tensor()});
    context->saved_data["eps"] = eps;
    context->saved_data["pools"] = pools;
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& by) {
    const variable_list saved = context->get_saved_variables();
    const Kept kept = {saved[0], saved[1],
                       saved[2], {saved[3], saved[4]},
                       saved[5], context->saved_data["pools"].toBool()};
    const std::array<bool, 4> wanted = {context->needs_input_grad(0), context->needs_input_grad(1),
                                        context->needs_input_grad(2),
                                        saved[5].defined() && context->needs_input_grad(3)};
    variable_list out =
        at::GradMode::is_enabled()
            ? differentiable_gradients(by[0], kept, context->saved_data["eps"].toDouble(), wanted)
            : gradients_of(by[0], kept, wanted);
    out.resize(7);  // of what are no tensors none
    return out;
  }
};

}  // namespace

at::Tensor norm_relu_channels(const at::Tensor& x, const ChannelTensors& own, double newest,
                              double eps, const NormNeighbours& with) {
  FDL_CHECK(!(with.pools && with.added.defined()));
  const Statistics by = statistics_of(x, own, newest, eps);
  const ChannelTensors affine = affine_of(own, by);
  std::optional<at::Tensor> added;
  if (with.added.defined()) added = with.added.contiguous(kLast);
  return NormRelu::apply(x, affine.weight, affine.bias, added, by, eps, with.pools);
}

}  // namespace fdl::nn
