#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

// The parameters of the variance and the standard deviation.
struct SpreadParams {
  AxisList dim;
  std::int64_t correction = 1;
  bool keepdim = false;
};

// Starts the declaration of one of them.
inline ModuleBuilder<SpreadParams> spread(std::string name, std::string summary) {
  using P = SpreadParams;
  ModuleBuilder<P> out = reduction<P>(std::move(name), std::move(summary));
  out.param("correction", &P::correction, "Taken from the count that is divided by.",
            config::at_least(0))
      .types("[N, axes] -> [N, those not in dim]",
             [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
               const TensorType& x = inputs.front();
               const auto shape = without_axes(p.dim, p.keepdim, x.shape);
               if (!shape) return tl::unexpected(shape.error());
               Dim count = 1;
               for (const std::int64_t axis : axes_from_front(p.dim, x.shape.size()))
                 count = count * x.shape[static_cast<std::size_t>(axis)];
               if (count.is_number() && count.number() <= p.correction)
                 return tl::unexpected("it needs more than " + std::to_string(p.correction) +
                                       " values, but gets " + count.text());
               return std::vector<TensorType>{{x.dtype, *shape}};
             });
  return out;
}

}  // namespace fdl::catalog
