// How the steps of a subtree run: `precision` and `recompute`. Casts stand in the graph as modules,
// so that types, costs and drawings know them.
#include <algorithm>

#include "lib/base/closest.h"
#include "lib/catalog/catalog.h"
#include "lib/catalog/modules/cast.h"
#include "lib/graph/builder.h"
#include "lib/graph/construct_list.h"

namespace fdl::graph {
namespace {

using catalog::DType;

bool is_half(DType dtype) { return dtype == DType::F16 || dtype == DType::BF16; }

}  // namespace

const std::vector<std::string>& precision_names() {
  static const std::vector<std::string> kNames = {"f32", "bf16", "f16", "f64"};
  return kNames;
}

void Builder::read_recompute(const config::Node& node, const Place& place, Step& step) {
  const config::Node value = file_->interpolator.resolve(node, *place.names);
  if (value.broken || config::ValueTraits<bool>::read(value, step.recompute)) return;
  problems_.add(config::wrong_type(value, "recompute", config::ValueTraits<bool>::type()));
}

void Builder::read_precision(const config::Node& node, const Place& place, Step& step) {
  const std::string name = read_word(node, "precision", place);
  if (name.empty()) return;
  const auto& names = precision_names();
  if (std::find(names.begin(), names.end(), name) != names.end()) {
    step.precision = catalog::parse_dtype(name);
    return;
  }
  problems_.add(
      error(Code::NotAChoice, node.span, "'precision' must be {}, not '{}'", one_of(names), name));
}

void Builder::enter(const Step& step, ValueId stream, Place& inside) {
  if (step.freeze) inside.freeze = *step.freeze;
  if (step.recompute) inside.recompute.push_back(num_regions_++);
  const std::optional<DType> around = inside.precision;
  inside.gives.reset();
  if (!step.precision) return;
  inside.precision = step.precision;
  inside.gives = around.value_or(DType::F32);
  if (stream == kUnknown || around) return;
  const auto cast = cast_from_.find(stream);
  const DType came_in = type_of(cast == cast_from_.end() ? stream : cast->second).dtype;
  if (catalog::is_floating(came_in)) inside.gives = came_in;
}

ValueId Builder::cast(ValueId value, std::optional<DType> dtype, const Place& place) {
  if (value < 0 || !dtype) return value;
  const catalog::TensorType type = type_of(value);
  if (!catalog::is_floating(type.dtype) || type.dtype == *dtype) return value;
  const auto former = cast_from_.find(value);
  if (former != cast_from_.end() && type_of(former->second).dtype == *dtype) return former->second;
  Node node;
  node.spec = catalog::find_module("cast");
  node.params =
      std::make_shared<catalog::CastParams>(catalog::CastParams{std::string(to_string(*dtype))});
  node.path = place.path->join(place.path->next("precision"));
  node.span = graph_.values[static_cast<std::size_t>(value)].span;
  if (!claim(node.path, node.span)) return kUnknown;
  node.inputs = {value};
  node.outputs = {add_value({*dtype, type.shape}, node.path, node.span)};
  const ValueId out = add_node(place, std::move(node)).outputs.front();
  cast_from_[out] = value;
  return out;
}

Produced Builder::cast(Produced made, std::optional<DType> dtype, const Place& place) {
  const ValueId stream = made.stream;
  made.stream = cast(stream, dtype, place);
  for (NamedValue& port : made.ports)
    port.value = port.value == stream ? made.stream : cast(port.value, dtype, place);
  return made;
}

// Running statistics are sums over many batches, and some kernels know no 16-bit numbers.
bool Builder::computes_in_f32(const catalog::ModuleSpec& spec, const Place& place) const {
  if (!place.precision || place.precision == DType::F32) return false;
  return spec.updates_buffers() || (spec.full_precision && is_half(*place.precision));
}

bool Builder::computes_by_parameters(const Node& node) const {
  return node.precision &&
         std::none_of(node.inputs.begin(), node.inputs.end(), [this](ValueId input) {
           return input != kAbsent && catalog::is_floating(type_of(input).dtype);
         });
}

bool Builder::fits_parameters(const Step& step, const Node& node, const Place& place) {
  if (node.tensors.empty()) return true;
  const DType computes = place.precision.value_or(DType::F32);
  for (const ValueId input : node.inputs) {
    if (input == kAbsent) continue;
    const DType dtype = type_of(input).dtype;
    if (!catalog::is_floating(dtype) || dtype == computes) continue;
    problems_.add(
        with_origin(error(Code::WrongDtype, step.span, "'{}' computes in {} here, but {} comes in",
                          step.kind, to_string(computes), to_string(type_of(input)))
                        .at_node(node.path)
                        .help("write `precision: {}` beside it, or `cast: {}` before it",
                              to_string(dtype), to_string(computes)),
                    input));
    return false;
  }
  return true;
}

}  // namespace fdl::graph
