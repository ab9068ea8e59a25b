#pragma once

#include <string>

#include <fmt/format.h>

#include "lib/catalog/loss_fits.h"
#include "lib/catalog/modules/adaptive_log_softmax.h"

namespace fdl::catalog {

struct AdaptiveLogSoftmaxWithLossParams {
  std::int64_t ignore_index = -100;
  std::string reduction = "mean";
};

// types: output [*, D], target [*], head.weight [S + n, D], head.bias or absent, and for each of n
// clusters tail.i.0.weight [H, D] and tail.i.1.weight [C, H]; those after them are absent.
inline std::optional<std::string> adaptive_loss_fits(const TensorTypes& types) {
  const TensorType &output = types[0], &target = types[1], &head = types[2];
  if (auto why = needs_floating(output)) return why;
  if (output.shape.size() < 2) return "the output must be [*, features], not " + to_string(output);
  const Shape without(output.shape.begin(), output.shape.end() - 1);
  if (!is_integer(target.dtype) || !(target.shape == without))
    return fmt::format("the target must be class numbers {}, not {}", to_string(without),
                       to_string(target));
  if (head.shape.size() != 2) return "'softmax' must be the path of an adaptive_log_softmax";
  if (head.shape[1] == output.shape.back() && head.dtype == output.dtype) return std::nullopt;
  return fmt::format("the step of 'softmax' takes {} features of {}, but the output is {}",
                     head.shape[1].text(), to_string(head.dtype), to_string(output));
}

inline EntrySpec adaptive_log_softmax_with_loss_spec() {
  using P = AdaptiveLogSoftmaxWithLossParams;
  auto out = declare_entry<P>("adaptive_log_softmax_with_loss",
                              "Cross-entropy of what an adaptive_log_softmax of the model makes of "
                              "the output: of each cluster only for the targets in it.");
  out.param("ignore_index", &P::ignore_index, "Targets with this number do not count.")
      .reduction()
      .output(Values::Any, "f32[4]")
      .target(Values::Classes, "i64[]")
      .owned_input("softmax", "head.weight", "The path of the adaptive_log_softmax.", "f32[4]")
      .optional_owned_input("softmax", "head.bias", "Its bias, if it has one.", "f32[]");
  for (std::size_t i = 0; i < AdaptiveLogSoftmaxParams::kMostClusters; ++i) {
    const std::string tail = "tail." + std::to_string(i);
    out.optional_owned_input("softmax", tail + ".0.weight", "", "f32[]")
        .optional_owned_input("softmax", tail + ".1.weight", "", "f32[]");
  }
  return out.fits([](const P&, const TensorTypes& types) { return adaptive_loss_fits(types); })
      .source("Grave et al. 2017, arXiv:1609.04309; torch.nn.AdaptiveLogSoftmaxWithLoss");
}

}  // namespace fdl::catalog
