#pragma once

#include <cmath>
#include <vector>

#include "lib/catalog/axes.h"
#include "lib/catalog/parts.h"

namespace fdl::catalog {

// Classes by how often they come: the first cutoffs[0] of them have scores of their own in the
// head, which has one more for each cluster of the others; those have a tail each.
struct AdaptiveLogSoftmaxParams {
  std::int64_t in_features = 0;
  std::int64_t n_classes = 0;
  std::vector<std::int64_t> cutoffs;
  double div_value = 4;
  bool head_bias = false;

  // A loss names their tensors one by one (adaptive_log_softmax_with_loss).
  static constexpr std::size_t kMostClusters = 8;

  std::int64_t num_clusters() const { return static_cast<std::int64_t>(cutoffs.size()); }
  std::int64_t cluster_size(std::size_t i) const {
    return (i + 1 < cutoffs.size() ? cutoffs[i + 1] : n_classes) - cutoffs[i];
  }
  // What comes in is projected to so many features.
  std::int64_t cluster_features(std::size_t i) const {
    const double share = std::pow(div_value, static_cast<double>(i + 1));
    return static_cast<std::int64_t>(std::floor(static_cast<double>(in_features) / share));
  }
};

inline bool cutoffs_grow(const AdaptiveLogSoftmaxParams& p) {
  std::int64_t last = 0;
  for (const std::int64_t cutoff : p.cutoffs) {
    if (cutoff <= last || cutoff >= p.n_classes) return false;
    last = cutoff;
  }
  return true;
}

inline std::vector<TensorSpec> adaptive_tensors(const AdaptiveLogSoftmaxParams& p) {
  const Dim head = Dim(p.cutoffs.front()) + Dim(p.num_clusters());
  std::vector<TensorSpec> out = linear_part("head", p.in_features, head, p.head_bias);
  for (std::size_t i = 0; i < p.cutoffs.size(); ++i) {
    const std::string name = "tail." + std::to_string(i);
    append(out, linear_part(name + ".0", p.in_features, p.cluster_features(i), false));
    append(out, linear_part(name + ".1", p.cluster_features(i), p.cluster_size(i), false));
  }
  return out;
}

inline Dim adaptive_rows(const TensorType& input) {
  return num_elements(Shape(input.shape.begin(), input.shape.end() - 1));
}

// Numbers for one row: products, and features between the two layers of the tails.
inline Dim adaptive_products(const AdaptiveLogSoftmaxParams& p) {
  Dim out = Dim(p.in_features) * (Dim(p.cutoffs.front()) + Dim(p.num_clusters()));
  for (std::size_t i = 0; i < p.cutoffs.size(); ++i)
    out = out + Dim(p.cluster_features(i)) * (Dim(p.in_features) + Dim(p.cluster_size(i)));
  return out;
}
inline Dim adaptive_features(const AdaptiveLogSoftmaxParams& p) {
  Dim out;
  for (std::size_t i = 0; i < p.cutoffs.size(); ++i) out = out + Dim(p.cluster_features(i));
  return out;
}

inline ModuleSpec adaptive_log_softmax_spec() {
  using P = AdaptiveLogSoftmaxParams;
  return declare<P>("adaptive_log_softmax",
                    "Logarithms of the probabilities of many classes, the rare ones in clusters "
                    "that get fewer features. It learns by `adaptive_log_softmax_with_loss`, which "
                    "computes only what the targets need.")
      .param("in_features", &P::in_features, "Length of the last axis that comes in.",
             config::inferred, config::alias("in"), config::at_least(1))
      .param("n_classes", &P::n_classes, "Number of classes, the most frequent first.",
             config::required, config::at_least(2))
      .param("cutoffs", &P::cutoffs, "The first class of each cluster, growing.", config::required,
             config::at_least(1))
      .param("div_value", &P::div_value,
             "Each cluster gets so many times fewer features than the one before.",
             config::at_least(1))
      .param("head_bias", &P::head_bias, "Add a learned vector to the head's scores.")
      .require([](const P& p) { return !p.cutoffs.empty() && cutoffs_grow(p); },
               "'cutoffs' must grow, between 0 and 'n_classes'")
      .require([](const P& p) { return p.cutoffs.size() <= P::kMostClusters; },
               "'cutoffs' may have at most 8 numbers")
      .tensors(adaptive_tensors)
      .types(
          "[*, in_features] -> [*, n_classes]",
          [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
            const TensorType& x = inputs.front();
            if (x.shape.size() < 2) return tl::unexpected(std::string("it takes [*, in_features]"));
            if (auto why = infer_size("in_features", p.in_features, x.shape.back()))
              return tl::unexpected(*why);
            if (p.cluster_features(p.cutoffs.size() - 1) < 1)
              return tl::unexpected(std::string("'div_value' leaves the last cluster no features"));
            TensorType out = x;
            out.shape.back() = p.n_classes;
            return std::vector<TensorType>{out};
          })
      .flops([](const P& p, const TensorType& x, const TensorType& out) {
        return adaptive_rows(x) * Dim(2) * adaptive_products(p) + num_elements(out.shape);
      })
      // All gradients go through the second layers of the tails.
      .gradient_flops([](const P& p, const TensorType& x, const TensorType& out) {
        const Dim rows = Dim(2) * adaptive_rows(x), all = rows * adaptive_products(p);
        Dim second;
        for (std::size_t i = 0; i < p.cutoffs.size(); ++i)
          second = second + rows * Dim(p.cluster_features(i)) * Dim(p.cluster_size(i));
        return GradientFlops{all - second, all, second + num_elements(out.shape)};
      })
      // What the tails project to, and each cluster's own probabilities.
      .keeps({"input"})
      .keeps_bytes([](const P& p, const TensorType& x, const TensorType&) {
        return bytes_of(
            adaptive_rows(x) * (adaptive_features(p) + Dim(p.n_classes) + Dim(p.num_clusters())),
            x);
      })
      .forward_work([](const P& p, const TensorType& x, const TensorType&) {
        return bytes_of(adaptive_rows(x) * Dim(p.n_classes - p.cutoffs.front()), x);
      })
      .source("Grave et al. 2017, arXiv:1609.04309; torch.nn.AdaptiveLogSoftmaxWithLoss.log_prob")
      .example("adaptive_log_softmax: { n_classes: 12, cutoffs: [4, 8], div_value: 2 }",
               {"f32[3, 8]"});
}

}  // namespace fdl::catalog
