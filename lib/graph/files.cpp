// `use` of another file's model, or of the zoo.
#include <algorithm>

#include "lib/base/closest.h"
#include "lib/graph/builder.h"

namespace fdl::graph {
namespace {

namespace fs = std::filesystem;

// The zoo's folder: in FDL_HOME, else in the nearest folder above that has one.
std::optional<fs::path> find_zoo(const fs::path& folder, const config::Environment& environment) {
  const auto home = environment.find("FDL_HOME");
  if (home != environment.end() && fs::is_directory(fs::path(home->second) / "manifests/zoo"))
    return fs::path(home->second) / "manifests/zoo";
  for (fs::path at = folder; !at.empty(); at = at.parent_path()) {
    if (fs::is_directory(at / "manifests/zoo")) return at / "manifests/zoo";
    if (at == at.parent_path()) break;
  }
  return std::nullopt;
}

std::vector<std::string> zoo_names(const fs::path& zoo) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(zoo, ignored)) {
    if (entry.path().extension() == ".yml") out.push_back("zoo/" + entry.path().stem().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Diagnostic no_such_file(const std::string& name, const Span& span,
                        const std::optional<fs::path>& zoo) {
  if (!name.starts_with("zoo/")) {
    return error(Code::UnknownUse, span, "the file '{}' does not exist", name)
        .help("the path starts at the folder of the manifest that names it");
  }
  if (!zoo) {
    return error(Code::UnknownUse, span, "the zoo, which has '{}', is not here", name)
        .help("set FDL_HOME to the folder that holds fdl and its manifests");
  }
  Diagnostic d = error(Code::UnknownUse, span, "there is no model '{}'", name);
  const std::vector<std::string> names = zoo_names(*zoo);
  if (const auto near = closest(name, names)) return std::move(d).help("did you mean '{}'?", *near);
  return std::move(d).note("the zoo has {}", one_of(names, 100));
}

config::Environment without_settings(config::Environment environment) {
  std::erase_if(environment,
                [](const auto& entry) { return entry.first.starts_with("FDL_SET__"); });
  return environment;
}

}  // namespace

bool is_file_name(const std::string& name) {
  return name.starts_with("./") || name.starts_with("../") || name.starts_with("/") ||
         name.starts_with("zoo/") || name.ends_with(".yml") || name.ends_with(".yaml");
}

std::unique_ptr<Builder::File> Builder::open_file(const Step& step, const std::string& name,
                                                  const Place& place) {
  const fs::path& folder = file_->manifest.folder;
  std::optional<fs::path> zoo;
  fs::path path = folder / name;
  if (name.starts_with("zoo/")) {
    zoo = find_zoo(folder, environment_);
    path = zoo.value_or("") / (name.substr(4) + ".yml");
  }
  if (!fs::is_regular_file(path)) {
    problems_.add(no_such_file(name, step.value.span, zoo));
    return nullptr;
  }
  config::Selection selection;
  selection.environment = without_settings(environment_);
  if (step.with != nullptr) {
    for (const config::Entry& entry : step.with->entries) {
      selection.params.push_back(entry);
      selection.params.back().value = file_->interpolator.resolve(entry.value, *place.names);
    }
  }
  auto manifest = config::load_manifest(path, selection, file_->manifest.rules,
                                        main_file_->manifest.folder, problems_);
  if (!manifest) return nullptr;
  return std::make_unique<File>(std::move(*manifest), environment_, problems_);
}

// Named axes of the file's inputs take the sizes that come in; numbers must be equal.
bool Builder::bind_file_inputs(const Step& step, std::vector<ValueId>& values, const Place& place,
                               File& file) {
  const config::Node& inputs = *file.manifest.root.find("model")->find("inputs");
  std::map<std::string, catalog::Dim> bound;
  bool fits = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const config::Entry& entry = inputs.entries[i];
    const auto declared = read_input_type(entry);
    if (!declared) return false;
    if (place.precision) values[i] = cast(values[i], declared->dtype, place);
    file.inputs.push_back({entry.key, values[i]});
    file.input_types.push_back(*declared);
    if (values[i] == kUnknown) continue;
    const catalog::TensorType given = type_of(values[i]);
    bool same = declared->dtype == given.dtype && declared->shape.size() == given.shape.size();
    for (std::size_t axis = 0; same && axis < given.shape.size(); ++axis) {
      const catalog::Dim& wanted = declared->shape[axis];
      if (wanted.is_number()) {
        same = wanted == given.shape[axis];
      } else {
        same = bound.emplace(wanted.text(), given.shape[axis]).first->second == given.shape[axis];
      }
    }
    if (same) continue;
    fits = false;
    problems_.add(with_origin(error(Code::ShapeMismatch, step.span, "'{}' takes {} as '{}', not {}",
                                    step.kind, to_string(*declared), entry.key, to_string(given))
                                  .note_at(entry.value.span, "declared here"),
                              values[i]));
  }
  return fits;
}

// The inputs that a call gives to a file's model. A model without inputs of its own hands on those
// that it took over from that file.
std::vector<ValueId> Builder::file_inputs(const Step& step, const config::Node& inputs,
                                          ValueId stream, const Place& place) {
  std::vector<ValueId> values;
  if (inherits_from_ == step.kind && step.using_node == nullptr) {
    for (const NamedValue& input : graph_.inputs) values.push_back(input.value);
    return values;
  }
  std::vector<catalog::InputSpec> specs;
  for (const config::Entry& entry : inputs.entries)
    specs.push_back({entry.key, catalog::DTypeClass::Any});
  return gather_inputs(specs, step, stream, place);
}

Produced Builder::run_use_file(const Step& step, ValueId stream, const Place& place) {
  const std::string& name = step.kind;
  std::unique_ptr<File> file = open_file(step, name, place);
  if (!file) return kUnknown;
  const std::string path = file->manifest.file.string();
  if (std::find(use_chain_.begin(), use_chain_.end(), path) != use_chain_.end() ||
      file->manifest.file == main_file_->manifest.file) {
    problems_.add(error(Code::RecursiveUse, step.value.span, "'{}' uses itself", name)
                      .help("`loop:` repeats a computation with the same weights"));
    return kUnknown;
  }
  const config::Node* model = file->manifest.root.find("model");
  const config::Node* inputs = model != nullptr ? model->find("inputs") : nullptr;
  const config::Node* flow = model != nullptr ? model->find("flow") : nullptr;
  if (inputs == nullptr || inputs->entries.empty() || flow == nullptr) {
    problems_.add(
        error(Code::UnknownUse, step.value.span, "'{}' has no model with inputs and a flow", name));
    return kUnknown;
  }
  std::vector<ValueId> values = file_inputs(step, *inputs, stream, place);
  if (values.size() != inputs->entries.size() || !bind_file_inputs(step, values, place, *file))
    return kUnknown;
  TagScope tags(nullptr);
  for (const NamedValue& input : file->inputs)
    tags.define(input.name, {input.value, step.value.span});
  const config::NameScope names;
  Place inside = place;
  inside.path = scope_of(step, place);
  inside.tags = &tags;
  inside.names = &names;
  File* const caller = std::exchange(file_, file.get());
  use_chain_.push_back(path);
  const std::vector<int> states = declare_states(*model, inside);
  const std::size_t first_tensor = graph_.tensors.size();
  const ValueId last = run_flow(*flow, values.front(), inside, false);
  read_model_loads(*model, first_tensor, inside);
  Produced made = kUnknown;
  made.ports = read_outputs(*model, tags, last);
  check_states(states);
  use_chain_.pop_back();
  file_ = caller;
  made.stream = made.ports.front().value;
  if (made.ports.size() == 1) made.ports.clear();
  return made;
}

// The inputs of the file that a model without inputs begins with.
std::optional<config::Node> Builder::inherited_inputs(const config::Node& model) {
  const config::Node* flow = model.find("flow");
  if (flow == nullptr || flow->items.empty()) return std::nullopt;
  const config::Node* use = flow->items.front().find("use");
  if (use == nullptr || !use->is_scalar() || !is_file_name(use->text)) return std::nullopt;
  Step step;
  step.value = *use;
  step.with = flow->items.front().find("with");
  const config::NameScope names;
  Place place;
  place.names = &names;
  const std::unique_ptr<File> file = open_file(step, use->text, place);
  const config::Node* inner = file ? file->manifest.root.find("model") : nullptr;
  const config::Node* inputs = inner != nullptr ? inner->find("inputs") : nullptr;
  if (inputs == nullptr) return std::nullopt;
  inherits_from_ = use->text;
  return *inputs;
}

}  // namespace fdl::graph
