#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

struct TransposeParams {
  std::int64_t dim0 = 1;
  std::int64_t dim1 = 2;
};

inline ModuleSpec transpose_spec() {
  using P = TransposeParams;
  return declare<P>("transpose", "Two axes change places.")
      .param("dim0", &P::dim0, "One axis.", config::required)
      .param("dim1", &P::dim1, "The other.", config::required)
      .shape("[N, axes] -> [N, axes with two swapped]",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               const auto a = inner_axis(p.dim0, x.shape), b = inner_axis(p.dim1, x.shape);
               if (!a || !b) return tl::unexpected(a ? b.error() : a.error());
               Shape out = x.shape;
               std::swap(out[static_cast<std::size_t>(*a)], out[static_cast<std::size_t>(*b)]);
               return out;
             })
      .input("input", DTypeClass::Any)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .view()
      .source("torch.transpose")
      .example("transpose: { dim0: 1, dim1: 2 }");
}

}  // namespace fdl::catalog
