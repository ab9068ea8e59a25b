#pragma once

#include "lib/catalog/module_spec.h"

// Modules that compute each element of the output from the same element of the input.
namespace fdl::catalog {

struct NoParams {};

// Starts such a declaration; `num_operations` are those of one element.
template <typename P = NoParams>
ModuleBuilder<P> elementwise(std::string name, std::string summary,
                             std::int64_t num_operations = 1) {
  ModuleBuilder<P> out = declare<P>(std::move(name), std::move(summary));
  out.shape("[*] -> [*]").flops([num_operations](const P&, const TensorType& x, const auto&) {
    return num_elements(x.shape) * Dim(num_operations);
  });
  return out;
}

}  // namespace fdl::catalog
