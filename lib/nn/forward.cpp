#include "lib/nn/forward.h"

#include "lib/base/check.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

struct Row {
  std::string_view name;
  Forward (*make)();
};

constexpr Row kForwards[] = {
#define FDL_MODULE(name) {#name, forward_##name},
#include "lib/catalog/modules.inc"
#undef FDL_MODULE
};

struct ParametrizationRow {
  std::string_view name;
  Parametrized compute;
};

constexpr ParametrizationRow kParametrizations[] = {
#define FDL_PARAMETRIZATION(name) {#name, parametrized_##name},
#include "lib/catalog/parametrizations.inc"
#undef FDL_PARAMETRIZATION
};

}  // namespace

Tensors Tensors::with(std::string name, at::Tensor value) const {
  Tensors out = *this;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] != name) continue;
    out.values_[i] = std::move(value);
    return out;
  }
  out.names_.push_back(std::move(name));
  out.values_.push_back(std::move(value));
  return out;
}

Parametrized find_parametrization(std::string_view name) {
  for (const ParametrizationRow& row : kParametrizations) {
    if (row.name == name) return row.compute;
  }
  FDL_CHECK(!"a parametrization that the catalogue does not have");
  return nullptr;
}

Tensors::Tensors(std::vector<std::string> names, std::vector<at::Tensor> values)
    : names_(std::move(names)), values_(std::move(values)) {
  FDL_CHECK(names_.size() == values_.size());
}

const at::Tensor& Tensors::operator[](std::string_view name) const {
  static const at::Tensor kAbsent;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) return values_[i];
  }
  return kAbsent;
}

Forward find_forward(std::string_view module_name) {
  for (const Row& row : kForwards) {
    if (row.name == module_name) return row.make();
  }
  FDL_CHECK(!"a module that the catalogue does not have");
  return {};
}

}  // namespace fdl::nn
