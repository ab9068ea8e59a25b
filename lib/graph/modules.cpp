// Modules of the catalogue, and modules of the manifest (`use`).
#include <algorithm>

#include "lib/base/closest.h"
#include "lib/catalog/catalog.h"
#include "lib/graph/builder.h"

namespace fdl::graph {
namespace {

constexpr std::size_t kDeepestUse = 64;

}  // namespace

bool Builder::check_dtypes(const catalog::ModuleSpec& spec, const Step& step,
                           const std::string& path, const std::vector<ValueId>& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == kAbsent) continue;
    const catalog::TensorType& type = type_of(inputs[i]);
    if (accepts(spec.inputs[i].dtype, type.dtype)) continue;
    problems_.add(with_origin(error(Code::WrongDtype, step.span, "'{}' takes {} numbers, not {}",
                                    step.kind, to_string(spec.inputs[i].dtype), to_string(type))
                                  .at_node(path),
                              inputs[i]));
    return false;
  }
  return true;
}

void Builder::own_tensors(const catalog::ModuleSpec& spec, const Place& place, Node& node) {
  const bool frozen = place.freeze != Freeze::No;
  std::vector<std::int64_t> weight_shape;
  for (const catalog::TensorSpec& tensor : spec.owned(node.params.get())) {
    std::vector<std::int64_t> shape = spec.tensor_shape(tensor, node.params.get());
    if (tensor.name == "weight" || weight_shape.empty()) weight_shape = shape;
    OwnedTensor owned;
    owned.path = node.path + "." + tensor.name;
    owned.init = tensor.init(node.params.get(), weight_shape);
    owned.shape = std::move(shape);
    owned.dtype = tensor.dtype;
    owned.is_buffer = tensor.is_buffer;
    owned.is_frozen = frozen && !tensor.is_buffer;
    node.tensors.push_back(static_cast<int>(graph_.tensors.size()));
    node.tensor_names.push_back(tensor.name);
    graph_.tensors.push_back(std::move(owned));
  }
}

// `matmul: a` is short for `{matmul: {}, using: a}`: a module of several inputs, where no bare
// value means a parameter.
static bool is_short_for_using(const catalog::ModuleSpec& spec, const Step& step) {
  return spec.inputs.size() > 1 && spec.record.main_field() == nullptr &&
         step.using_node == nullptr && (step.value.is_scalar() || step.value.is_list());
}

// The parameters of a module as a step gives them; null when there were problems.
std::shared_ptr<void> Builder::bind_params(const catalog::ModuleSpec& spec, const Step& step,
                                           const Place& place, const std::string& path) {
  std::shared_ptr<void> params = spec.make_params();
  Diagnostics found;
  const config::Node value = file_->interpolator.resolve(step.value, *place.names);
  if (value.broken) return nullptr;
  config::bind_record(spec.record, value, params.get(), found, Code::UnknownParameter);
  if (!found.has_errors()) {
    for (const catalog::Requirement& requirement : spec.requirements) {
      if (const auto why = requirement(params.get()))
        found.add(error(Code::OutOfRange, step.span, "'{}' cannot be so: {}", step.kind, *why)
                      .at_node(path));
    }
  }
  if (found.has_errors() || has_broken(&value)) params = nullptr;
  problems_.add(std::move(found));
  return params;
}

Produced Builder::run_module(const Step& step, ValueId stream, const Place& place) {
  const catalog::ModuleSpec& spec = *catalog::find_module(step.kind);
  if (is_short_for_using(spec, step)) {
    Step call = step;
    call.using_node = &step.value;
    call.value = config::Node();
    call.value.span = step.value.span;
    return run_module(call, stream, place);
  }
  if (computes_in_f32(spec, place)) {
    Place inside = place;
    inside.precision = catalog::DType::F32;
    return cast(run_module(step, cast(stream, inside.precision, inside), inside), place.precision,
                place);
  }
  Node node;
  node.spec = &spec;
  node.span = step.span;
  node.path = place.path->join(step.name.empty() ? place.path->next(step.kind) : step.name);
  const bool is_new = claim(node.path, step.name.empty() ? step.span : step.name_span);

  const std::shared_ptr<void> params = bind_params(spec, step, place, node.path);
  node.inputs = gather_inputs(spec.inputs, step, stream, place);
  const bool known =
      std::none_of(node.inputs.begin(), node.inputs.end(), [](ValueId v) { return v == kUnknown; });
  if (!params || !known || !is_new || !check_dtypes(spec, step, node.path, node.inputs))
    return kUnknown;

  std::vector<catalog::TensorType> types;
  for (const ValueId input : node.inputs)
    types.push_back(input == kAbsent ? catalog::TensorType::absent() : type_of(input));
  const catalog::TypeResult outputs = spec.infer(params.get(), types);
  if (!outputs) {
    problems_.add(with_origin(error(Code::ShapeMismatch, step.span, "'{}' cannot take {}: {}",
                                    step.kind, to_string(types.front()), outputs.error())
                                  .at_node(node.path),
                              node.inputs.front()));
    return kUnknown;
  }
  node.params = params;
  own_tensors(spec, place, node);
  if (!fits_parameters(step, node, place)) return kUnknown;
  if (!node.tensors.empty() && place.precision != catalog::DType::F32)
    node.precision = place.precision;
  // Running statistics stay as they are, unless `freeze: {bn: train}`.
  node.is_frozen = place.freeze == Freeze::All && spec.updates_buffers();
  if (step.init != nullptr)
    read_initial_values(file_->interpolator.resolve(*step.init, *place.names), node);
  if (step.parametrize != nullptr)
    parametrize(file_->interpolator.resolve(*step.parametrize, *place.names), place, node);
  return add_module(std::move(node), *outputs, place);
}

// Gives the node its outputs, and the block the node.
Produced Builder::add_module(Node node, const std::vector<catalog::TensorType>& outputs,
                             const Place& place) {
  for (catalog::TensorType type : outputs) {
    if (computes_by_parameters(node)) type.dtype = *node.precision;
    node.outputs.push_back(add_value(std::move(type), node.path, node.span));
  }
  Produced made = node.outputs.front();
  const std::vector<std::string> ports = node.spec->output_names(node.params.get());
  for (std::size_t i = 0; ports.size() > 1 && i < ports.size(); ++i)
    made.ports.push_back({ports[i], node.outputs[i]});
  add_node(place, std::move(node));
  return made;
}

const config::Node* Builder::find_declaration(const std::string& name, const Span& span) {
  std::vector<std::string> names;
  const config::Node* model = file_->manifest.root.find("model");
  for (const config::Node* where :
       {model != nullptr ? model->find("modules") : nullptr,
        static_cast<const config::Node*>(file_->manifest.root.find("modules"))}) {
    if (where == nullptr) continue;
    if (const config::Node* found = where->find(name)) return found;
    for (const config::Entry& entry : where->entries) names.push_back(entry.key);
  }
  Diagnostic d = error(Code::UnknownUse, span, "there is no module '{}' under `modules:`", name);
  if (const auto near = closest(name, names))
    d = std::move(d).help("did you mean '{}'?", *near);
  else if (!names.empty())
    d = std::move(d).note("there are {}", one_of(names));
  problems_.add(std::move(d));
  return nullptr;
}

// Defaults of the declaration's `params`, overridden by the call's `with`.
bool Builder::bind_module_params(const config::Node& declaration, const Step& step,
                                 const Place& place, config::NameScope& names) {
  const config::Node* params = declaration.find("params");
  std::vector<std::string> legal;
  if (params != nullptr) {
    for (const config::Entry& entry : params->entries) {
      names.values[entry.key] = file_->interpolator.resolve(entry.value, names);
      legal.push_back(entry.key);
    }
  }
  if (step.with == nullptr) return true;
  bool fine = true;
  for (const config::Entry& entry : step.with->entries) {
    if (std::find(legal.begin(), legal.end(), entry.key) != legal.end()) {
      names.values[entry.key] = file_->interpolator.resolve(entry.value, *place.names);
      continue;
    }
    Diagnostic d = error(Code::UnknownParameter, entry.key_span, "'{}' has no parameter '{}'",
                         step.value.text, entry.key);
    if (const auto near = closest(entry.key, legal))
      d = std::move(d).help("did you mean '{}'?", *near);
    problems_.add(legal.empty() ? std::move(d).note("it declares no `params:`")
                                : std::move(d).note("its params are {}", one_of(legal)));
    fine = false;
  }
  return fine;
}

Produced Builder::run_use(const Step& step, ValueId stream, const Place& place) {
  Step call = step;
  call.value = file_->interpolator.resolve(step.value, *place.names);
  if (call.value.broken) return kUnknown;
  if (!call.value.is_scalar()) {
    problems_.add(config::wrong_type(call.value, "use", "a module's name"));
    return kUnknown;
  }
  const std::string& name = call.value.text;
  call.kind = name;
  if (use_chain_.size() >= kDeepestUse) {
    problems_.add(error(Code::TooDeep, call.value.span, "`use` nests deeper than {} modules here",
                        kDeepestUse)
                      .help("put the steps of some of these modules into their callers"));
    return kUnknown;
  }
  if (is_file_name(name)) return run_use_file(call, stream, place);
  const auto again = std::find(use_chain_.begin(), use_chain_.end(), name);
  if (again != use_chain_.end()) {
    std::string chain;
    for (auto it = again; it != use_chain_.end(); ++it) chain += *it + " -> ";
    problems_.add(
        error(Code::RecursiveUse, call.value.span, "'{}' uses itself: {}{}", name, chain, name)
            .help("`loop:` repeats a computation with the same weights, `repeat:` with new ones"));
    return kUnknown;
  }
  const config::Node* declaration = find_declaration(name, call.value.span);
  if (declaration == nullptr) return kUnknown;
  std::vector<catalog::InputSpec> inputs;
  if (const config::Node* list = declaration->find("inputs")) {
    for (const config::Node& item : list->items)
      inputs.push_back({item.text, catalog::DTypeClass::Any});
  }
  if (inputs.empty()) inputs.push_back({"input", catalog::DTypeClass::Any});
  const config::Node* flow = declaration->find("flow");
  config::NameScope names;
  const bool bound = bind_module_params(*declaration, call, place, names);
  const std::vector<ValueId> values = gather_inputs(inputs, call, stream, place);
  if (flow == nullptr || !bound) {
    if (flow == nullptr)
      problems_.add(
          error(Code::MissingKey, declaration->span, "the module '{}' needs a 'flow'", name));
    return kUnknown;
  }
  TagScope tags(nullptr);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    tags.define(inputs[i].name, {values[i], declaration->span});
  use_chain_.push_back(name);
  Place inside = place;
  inside.path = scope_of(step, place);
  inside.tags = &tags;
  inside.names = &names;
  const std::vector<int> states = declare_states(*declaration, inside);
  const ValueId out = run_flow(*flow, values.front(), inside, false);
  check_states(states);
  use_chain_.pop_back();
  return out;
}

}  // namespace fdl::graph
