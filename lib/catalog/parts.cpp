#include "lib/catalog/parts.h"

#include <cmath>

namespace fdl::catalog {

TensorSpec owned_tensor(std::string name, const Shape& shape, InitRule init) {
  return {std::move(name), to_string(shape), std::move(init), false, DType::F32, {}};
}

void append(std::vector<TensorSpec>& to, std::vector<TensorSpec> more) {
  for (TensorSpec& tensor : more) to.push_back(std::move(tensor));
}

std::vector<TensorSpec> linear_part(const std::string& name, const Dim& in, const Dim& out,
                                    bool bias) {
  const InitRule init = uniform(1 / std::sqrt(static_cast<double>(in.number())));
  std::vector<TensorSpec> tensors = {owned_tensor(name + ".weight", {out, in}, init)};
  if (bias) tensors.push_back(owned_tensor(name + ".bias", {out}, init));
  return tensors;
}

std::vector<TensorSpec> norm_part(const std::string& name, const Dim& size, bool bias) {
  std::vector<TensorSpec> tensors = {owned_tensor(name + ".weight", {size}, ones())};
  if (bias) tensors.push_back(owned_tensor(name + ".bias", {size}, zeros()));
  return tensors;
}

InitRule xavier_uniform(const Dim& in, const Dim& out) {
  return uniform(std::sqrt(6 / static_cast<double>((in + out).number())));
}

}  // namespace fdl::catalog
