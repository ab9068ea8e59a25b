#pragma once

#include "lib/catalog/reshaping.h"

namespace fdl::catalog {

struct ReshapeParams {
  std::vector<std::int64_t> shape;
};

inline ModuleSpec reshape_spec() {
  using P = ReshapeParams;
  return declare<P>("reshape", "The same elements, in the same order, with other axes.")
      .param("shape", &P::shape, "The axes behind the batch; one may be -1: what is left over.",
             config::required, config::main_field)
      .shape("[N, axes] -> [N, shape]",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               if (x.shape.empty()) return tl::unexpected(std::string("it has no batch axis"));
               const auto inner =
                   filled_axes(p.shape, num_elements(Shape(x.shape.begin() + 1, x.shape.end())));
               if (!inner) return tl::unexpected(inner.error());
               Shape out = {x.shape.front()};
               out.insert(out.end(), inner->begin(), inner->end());
               return out;
             })
      .input("input", DTypeClass::Any)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .view()
      .source("torch.reshape")
      .example("reshape: [3, -1]");
}

}  // namespace fdl::catalog
