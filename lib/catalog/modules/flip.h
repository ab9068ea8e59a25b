#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

struct FlipParams {
  AxisList dims;
};

inline ModuleSpec flip_spec() {
  using P = FlipParams;
  return declare<P>("flip", "Axes in the reverse order.")
      .param("dims", &P::dims, "One axis or several.", config::required, config::main_field)
      .shape("[N, axes] -> the same",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               if (const auto why = axes_problem(p.dims, x.shape)) return tl::unexpected(*why);
               return x.shape;
             })
      .input("input", DTypeClass::Any)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .keeps({})
      .source("torch.flip")
      .example("flip: 1");
}

}  // namespace fdl::catalog
