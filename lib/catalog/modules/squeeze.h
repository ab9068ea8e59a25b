#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

struct SqueezeParams {
  AxisList dim;

  std::vector<std::int64_t> found;  // the axes that go; set when the shape is inferred
};

inline ModuleSpec squeeze_spec() {
  using P = SqueezeParams;
  return declare<P>("squeeze", "Drop axes of size 1.")
      .param("dim", &P::dim, "Axes to drop; none means all of size 1 but the batch.",
             config::main_field)
      .shape("[N, axes] -> [N, axes without those of size 1]",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               AxisList all = p.dim;
               for (std::size_t i = 1; p.dim.dims.empty() && i < x.shape.size(); ++i) {
                 if (x.shape[i] == Dim(1)) all.dims.push_back(static_cast<std::int64_t>(i));
               }
               if (all.dims.empty()) return x.shape;
               const auto shape = without_axes(all, false, x.shape);
               if (!shape) return shape;
               p.found = axes_from_front(all, x.shape.size());
               for (const std::int64_t axis : p.found) {
                 const Dim& dim = x.shape[static_cast<std::size_t>(axis)];
                 if (!(dim == Dim(1)))
                   return tl::unexpected("axis " + std::to_string(axis) + " is " + dim.text() +
                                         ", not 1");
               }
               return shape;
             })
      .input("input", DTypeClass::Any)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .view()
      .source("torch.squeeze")
      .example("squeeze: 2", {"f64[3, 1]"});
}

}  // namespace fdl::catalog
