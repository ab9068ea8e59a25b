#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

struct GatherParams {
  std::int64_t dim = 1;
};

inline ModuleSpec gather_spec() {
  using P = GatherParams;
  return declare<P>("gather", "The values at the places that an index tells, along one axis.")
      .param("dim", &P::dim, "The axis.", config::main_field)
      .input("input", DTypeClass::Any)
      .input("index", DTypeClass::Integer)
      .types("[N, axes], [N, axes with any size at 'dim'] -> the index's",
             [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
               const Shape &x = inputs[0].shape, &index = inputs[1].shape;
               const auto axis = inner_axis(p.dim, x);
               if (!axis) return tl::unexpected(axis.error());
               Shape expected = x;
               if (index.size() == x.size())
                 expected[static_cast<std::size_t>(*axis)] = index[static_cast<std::size_t>(*axis)];
               if (!(expected == index))
                 return tl::unexpected("its index is " + to_string(index) +
                                       ", which may differ from the input in axis " +
                                       std::to_string(*axis) + " only");
               return std::vector<TensorType>{{inputs[0].dtype, index}};
             })
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .source("torch.gather")
      .example("gather: 1", {"f64[8]", "i64[3]"});
}

}  // namespace fdl::catalog
