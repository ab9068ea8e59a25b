#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

struct SelectParams {
  std::int64_t dim = 1;
  std::int64_t index = 0;
};

inline ModuleSpec select_spec() {
  using P = SelectParams;
  return declare<P>("select", "One place of an axis; the axis goes away.")
      .param("dim", &P::dim, "The axis.", config::required)
      .param("index", &P::index, "The place; negative ones count from the end.", config::required)
      .shape("[N, axes] -> [N, axes without 'dim']",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               const auto axis = inner_axis(p.dim, x.shape);
               if (!axis) return tl::unexpected(axis.error());
               const Dim& dim = x.shape[static_cast<std::size_t>(*axis)];
               const bool fits =
                   !dim.is_number() || (p.index < dim.number() && p.index >= -dim.number());
               if (!fits)
                 return tl::unexpected("there is no place " + std::to_string(p.index) +
                                       " in an axis of size " + dim.text());
               Shape out = x.shape;
               out.erase(out.begin() + *axis);
               return out;
             })
      .input("input", DTypeClass::Any)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .view()
      .source("torch.select")
      .example("select: { dim: 1, index: -1 }");
}

}  // namespace fdl::catalog
