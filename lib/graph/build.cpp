#include "lib/graph/build.h"

#include <algorithm>
#include <set>

#include "lib/base/closest.h"
#include "lib/graph/builder.h"

namespace fdl::graph {

namespace {

// Takes out those of `casts` that nobody reads: on the way to a module that computes in f32 all the
// same, for one. Backwards, since readers come later; `read` is what is read after the block.
void drop_unread(Block& block, const std::map<ValueId, ValueId>& casts, std::set<ValueId>& read) {
  read.insert(block.outputs.begin(), block.outputs.end());
  for (std::size_t i = block.nodes.size(); i-- > 0;) {
    Node& node = block.nodes[i];
    const ValueId made = node.outputs.front();
    if (casts.count(made) != 0 && read.count(made) == 0) {
      block.nodes.erase(block.nodes.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    for (Block& inner : node.blocks) drop_unread(inner, casts, read);
    read.insert(node.inputs.begin(), node.inputs.end());
  }
}

// What `training.precision` has all of the model compute in; nothing for f32. Other words are told
// of by who reads the section.
std::optional<catalog::DType> job_precision(const config::Node& root) {
  const config::Node* node = config::find_path(root, "training.precision");
  if (node == nullptr || (node->text != "bf16" && node->text != "f16")) return std::nullopt;
  return catalog::parse_dtype(node->text);
}

}  // namespace

Builder::Builder(const config::Manifest& manifest, const config::Environment& environment,
                 Diagnostics& problems)
    : environment_(environment),
      problems_(problems),
      main_file_(std::make_unique<File>(manifest, environment, problems)),
      file_(main_file_.get()) {}

ValueId Builder::add_value(catalog::TensorType type, std::string path, Span span) {
  graph_.values.push_back({std::move(type), std::move(path), std::move(span)});
  return static_cast<ValueId>(graph_.values.size()) - 1;
}

bool Builder::claim(const std::string& path, const Span& span) {
  const auto [it, is_new] = claimed_.emplace(path, span);
  if (is_new) return true;
  problems_.add(error(Code::NameCollision, span, "two steps claim the path '{}'", path)
                    .note_at(it->second, "the other one is here")
                    .help("give one of them, or the `repeat` or group around it, a `name:`"));
  return false;
}

Node& Builder::add_node(const Place& place, Node node) {
  node.recompute = place.recompute;
  place.block->nodes.push_back(std::move(node));
  return place.block->nodes.back();
}

Diagnostic Builder::with_origin(Diagnostic d, ValueId value) const {
  const Value& v = graph_.values[static_cast<std::size_t>(value)];
  return std::move(d).note_at(v.span, fmt::format("'{}' gives {}", v.path, to_string(v.type)));
}

void Builder::read_inputs(const config::Node& model, TagScope& tags) {
  const config::Node* inputs = model.find("inputs");
  std::optional<config::Node> inherited;
  if (inputs == nullptr && (inherited = inherited_inputs(model))) inputs = &*inherited;
  if (inputs == nullptr || !inputs->is_map() || inputs->entries.empty()) {
    problems_.add(error(Code::BadModel, inputs != nullptr ? inputs->span : model.span,
                        "the model has no inputs")
                      .help("for example inputs: {{ image: \"f32[1, 28, 28]\" }}"));
    return;
  }
  for (const config::Entry& entry : inputs->entries) {
    if (entry.value.broken) {
      tags.define(entry.key, {kUnknown, entry.key_span});
      continue;
    }
    const auto type = read_input_type(entry);
    if (!type) {
      tags.define(entry.key, {kUnknown, entry.key_span});
      continue;
    }
    const ValueId value = add_value(*type, entry.key, entry.key_span);
    graph_.inputs.push_back({entry.key, value});
    file_->inputs.push_back({entry.key, value});
    file_->input_types.push_back(*type);
    tags.define(entry.key, {value, entry.key_span});
  }
}

// With the batch axis.
std::optional<catalog::TensorType> Builder::read_input_type(const config::Entry& entry) {
  std::string why = "an input's type is a text";
  std::optional<catalog::TensorType> type;
  if (entry.value.is_scalar())
    type = catalog::parse_tensor_type(entry.value.text, graph_.axis_bounds, why);
  if (!type) {
    problems_.add(
        error(Code::BadInputType, entry.value.span, "the type {} of input '{}' cannot be read: {}",
              describe(entry.value), entry.key, why)
            .help("write dtype[axes] in quotes, without the batch axis: \"f32[1, 28, 28]\""));
    return std::nullopt;
  }
  type->shape.insert(type->shape.begin(), catalog::Dim::named("B"));
  return type;
}

std::vector<NamedValue> Builder::read_outputs(const config::Node& model, const TagScope& tags,
                                              ValueId last) {
  const config::Node* outputs = model.find("outputs");
  if (outputs == nullptr || outputs->is_null()) return {{"output", last}};
  if (!outputs->is_map() || outputs->entries.empty()) {
    problems_.add(config::wrong_type(*outputs, "outputs", "a map of names to tags"));
    return {{"output", last}};
  }
  std::vector<NamedValue> out;
  for (const config::Entry& entry : outputs->entries) {
    if (entry.value.is_scalar() && entry.value.text == "output") {
      out.push_back({entry.key, last});
      continue;
    }
    if (!entry.value.is_scalar()) {
      problems_.add(config::wrong_type(entry.value, entry.key, "a tag"));
      continue;
    }
    const TagScope::Tag* tag = tags.find(entry.value.text);
    if (tag != nullptr) {
      out.push_back({entry.key, value_of(*tag)});
      continue;
    }
    std::vector<std::string> names = tags.names();
    names.emplace_back("output");
    Diagnostic d =
        error(Code::UndefinedTag, entry.value.span, "nothing is tagged '{}'", entry.value.text);
    if (const auto near = closest(entry.value.text, names))
      d = std::move(d).help("did you mean '{}'?", *near);
    problems_.add(std::move(d));
    out.push_back({entry.key, kUnknown});
  }
  return out;
}

// `assume: {T: 128}`: what named axes count as in estimates.
void Builder::read_assumed(const config::Node& model) {
  const config::Node* given = model.find("assume");
  if (given == nullptr || given->is_null()) return;
  if (!given->is_map())
    problems_.add(config::wrong_type(*given, "assume", "a map of axes to sizes"));
  const std::vector<std::string> axes = graph_.named_axes();
  for (const config::Entry& entry : given->entries) {
    std::int64_t size = 0;
    if (entry.value.broken) continue;
    if (!config::ValueTraits<std::int64_t>::read(entry.value, size)) {
      problems_.add(config::wrong_type(entry.value, entry.key, "an integer"));
    } else if (size < 1) {
      problems_.add(error(Code::OutOfRange, entry.value.span, "'{}' must be at least 1, not {}",
                          entry.key, size));
    } else if (std::find(axes.begin(), axes.end(), entry.key) == axes.end()) {
      Diagnostic d = error(Code::UnknownPath, entry.key_span,
                           "no input of the model has an axis '{}'", entry.key);
      problems_.add(axes.empty() ? std::move(d).note("all of their axes are numbers")
                                 : std::move(d).note("named axes are {}", one_of(axes)));
    } else {
      graph_.assumed_sizes[entry.key] = size;
    }
  }
}

// Also of modules that nothing uses, whose steps are not read.
static void check_declarations(const config::Node* modules, Diagnostics& problems) {
  if (modules == nullptr || modules->is_null() || modules->broken) return;
  if (!modules->is_map()) {
    problems.add(config::wrong_type(*modules, "modules", "a map of names to modules"));
    return;
  }
  for (const config::Entry& entry : modules->entries) {
    if (entry.value.broken) continue;
    const config::Node* params = entry.value.find("params");
    if (!entry.value.is_map())
      problems.add(config::wrong_type(entry.value, entry.key, "a module: a map with a 'flow'"));
    else if (!entry.value.has("flow"))
      problems.add(
          error(Code::MissingKey, entry.value.span, "the module '{}' needs a 'flow'", entry.key));
    if (params != nullptr && !params->is_map() && !params->broken)
      problems.add(config::wrong_type(*params, "params", "a map"));
  }
}

Graph Builder::build() {
  static const std::vector<std::string> kKeys = {"name",    "inputs", "state", "flow",  "outputs",
                                                 "modules", "tie",    "load",  "assume"};
  const config::Node* model = file_->manifest.root.find("model");
  if (model == nullptr || !model->is_map()) {
    problems_.add(error(Code::BadModel, model != nullptr ? model->span : file_->manifest.root.span,
                        "the manifest has no model")
                      .help("write `model:` with `inputs:` and `flow:`"));
    return {};
  }
  for (const config::Entry& entry : model->entries) {
    if (std::find(kKeys.begin(), kKeys.end(), entry.key) != kKeys.end()) continue;
    Diagnostic d =
        error(Code::UnknownKey, entry.key_span, "unknown key '{}' in 'model'", entry.key);
    if (const auto near = closest(entry.key, kKeys))
      d = std::move(d).help("did you mean '{}'?", *near);
    problems_.add(std::move(d).note("'model' takes {}", one_of(kKeys)));
  }
  check_declarations(model->find("modules"), problems_);
  check_declarations(file_->manifest.root.find("modules"), problems_);
  if (const config::Node* name = model->find("name"); name != nullptr && !name->is_null()) {
    if (!config::ValueTraits<std::string>::read(*name, graph_.name))
      problems_.add(config::wrong_type(*name, "name", "a text"));
  }
  TagScope tags(nullptr);
  read_inputs(*model, tags);
  const config::Node* flow = model->find("flow");
  if (flow == nullptr || !flow->is_list() || flow->items.empty()) {
    problems_.add(
        error(Code::BadModel, flow != nullptr ? flow->span : model->span, "the model has no steps")
            .help("`flow:` is a list of steps: flow: [ linear: 10 ]"));
    return {};
  }
  const config::NameScope names;
  Place place{&graph_.root, std::make_shared<PathScope>(""), &tags, &names};
  place.precision = job_precision(file_->manifest.root);
  const std::vector<int> states = declare_states(*model, place);
  const ValueId first = graph_.inputs.empty() ? kUnknown : graph_.inputs.front().value;
  const ValueId last = run_flow(*flow, first, place, false);
  graph_.outputs = read_outputs(*model, tags, last);
  // Losses and whoever else asks for an output are to have all the digits that there are.
  if (place.precision) {
    for (NamedValue& output : graph_.outputs)
      output.value = cast(output.value, catalog::DType::F32, place);
  }
  check_states(states);
  check_bptt();
  read_model_loads(*model, 0, place);
  tie_tensors(*model);
  read_assumed(*model);
  for (const NamedValue& input : graph_.inputs) graph_.root.inputs.push_back(input.value);
  for (const State& state : graph_.states) graph_.root.inputs.push_back(state.read);
  for (const NamedValue& output : graph_.outputs) graph_.root.outputs.push_back(output.value);
  std::set<ValueId> read;
  for (const NamedValue& tag : graph_.tags) read.insert(tag.value);
  drop_unread(graph_.root, cast_from_, read);
  return std::move(graph_);
}

// Steps whose `${...}` failed are passed over, as that was reported: what is left is no graph.
bool has_broken(const config::Node* node) {
  if (node == nullptr) return false;
  return node->broken ||
         std::any_of(node->items.begin(), node->items.end(),
                     [](const config::Node& item) { return has_broken(&item); }) ||
         std::any_of(node->entries.begin(), node->entries.end(),
                     [](const config::Entry& entry) { return has_broken(&entry.value); });
}

std::optional<Graph> build_graph(const config::Manifest& manifest,
                                 const config::Environment& environment, Diagnostics& problems) {
  Diagnostics found;
  Graph graph = Builder(manifest, environment, found).build();
  const bool failed = found.has_errors() || has_broken(manifest.root.find("model")) ||
                      has_broken(manifest.root.find("modules"));
  problems.add(std::move(found));
  if (failed) return std::nullopt;
  return graph;
}

}  // namespace fdl::graph
