#pragma once

#include "lib/catalog/combined.h"

namespace fdl::catalog {

struct MaskedFillParams {
  double value = 0;
};

inline ModuleSpec masked_fill_spec() {
  using P = MaskedFillParams;
  return declare<P>("masked_fill", "A fixed value where the mask is true.")
      .param("value", &P::value, "The value; .inf and -.inf are numbers too.", config::required,
             config::main_field)
      .input("input", DTypeClass::Floating)
      .input("mask", DTypeClass::Any)
      .types("[*], bool[*] that broadcasts to it -> [*]",
             [](P&, const std::vector<TensorType>& inputs) -> TypeResult {
               if (const auto why = not_bool("mask", inputs[1])) return tl::unexpected(*why);
               const auto shape = broadcast(inputs[0].shape, inputs[1].shape);
               if (!shape || !(*shape == inputs[0].shape))
                 return tl::unexpected("a mask of " + to_string(inputs[1]) +
                                       " does not broadcast to it");
               return std::vector<TensorType>{inputs[0]};
             })
      .keeps({"mask"})
      .source("torch.Tensor.masked_fill")
      .example("masked_fill: 0", {"f64[3, 4]", "bool[1, 4]"});
}

}  // namespace fdl::catalog
