#pragma once

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct CastParams {
  std::string dtype = "f32";
};

inline ModuleSpec cast_spec() {
  using P = CastParams;
  return declare<P>("cast", "The same numbers in another dtype.")
      .param("dtype", &P::dtype, "The dtype that goes out.", config::required, config::main_field,
             config::choices(dtype_names()))
      .types("[*] -> [*] in 'dtype'",
             [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
               return std::vector<TensorType>{{*parse_dtype(p.dtype), inputs.front().shape}};
             })
      .input("input", DTypeClass::Any)
      .keeps({})
      .source("torch.Tensor.to")
      .example("cast: f64");
}

}  // namespace fdl::catalog
