#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

struct UnsqueezeParams {
  std::int64_t dim = 1;
};

inline ModuleSpec unsqueeze_spec() {
  using P = UnsqueezeParams;
  return declare<P>("unsqueeze", "Add an axis of size 1.")
      .param("dim", &P::dim, "Where it stands in the output; not 0, which is the batch.",
             config::required, config::main_field)
      .shape("[N, axes] -> [N, axes with a 1 at 'dim']",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               Shape out = x.shape;
               out.emplace_back(1);
               const auto axis = inner_axis(p.dim, out);
               if (!axis) return tl::unexpected(axis.error());
               out.pop_back();
               out.insert(out.begin() + *axis, Dim(1));
               return out;
             })
      .input("input", DTypeClass::Any)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .view()
      .source("torch.unsqueeze")
      .example("unsqueeze: 1");
}

}  // namespace fdl::catalog
