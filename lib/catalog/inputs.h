#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/catalog/module_spec.h"

// Checks of modules with several inputs, for `types` rules.
namespace fdl::catalog {

// An input and what it must be where it is given.
struct ExpectedInput {
  std::string name;
  TensorType type;
  Shape shape;
  std::optional<DType> dtype;  // any that the module takes when empty
};

// The first input that is not as expected, as a sentence; empty when all are.
std::optional<std::string> misfit(const std::vector<ExpectedInput>& inputs);

// "input 'mask' must be [B, 4], not [B, 5]".
std::string wrong_shape(const std::string& name, const std::string& expected,
                        const TensorType& type);

// "it takes [B, T, embed_dim], but gets 2 axes"; empty when the type has that many.
std::optional<std::string> wrong_rank(const TensorType& type, std::size_t num_axes,
                                      const std::string& expected);

}  // namespace fdl::catalog
