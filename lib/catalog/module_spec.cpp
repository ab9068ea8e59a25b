#include "lib/catalog/module_spec.h"

#include <algorithm>
#include <cmath>

#include "lib/base/check.h"

namespace fdl::catalog {
namespace {

// As torch.nn.init: receptive field times the second axis; a vector has no fan, and gives 1.
double fan_in_of(const std::vector<std::int64_t>& shape) {
  if (shape.size() < 2) return 1;
  double fan = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) fan *= static_cast<double>(shape[i]);
  return fan;
}

InitRule constant(double value) {
  return [value](const void*, const auto&) { return Init{Init::Kind::Constant, value, 0, -1}; };
}

}  // namespace

InitRule zeros() { return constant(0); }
InitRule ones() { return constant(1); }

InitRule normal(double mean, double stddev) {
  return [=](const void*, const auto&) { return Init{Init::Kind::Normal, mean, stddev, -1}; };
}

InitRule kaiming_uniform(double a) {
  return [a](const void*, const std::vector<std::int64_t>& weight) {
    const double gain = std::sqrt(2.0 / (1.0 + a * a));
    const double bound = gain * std::sqrt(3.0 / fan_in_of(weight));
    return Init{Init::Kind::Uniform, -bound, bound, -1};
  };
}

InitRule bias_uniform() {
  return [](const void*, const std::vector<std::int64_t>& weight) {
    const double bound = 1.0 / std::sqrt(fan_in_of(weight));
    return Init{Init::Kind::Uniform, -bound, bound, -1};
  };
}

InitRule uniform(double bound) {
  return [bound](const void*, const auto&) { return Init{Init::Kind::Uniform, -bound, bound, -1}; };
}

bool accepts(DTypeClass wanted, DType dtype) {
  if (wanted == DTypeClass::Any) return true;
  return wanted == DTypeClass::Floating ? is_floating(dtype) : is_integer(dtype);
}

std::string_view to_string(DTypeClass wanted) {
  if (wanted == DTypeClass::Any) return "any";
  return wanted == DTypeClass::Floating ? "floating-point" : "integer";
}

std::vector<TensorSpec> ModuleSpec::owned(const void* params) const {
  std::vector<TensorSpec> out;
  for (const TensorSpec& tensor : tensors) {
    if (tensor.is_present(params)) out.push_back(tensor);
  }
  if (more_tensors) {
    for (TensorSpec& tensor : more_tensors(params)) out.push_back(std::move(tensor));
  }
  return out;
}

bool ModuleSpec::updates_buffers() const {
  return std::any_of(tensors.begin(), tensors.end(),
                     [](const TensorSpec& tensor) { return tensor.is_buffer; });
}

std::vector<std::int64_t> ModuleSpec::tensor_shape(const TensorSpec& tensor,
                                                   const void* params) const {
  const ParameterAccess parameters = access(record, const_cast<void*>(params));
  const ShapeRule rule = must_parse("[] -> " + tensor.shape);
  const ShapeResult shapes = rule.apply({Shape{}}, parameters);
  FDL_CHECK(shapes.has_value());
  std::vector<std::int64_t> out;
  for (const Dim& dim : shapes->front()) out.push_back(dim.number());
  return out;
}

ParameterAccess access(const config::RecordSpec& record, void* params) {
  const auto find_open = [&record, params](const std::string& name) -> const config::FieldSpec* {
    const config::FieldSpec* field = record.find(name);
    if (field == nullptr || !field->is_inferred) return nullptr;
    const std::vector<std::int64_t> value = field->integers(params);
    return value.size() == 1 && value[0] == 0 ? field : nullptr;
  };
  ParameterAccess out;
  out.value = [&record, params, find_open](const std::string& name,
                                           int index) -> std::optional<Dim> {
    const config::FieldSpec* field = record.find(name);
    if (field == nullptr || find_open(name) != nullptr) return std::nullopt;
    const std::vector<std::int64_t> values = field->integers(params);
    const auto at = static_cast<std::size_t>(index < 0 ? 0 : index);
    if (at >= values.size() || (index < 0 && values.size() != 1)) return std::nullopt;
    return Dim(values[at]);
  };
  out.several = [&record, params](const std::string& name) {
    const config::FieldSpec* field = record.find(name);
    const auto values = field != nullptr ? field->integers(params) : std::vector<std::int64_t>();
    return values.size() > 1 ? std::vector<Dim>(values.begin(), values.end()) : std::vector<Dim>();
  };
  out.is_inferred_and_open = [find_open](const std::string& name) {
    return find_open(name) != nullptr;
  };
  out.infer = [&record, params](const std::string& name, std::int64_t value) {
    record.find(name)->set_integer(params, value);
  };
  return out;
}

Dim ModuleSpec::backward_flops(const void* params, const std::vector<TensorType>& in,
                               const std::vector<TensorType>& out, bool of_inputs,
                               bool of_tensors) const {
  GradientFlops parts;
  if (gradient_flops) {
    parts = gradient_flops(params, in, out);
  } else if (flops) {
    parts.inputs = parts.tensors = flops(params, in, out);
  }
  if (of_inputs && of_tensors) return parts.inputs + parts.tensors + parts.either;
  if (of_inputs) return parts.inputs + parts.either;
  return of_tensors ? parts.tensors + parts.either : Dim(0);
}

TypeResult apply_rule(const ShapeRule& rule, const config::RecordSpec& record, void* params,
                      const std::vector<TensorType>& inputs, std::optional<DType> output_dtype) {
  std::vector<Shape> shapes;
  for (const TensorType& type : inputs) shapes.push_back(type.shape);
  ShapeResult out = rule.apply(shapes, access(record, params));
  if (!out) return tl::unexpected(out.error());
  std::vector<TensorType> types;
  for (Shape& shape : *out)
    types.push_back({output_dtype.value_or(inputs.front().dtype), std::move(shape)});
  return types;
}

ShapeRule must_parse(const std::string& text) {
  std::optional<ShapeRule> rule = ShapeRule::parse(text);
  FDL_CHECK(rule.has_value());
  return *rule;
}

}  // namespace fdl::catalog
