#pragma once

#include "lib/catalog/reshaping.h"

namespace fdl::catalog {

struct UnflattenParams {
  std::int64_t dim = 1;
  std::vector<std::int64_t> unflattened_size;
};

inline ModuleSpec unflatten_spec() {
  using P = UnflattenParams;
  return declare<P>("unflatten", "Split one axis into several.")
      .param("dim", &P::dim, "The axis to split.", config::required)
      .param("unflattened_size", &P::unflattened_size,
             "The axes it becomes; one may be -1: what is left over.", config::required)
      .require([](const P& p) { return !p.unflattened_size.empty(); },
               "'unflattened_size' must name at least one axis")
      .shape("[N, axes] -> [N, axes with 'unflattened_size' in place of 'dim']",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               const auto axis = inner_axis(p.dim, x.shape);
               if (!axis) return tl::unexpected(axis.error());
               const auto parts =
                   filled_axes(p.unflattened_size, x.shape[static_cast<std::size_t>(*axis)]);
               if (!parts) return tl::unexpected(parts.error());
               Shape out(x.shape.begin(), x.shape.begin() + *axis);
               out.insert(out.end(), parts->begin(), parts->end());
               out.insert(out.end(), x.shape.begin() + *axis + 1, x.shape.end());
               return out;
             })
      .input("input", DTypeClass::Any)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .view()
      .source("torch.nn.Unflatten")
      .example("unflatten: { dim: 1, unflattened_size: [2, -1] }", {"f64[6, 2]"});
}

}  // namespace fdl::catalog
