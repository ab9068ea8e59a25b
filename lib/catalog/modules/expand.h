#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

struct ExpandParams {
  std::vector<std::int64_t> sizes;
};

inline ModuleSpec expand_spec() {
  using P = ExpandParams;
  return declare<P>("expand", "Repeat axes of size 1, without copying.")
      .param("sizes", &P::sizes, "The size of each axis but the batch; -1 keeps it.",
             config::required, config::main_field)
      .shape("[N, axes] -> [N, sizes]",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               if (p.sizes.size() + 1 != x.shape.size())
                 return tl::unexpected("'sizes' has " + std::to_string(p.sizes.size()) +
                                       " axes beside the batch, but the input is " +
                                       to_string(x.shape));
               Shape out = x.shape;
               for (std::size_t i = 1; i < out.size(); ++i) {
                 const std::int64_t size = p.sizes[i - 1];
                 if (size == -1 || out[i] == Dim(size)) continue;
                 if (size < 1 || !(out[i] == Dim(1)))
                   return tl::unexpected("axis " + std::to_string(i) + " is " + out[i].text() +
                                         " and cannot become " + std::to_string(size));
                 out[i] = size;
               }
               return out;
             })
      .input("input", DTypeClass::Any)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .view()
      .source("torch.Tensor.expand")
      .example("expand: [-1, 4]", {"f64[3, 1]"});
}

}  // namespace fdl::catalog
