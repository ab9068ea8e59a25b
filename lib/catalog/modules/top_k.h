#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog::modules {

struct TopKParams {
  std::int64_t k = 1;
  std::int64_t dim = -1;
  bool largest = true;
  bool sorted = true;
};

inline ModuleSpec top_k_spec() {
  using P = TopKParams;
  return declare<P>("top_k", "The largest values along one axis, and their places.")
      .param("k", &P::k, "How many.", config::required, config::main_field, config::at_least(1))
      .param("dim", &P::dim, "The axis.")
      .param("largest", &P::largest, "Otherwise the least ones.")
      .param("sorted", &P::sorted, "In order.")
      .outputs({"values", "indices"})
      .input("input", DTypeClass::Any)
      .types("[N, axes] -> [N, axes with k at 'dim'], the same in i64",
             [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
               TensorType values = inputs.front();
               const auto axis = inner_axis(p.dim, values.shape);
               if (!axis) return tl::unexpected(axis.error());
               if (values.dtype == DType::Bool)
                 return tl::unexpected(std::string("bool has no order: cast it first"));
               Dim& dim = values.shape[static_cast<std::size_t>(*axis)];
               if (dim.is_number() && p.k > dim.number())
                 return tl::unexpected("'k' is " + std::to_string(p.k) + ", but that axis is " +
                                       dim.text());
               dim = p.k;
               return std::vector<TensorType>{values, {DType::I64, values.shape}};
             })
      .flops([](const P&, const TensorType& x, const TensorType&) { return num_elements(x.shape); })
      .keeps({"indices"})
      .source("torch.topk")
      .example("top_k: 2");
}

}  // namespace fdl::catalog::modules
