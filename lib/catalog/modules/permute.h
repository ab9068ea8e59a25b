#pragma once

#include <algorithm>

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

struct PermuteParams {
  std::vector<std::int64_t> dims;
};

inline ModuleSpec permute_spec() {
  using P = PermuteParams;
  return declare<P>("permute", "The axes in another order.")
      .param("dims", &P::dims, "All axes in their new order; the batch, 0, stays first.",
             config::required, config::main_field)
      .shape("[N, axes] -> [N, axes in the order 'dims']",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               const AxisList all{p.dims};
               if (p.dims.size() != x.shape.size())
                 return tl::unexpected("'dims' has " + std::to_string(p.dims.size()) +
                                       " axes, but the input has " +
                                       std::to_string(x.shape.size()));
               Shape out;
               for (const std::int64_t dim : p.dims) {
                 const auto axis = axis_index(dim, x.shape);
                 if (!axis) return tl::unexpected(no_such_axis(dim, x.shape));
                 if ((*axis == 0) != out.empty())
                   return tl::unexpected(std::string("axis 0 is the batch and stays first"));
                 out.push_back(x.shape[static_cast<std::size_t>(*axis)]);
               }
               const std::vector<std::int64_t> sorted = axes_from_front(all, x.shape.size());
               const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
               if (twice != sorted.end())
                 return tl::unexpected("axis " + std::to_string(*twice) + " is named twice");
               return out;
             })
      .input("input", DTypeClass::Any)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .view()
      .source("torch.permute")
      .example("permute: [0, 2, 1]");
}

}  // namespace fdl::catalog
