#pragma once

#include "lib/catalog/axes.h"

// What batch_norm and instance_norm declare alike: a mean and a variance for each channel, axis 1.
namespace fdl::catalog {

template <typename P>
tl::expected<Shape, std::string> with_channels(P& p, const TensorType& x, std::size_t least_axes) {
  if (x.shape.size() < least_axes)
    return tl::unexpected("it takes at least " + std::to_string(least_axes) +
                          " axes: [N, num_features" + (least_axes > 2 ? ", places]" : "]"));
  if (auto why = infer_size("num_features", p.num_features, x.shape[1]))
    return tl::unexpected(*why);
  return x.shape;
}

// `momentum_note` follows the momentum's description.
template <typename P>
ModuleBuilder<P> channel_norm(std::string name, std::string summary,
                              const std::string& momentum_note = "") {
  using config::above, config::at_least, config::between, config::inferred, config::main_field;
  ModuleBuilder<P> module(std::move(name), std::move(summary));
  return module
      .param("num_features", &P::num_features, "Channels: the length of axis 1.", inferred,
             main_field, at_least(1))
      .param("eps", &P::eps, "Added to the variance before the square root.", above(0))
      .param("momentum", &P::momentum,
             "Weight of the newest batch in the running statistics" + momentum_note + ".",
             between(0, 1))
      .param("affine", &P::affine, "Learn a scale and a shift per channel.")
      .param("track_running_stats", &P::track_running_stats,
             "Keep running statistics for evaluation.")
      .tensor("weight", "[num_features]", ones(), &P::affine)
      .tensor("bias", "[num_features]", zeros(), &P::affine)
      .buffer("running_mean", "[num_features]", zeros(), &P::track_running_stats)
      .buffer("running_var", "[num_features]", ones(), &P::track_running_stats)
      .buffer("num_batches_tracked", "[]", zeros(), &P::track_running_stats, DType::I64)
      // Mean and deviation of each channel.
      .keeps_bytes([](const auto& p, const TensorType& x, const TensorType&) {
        return bytes_of(Dim(2 * p.num_features), x);
      })
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(5);
      });
}

}  // namespace fdl::catalog
