#include "lib/graph/description.h"

#include <nlohmann/json.hpp>

namespace fdl::graph {
namespace {

using nlohmann::ordered_json;

constexpr int kVersion = 1;

using ValueNames = std::vector<std::string>;  // by ValueId

// A step's further outputs are told apart by their number.
void name_outputs(const Block& block, ValueNames& names) {
  for (const Node& node : block.nodes) {
    for (std::size_t i = 1; i < node.outputs.size(); ++i)
      names[static_cast<std::size_t>(node.outputs[i])] += "." + std::to_string(i);
    for (const Block& inner : node.blocks) name_outputs(inner, names);
  }
}

std::string name_of(ValueId value, const ValueNames& names) {
  return value < 0 ? "nothing" : names[static_cast<std::size_t>(value)];
}

void add_number(std::string_view name, std::int64_t value, Description::Step& step) {
  if (value != 0) step.parameters[std::string(name)] = std::to_string(value);
}

// What a construct has instead of a module's parameters.
void describe_construct(const Node& node, Description::Step& step) {
  static constexpr std::string_view kMerges[] = {"add", "mean",  "mul",   "max",
                                                 "min", "stack", "concat"};
  static constexpr std::string_view kConditions[] = {"none", "while", "until"};
  if (node.kind == Node::Kind::Merge)
    step.parameters["merge"] = kMerges[static_cast<std::size_t>(node.merge)];
  if (node.condition != Node::Condition::None)
    step.parameters["condition"] = kConditions[static_cast<std::size_t>(node.condition)];
  if (node.per_sample) step.parameters["per_sample"] = "true";
  if (node.precision) step.parameters["precision"] = to_string(*node.precision);
  add_number("dim", node.dim, step);
  add_number("times", node.times, step);
  add_number("top_k", node.top_k, step);
}

// `place` is that among those of its tensor.
void describe_parametrization(const Parametrization& p, std::size_t place,
                              Description::Step& step) {
  std::string key = "parametrize." + p.tensor;
  if (place > 0) key += "." + std::to_string(place);
  step.parameters[key] = p.spec->name();
  for (const config::FieldSpec& field : p.spec->record.fields) {
    if (field.show) step.parameters[key + "." + field.name] = field.show(p.params.get());
  }
}

void describe_block(const Block& block, const ValueNames& names, Description& out) {
  for (const Node& node : block.nodes) {
    Description::Step step;
    step.path = node.path;
    step.kind = node.spec != nullptr ? node.spec->name() : std::string(to_string(node.kind));
    if (node.spec != nullptr) {
      for (const config::FieldSpec& field : node.spec->record.fields) {
        if (field.show) step.parameters[field.name] = field.show(node.params.get());
      }
    }
    std::map<std::string, std::size_t> places;
    for (const Parametrization& p : node.parametrizations)
      describe_parametrization(p, places[p.tensor]++, step);
    describe_construct(node, step);
    for (const ValueId input : node.inputs) step.inputs.push_back(name_of(input, names));
    out.steps.push_back(std::move(step));
    for (const Block& inner : node.blocks) describe_block(inner, names, out);
  }
}

// A state stands as a step behind the others: what it carries is decided as well.
Description::Step describe_state(const State& state, const Graph& graph, const ValueNames& names) {
  Description::Step step;
  step.path = state.path;
  step.kind = "state";
  step.parameters["type"] = to_string(graph.values[static_cast<std::size_t>(state.read)].type);
  step.parameters["reset"] = to_string(state.reset);
  step.parameters["init"] =
      fmt::format("{} {} {}", static_cast<int>(state.init.kind), state.init.a, state.init.b);
  add_number("bptt", state.bptt, step);
  step.inputs.push_back(name_of(state.written, names));
  return step;
}

std::string type_text(const OwnedTensor& tensor) {
  return fmt::format("{}[{}]", to_string(tensor.dtype), fmt::join(tensor.shape, ", "));
}

bool read_text(const ordered_json& from, const char* key, std::string& out) {
  const auto found = from.find(key);
  if (found == from.end() || !found->is_string()) return false;
  out = found->get<std::string>();
  return true;
}

bool read_texts(const ordered_json& from, const char* key,
                std::map<std::string, std::string>& out) {
  const auto found = from.find(key);
  if (found == from.end() || !found->is_object()) return false;
  for (const auto& [name, value] : found->items()) {
    if (!value.is_string()) return false;
    out[name] = value.get<std::string>();
  }
  return true;
}

bool read_step(const ordered_json& from, Description::Step& out) {
  if (!from.is_object() || !read_text(from, "path", out.path) ||
      !read_text(from, "kind", out.kind) || !read_texts(from, "parameters", out.parameters))
    return false;
  const auto inputs = from.find("inputs");
  if (inputs == from.end() || !inputs->is_array()) return false;
  for (const ordered_json& input : *inputs) {
    if (!input.is_string()) return false;
    out.inputs.push_back(input.get<std::string>());
  }
  return true;
}

bool read_tensor(const ordered_json& from, Description::Tensor& out) {
  if (!from.is_object() || !read_text(from, "path", out.path) || !read_text(from, "type", out.type))
    return false;
  out.is_buffer = from.contains("is_buffer") && from["is_buffer"] == true;
  return true;
}

template <typename T, typename Read>
bool read_list(const ordered_json& from, const char* key, Read read, std::vector<T>& out) {
  const auto found = from.find(key);
  if (found == from.end() || !found->is_array()) return false;
  for (const ordered_json& item : *found) {
    if (!read(item, out.emplace_back())) return false;
  }
  return true;
}

}  // namespace

Description describe(const Graph& graph) {
  ValueNames names;
  for (const Value& value : graph.values) names.push_back(value.path);
  name_outputs(graph.root, names);
  Description out;
  for (const NamedValue& input : graph.inputs)
    out.inputs[input.name] = to_string(graph.values[static_cast<std::size_t>(input.value)].type);
  for (const NamedValue& output : graph.outputs)
    out.outputs[output.name] = name_of(output.value, names);
  for (const OwnedTensor& tensor : graph.tensors)
    out.tensors.push_back({tensor.path, type_text(tensor), tensor.is_buffer});
  describe_block(graph.root, names, out);
  for (const State& state : graph.states) out.steps.push_back(describe_state(state, graph, names));
  return out;
}

std::string to_json(const Description& description) {
  ordered_json out = {{"format_version", kVersion},
                      {"inputs", description.inputs},
                      {"outputs", description.outputs}};
  out["tensors"] = ordered_json::array();
  for (const Description::Tensor& t : description.tensors) {
    out["tensors"].push_back({{"path", t.path}, {"type", t.type}});
    if (t.is_buffer) out["tensors"].back()["is_buffer"] = true;
  }
  out["steps"] = ordered_json::array();
  for (const Description::Step& step : description.steps) {
    out["steps"].push_back({{"path", step.path},
                            {"kind", step.kind},
                            {"parameters", step.parameters},
                            {"inputs", step.inputs}});
  }
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::optional<Description> parse_description(std::string_view json) {
  const ordered_json from = ordered_json::parse(json, nullptr, false);
  Description out;
  const bool whole = from.is_object() && from.contains("format_version") &&
                     from["format_version"] == kVersion && read_texts(from, "inputs", out.inputs) &&
                     read_texts(from, "outputs", out.outputs) &&
                     read_list(from, "tensors", read_tensor, out.tensors) &&
                     read_list(from, "steps", read_step, out.steps);
  return whole ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace fdl::graph
