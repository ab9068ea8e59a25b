#pragma once

#include <string>

#include <fmt/format.h>

#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

struct LinearCrossEntropyParams {
  std::int64_t chunk_size = 1024;
  double label_smoothing = 0;
  std::int64_t ignore_index = -100;
  std::string reduction = "mean";
};

// types: output [*, D], target [*], weight [C, D], bias [C] or absent.
inline std::optional<std::string> linear_cross_entropy_fits(const TensorTypes& types) {
  const TensorType &output = types[0], &target = types[1], &weight = types[2], &bias = types[3];
  if (auto why = needs_floating(output)) return why;
  if (output.shape.size() < 2) return "the output must be [*, features], not " + to_string(output);
  const Shape without(output.shape.begin(), output.shape.end() - 1);
  if (!is_integer(target.dtype) || !(target.shape == without))
    return fmt::format("the target must be class numbers {}, not {}", to_string(without),
                       to_string(target));
  if (weight.shape.size() != 2 || weight.dtype != output.dtype)
    return fmt::format("the weight of 'linear' must be {}[classes, features], not {}",
                       to_string(output.dtype), to_string(weight));
  if (!(weight.shape[1] == output.shape.back()))
    return fmt::format("the weight of 'linear' takes {} features, but the output has {}",
                       weight.shape[1].text(), output.shape.back().text());
  if (bias.is_absent || bias.shape == Shape{weight.shape[0]}) return std::nullopt;
  return fmt::format("the bias of 'linear' must be [{}], not {}", weight.shape[0].text(),
                     to_string(bias));
}

inline EntrySpec linear_cross_entropy_spec() {
  using P = LinearCrossEntropyParams;
  return declare_entry<P>("linear_cross_entropy",
                          "Cross-entropy of what a linear step of the model makes of the output, "
                          "by some rows at a time: the logits never are there as a whole.")
      .param("chunk_size", &P::chunk_size, "Rows at a time.", config::at_least(1))
      .param("label_smoothing", &P::label_smoothing,
             "Share of the probability that is spread over all classes.", config::between(0, 1))
      .param("ignore_index", &P::ignore_index, "Targets with this number do not count.")
      .reduction()
      .output(Values::Any, "f32[4]")
      .target(Values::Classes, "i64[]")
      .owned_input("linear", "weight", "The path of the linear step that makes the logits.",
                   "f32[4]")
      .optional_owned_input("linear", "bias", "Its bias, if it has one.", "f32[]")
      .fits([](const P&, const TensorTypes& types) { return linear_cross_entropy_fits(types); })
      .source("torch.nn.functional.linear, torch.nn.CrossEntropyLoss");
}

}  // namespace fdl::catalog
