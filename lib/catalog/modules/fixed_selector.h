#pragma once

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct FixedSelectorParams {
  std::int64_t index = 0;
};

inline ModuleSpec fixed_selector_spec() {
  using P = FixedSelectorParams;
  return declare<P>("fixed_selector", "The same branch of a `switch` for every sample.")
      .param("index", &P::index, "The branch, from 0.", config::required, config::main_field,
             config::at_least(0))
      .input("input", DTypeClass::Any)
      .types("[B, axes] -> i64[B]",
             [](P&, const std::vector<TensorType>& inputs) -> TypeResult {
               if (inputs.front().shape.empty())
                 return tl::unexpected(std::string("it takes at least a batch axis"));
               return std::vector<TensorType>{{DType::I64, {inputs.front().shape.front()}}};
             })
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .keeps({})
      .source("a constant")
      .example("fixed_selector: 1");
}

}  // namespace fdl::catalog
