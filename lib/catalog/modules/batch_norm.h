#pragma once

#include <fmt/format.h>

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct BatchNormParams {
  std::int64_t num_features = 0;
  double eps = 1e-5;
  double momentum = 0.1;
  bool affine = true;
  bool track_running_stats = true;
};

inline ModuleSpec batch_norm_spec() {
  using config::above, config::at_least, config::between, config::inferred, config::main_field;
  using P = BatchNormParams;
  return declare<P>(
             "batch_norm",
             "Normalise each channel over the batch and all places, then scale and shift it.")
      .param("num_features", &P::num_features, "Channels: the length of axis 1.", inferred,
             main_field, at_least(1))
      .param("eps", &P::eps, "Added to the variance before the square root.", above(0))
      .param("momentum", &P::momentum, "Weight of the newest batch in the running statistics.",
             between(0, 1))
      .param("affine", &P::affine, "Learn a scale and a shift per channel.")
      .param("track_running_stats", &P::track_running_stats,
             "Keep running statistics for evaluation.")
      .tensor("weight", "[num_features]", ones(), &P::affine)
      .tensor("bias", "[num_features]", zeros(), &P::affine)
      .buffer("running_mean", "[num_features]", zeros(), &P::track_running_stats)
      .buffer("running_var", "[num_features]", ones(), &P::track_running_stats)
      .buffer("num_batches_tracked", "[]", zeros(), &P::track_running_stats, DType::I64)
      .shape("[N, num_features, any axes] -> the same",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               if (x.shape.size() < 2)
                 return tl::unexpected(std::string("it takes at least 2 axes: [N, num_features]"));
               const Dim& channels = x.shape[1];
               if (p.num_features == 0 && channels.is_number()) p.num_features = channels.number();
               if (!(channels == Dim(p.num_features)))
                 return tl::unexpected(fmt::format("'num_features' is {}, but that axis is {}",
                                                   p.num_features, channels.text()));
               return x.shape;
             })
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(5);
      })
      .source("Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1")
      .example("batch_norm");
}

}  // namespace fdl::catalog
