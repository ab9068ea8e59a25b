#pragma once

#include "lib/catalog/module_spec.h"

namespace fdl::catalog {

struct OneHotParams {
  std::int64_t num_classes = 0;
};

inline ModuleSpec one_hot_spec() {
  using P = OneHotParams;
  return declare<P>("one_hot", "For each integer a vector of zeros with a 1 at its place.")
      .param("num_classes", &P::num_classes,
             "Length of a vector: integers run from 0 to this, exclusive.", config::required,
             config::main_field, config::alias("num"), config::at_least(1))
      .input("input", DTypeClass::Integer)
      .output_dtype(DType::I64)
      .shape("[*] -> [*, num_classes]")
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .keeps({})
      .source("torch.nn.functional.one_hot")
      .example("one_hot: 8");
}

}  // namespace fdl::catalog
