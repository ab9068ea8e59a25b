#pragma once

#include "lib/catalog/channel_norm.h"

namespace fdl::catalog {

struct InstanceNormParams {
  std::int64_t num_features = 0;
  double eps = 1e-5;
  double momentum = 0.1;
  bool affine = false;
  bool track_running_stats = false;
};

inline ModuleSpec instance_norm_spec() {
  using P = InstanceNormParams;
  return channel_norm<P>(
             "instance_norm",
             "Normalise each channel of each sample over all places, then scale and shift it.")
      .shape("[N, num_features, places in one or more axes] -> the same",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               auto out = with_channels(p, x, 3);
               if (out && num_elements(Shape(x.shape.begin() + 2, x.shape.end())) == Dim(1))
                 return tl::unexpected(std::string("one place has no variance"));
               return out;
             })
      // Mean and deviation of each channel of each sample, and the scale for each.
      .keeps_bytes([](const auto& p, const TensorType& x, const TensorType&) {
        return bytes_of(x.shape[0] * Dim((p.affine ? 3 : 2) * p.num_features), x);
      })
      .source("Ulyanov, Vedaldi and Lempitsky 2016, arXiv:1607.08022")
      .example("instance_norm");
}

}  // namespace fdl::catalog
