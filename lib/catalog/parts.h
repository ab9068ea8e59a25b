#pragma once

#include <string>
#include <vector>

#include "lib/catalog/module_spec.h"

// Tensors of modules that are made of smaller ones, as PyTorch names and initialises them. Sizes
// must be known: use these in ModuleBuilder::tensors, whose list is asked after inference.
namespace fdl::catalog {

TensorSpec owned_tensor(std::string name, const Shape& shape, InitRule init);

void append(std::vector<TensorSpec>& to, std::vector<TensorSpec> more);

// A linear layer: <name>.weight [out, in] and <name>.bias [out].
std::vector<TensorSpec> linear_part(const std::string& name, const Dim& in, const Dim& out,
                                    bool bias);

// A layer norm: <name>.weight [size] and <name>.bias [size].
std::vector<TensorSpec> norm_part(const std::string& name, const Dim& size, bool bias);

// U(-b, b) with b = sqrt(6 / (in + out)): Glorot and Bengio 2010, equation 16.
InitRule xavier_uniform(const Dim& in, const Dim& out);

}  // namespace fdl::catalog
