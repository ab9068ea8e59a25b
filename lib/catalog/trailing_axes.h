#pragma once

#include "lib/catalog/axes.h"
#include "lib/catalog/one_or_more.h"

// What layer_norm and rms_norm share: `normalized_shape`, the lengths of the last axes.
namespace fdl::catalog {

using TrailingAxes = OneOrMore<std::int64_t>;

// Takes the last axis where nothing is given. The batch axis has no fixed length, so is never one.
inline tl::expected<Shape, std::string> fit_trailing(TrailingAxes& sizes, const TensorType& x) {
  if (x.shape.size() < std::max<std::size_t>(sizes.size(), 1))
    return tl::unexpected("it takes at least " +
                          std::to_string(std::max<std::size_t>(sizes.size(), 1)) + " axes");
  if (sizes.empty()) sizes = {0};
  const std::size_t first = x.shape.size() - sizes.size();
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (auto why = infer_size("normalized_shape", sizes[i], x.shape[first + i]))
      return tl::unexpected(*why);
  }
  return x.shape;
}

template <typename P>
ModuleBuilder<P> trailing_norm(std::string name, std::string summary, const std::string& eps_doc) {
  using config::above, config::at_least, config::inferred, config::main_field;
  ModuleBuilder<P> module(std::move(name), std::move(summary));
  return module
      .param("normalized_shape", &P::normalized_shape, "Lengths of the last axes.", inferred,
             main_field, at_least(1))
      .param("eps", &P::eps, eps_doc, above(0))
      .param("elementwise_affine", &P::elementwise_affine, "Learn a scale per feature.")
      .tensor("weight", "[normalized_shape]", ones(), &P::elementwise_affine);
}

}  // namespace fdl::catalog
