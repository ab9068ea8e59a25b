#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/catalog/module_spec.h"

// The equations of einsum: "bij,bjk->bik".
namespace fdl::catalog {

struct Equation {
  std::vector<std::string> inputs;  // one letter for each axis
  std::string output;
};

// Empty when it is not of that form; when an output letter is new or there twice; or when the
// batch's letter does not stand first everywhere.
std::optional<Equation> read_equation(std::string_view text);

TypeResult einsum_type(const Equation& equation, const std::vector<TensorType>& inputs);

// A multiplication and an addition for each combination of all letters.
Dim einsum_flops(const Equation& equation, const std::vector<TensorType>& inputs);

}  // namespace fdl::catalog
