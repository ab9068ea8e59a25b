#pragma once

#include "lib/catalog/combined.h"

namespace fdl::catalog {

inline ModuleSpec where_spec() {
  using P = NoParams;
  return declare<P>("where", "The stream where the condition is true, else the other input.")
      .input("input", DTypeClass::Any)
      .input("condition", DTypeClass::Any)
      .input("other", DTypeClass::Any)
      .types("[*], bool[*], [*] -> [*] as they broadcast",
             [](P&, const std::vector<TensorType>& inputs) -> TypeResult {
               if (const auto why = not_bool("condition", inputs[1])) return tl::unexpected(*why);
               TypeResult both = combined_type(inputs[0], inputs[2]);
               if (!both) return both;
               const auto shape = broadcast(both->front().shape, inputs[1].shape);
               if (!shape) return tl::unexpected(cannot_combine(both->front(), inputs[1]));
               return std::vector<TensorType>{{inputs[0].dtype, *shape}};
             })
      .keeps({"condition"})
      .source("torch.where")
      .example("where", {"f64[3, 4]", "bool[1, 4]", "f64[3, 4]"});
}

}  // namespace fdl::catalog
