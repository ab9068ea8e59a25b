#pragma once

#include "lib/catalog/channel_norm.h"

namespace fdl::catalog {

struct BatchNormParams {
  std::int64_t num_features = 0;
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;
  bool affine = true;
  bool track_running_stats = true;
};

// Also sync_batch_norm, under its own name.
inline ModuleBuilder<BatchNormParams> batch_norm_named(const std::string& name,
                                                       const std::string& summary) {
  using P = BatchNormParams;
  return channel_norm<P>(name, summary, "; null averages all batches alike")
      .shape("[N, num_features, any axes] -> the same",
             [](P& p, const TensorType& x) { return with_channels(p, x, 2); })
      .source("Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1")
      .couples_samples()
      .example(name);
}

inline ModuleSpec batch_norm_spec() {
  return batch_norm_named(
      "batch_norm",
      "Normalise each channel over the batch and all places, then scale and shift it.");
}

}  // namespace fdl::catalog
