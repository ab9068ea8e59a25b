#pragma once

#include <fmt/format.h>

#include "lib/catalog/axis_list.h"
#include "lib/catalog/broadcast.h"
#include "lib/catalog/elementwise.h"

// Modules that combine the stream with another input, of the same dtype, as PyTorch broadcasts.
namespace fdl::catalog {

// Their common type, or why there is none.
TypeResult combined_type(const TensorType& a, const TensorType& b);
// Of [*, n, k] and [*, k, m], the leading axes broadcast.
TypeResult matrix_product(const TensorType& a, const TensorType& b);

// Empty for bool; else a sentence about that input.
inline std::optional<std::string> not_bool(std::string_view name, const TensorType& type) {
  if (type.dtype == DType::Bool) return std::nullopt;
  return fmt::format("its {} must be bool, not {}", name, to_string(type));
}

// Starts the declaration of an arithmetic operation.
template <typename P>
ModuleBuilder<P> combined(std::string name, std::string summary) {
  ModuleBuilder<P> out = declare<P>(std::move(name), std::move(summary));
  out.input("input", DTypeClass::Floating)
      .input("other", DTypeClass::Floating)
      .types("[*], [*] -> [*] as they broadcast",
             [](P&, const std::vector<TensorType>& inputs) -> TypeResult {
               return combined_type(inputs[0], inputs[1]);
             });
  return out;
}

// Likewise of one that takes the axis `dim` of both away.
template <typename P>
ModuleBuilder<P> along_both(std::string name, std::string summary) {
  ModuleBuilder<P> out = combined<P>(std::move(name), std::move(summary));
  out.param("dim", &P::dim, "The axis; it goes away.", config::main_field)
      .types("[N, axes], [N, axes] -> [N, axes without 'dim'] as they broadcast",
             [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
               TypeResult both = combined_type(inputs[0], inputs[1]);
               if (!both) return both;
               if (inputs[0].shape.size() != inputs[1].shape.size())
                 return tl::unexpected(std::string("its inputs must have equally many axes"));
               auto shape = without_axes({{p.dim}}, false, both->front().shape);
               if (!shape) return tl::unexpected(shape.error());
               both->front().shape = *std::move(shape);
               return both;
             })
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(2);
      });
  return out;
}

}  // namespace fdl::catalog
