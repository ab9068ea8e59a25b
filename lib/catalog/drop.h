#pragma once

#include "lib/catalog/spatial.h"

// What the modules of the dropout family declare alike.
namespace fdl::catalog {

struct DropParams {
  double p = 0.5;
};

template <typename P = DropParams>
ModuleBuilder<P> drop(std::string name, std::string summary, const std::string& doc) {
  ModuleBuilder<P> module(std::move(name), std::move(summary));
  return module.param("p", &P::p, doc, config::main_field, config::at_least_and_below(0, 1))
      .draws();
}

// dropout1d, dropout2d and dropout3d.
template <std::size_t N>
ModuleSpec channel_dropout_spec(std::vector<std::string> inputs = {}) {
  const std::string name = "dropout" + std::to_string(N) + "d", image = image_text(N, "C");
  return drop(name,
              "In training, zero each channel of each sample with probability p and scale the rest "
              "by 1 / (1 - p).",
              "Probability of a channel of zeros.")
      .shape(image + " -> " + image)
      .keeps({})
      // The mask.
      .keeps_bytes([](const auto&, const TensorType& x, const TensorType&) {
        return bytes_of(x.shape[0] * x.shape[1], x);
      })
      .source("Tompson et al. 2015, arXiv:1411.4280, section 3.2; torch.nn.Dropout" +
              std::to_string(N) + "d")
      .example(name + ": 0.25", std::move(inputs));
}

// Accepts what has channels; a rule for those over any number of places.
inline tl::expected<Shape, std::string> keep_channels(const DropParams&, const TensorType& x) {
  if (x.shape.size() >= 2) return x.shape;
  return tl::unexpected(std::string("it takes at least 2 axes: [N, C]"));
}

}  // namespace fdl::catalog
