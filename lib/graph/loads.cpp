// `load:` beside a step, and `load:` of a model.
#include <algorithm>

#include "lib/base/closest.h"
#include "lib/catalog/catalog.h"
#include "lib/graph/builder.h"
#include "lib/graph/load_keys.h"

namespace fdl::graph {
namespace {

bool has_wildcard(const std::string& path) {
  return path.find_first_of("*?[|") != std::string::npos;
}

// The paths of all subtrees and tensors, for "did you mean".
std::vector<std::string> all_paths(const std::vector<OwnedTensor>& tensors, std::size_t first) {
  std::vector<std::string> out;
  for (std::size_t i = first; i < tensors.size(); ++i) {
    const std::string& path = tensors[i].path;
    for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1))
      out.push_back(path.substr(0, dot));
    out.push_back(path);
  }
  return out;
}

}  // namespace

const config::RecordSpec& record_spec(const LoadKeys*) {
  using K = LoadKeys;
  static const config::RecordSpec spec =
      config::RecordBuilder<K>("load", "Where initial values come from.")
          .field("from", &K::from,
                 "A safetensors file, a folder with model.safetensors or its index, a checkpoint, "
                 "or a run: its best checkpoint or, with @500 or @last behind it, another.",
                 config::main_field)
          .field("prefix", &K::prefix,
                 "Only names in the file that begin so count; it is taken away.")
          .field("rename", &K::rename,
                 "Regular expressions over the file's names, and what replaces each match; in "
                 "order.")
          .field("strict", &K::strict,
                 "Whether what is missing, unexpected or of another shape is an error.")
          .build();
  return spec;
}

const config::RecordSpec& load_record() {
  return record_spec(static_cast<const LoadKeys*>(nullptr));
}

bool Builder::read_rules(const config::Node& rename, weights::Request& out) {
  if (rename.is_null()) return true;
  if (!rename.is_map()) {
    problems_.add(config::wrong_type(rename, "rename", "a map of regular expressions to texts"));
    return false;
  }
  bool fine = true;
  for (const config::Entry& entry : rename.entries) {
    const bool is_text = entry.value.is_scalar() || entry.value.is_null();
    auto regex = Regex::parse(entry.key);
    std::string why;
    if (!regex)
      why = regex.error();
    else if (is_text)
      why = regex->replacement_problem(entry.value.text);
    if (!is_text) problems_.add(config::wrong_type(entry.value, entry.key, "a text"));
    if (!why.empty()) {
      problems_.add(
          error(Code::BadRename, entry.key_span, "the rule '{}' cannot be read: {}", entry.key, why)
              .help("a rule is \"regular expression\": replacement, as in \"gamma$\": weight"));
    }
    fine = fine && is_text && why.empty();
    if (fine) out.renames.push_back({*std::move(regex), entry.value.text});
  }
  return fine;
}

bool Builder::read_request(const config::Node& node, bool has_path, const Place& place,
                           Load& load) {
  config::Node value = file_->interpolator.resolve(node, *place.names);
  if (value.broken) return false;
  if (has_path) value.erase("path");
  LoadKeys keys;
  Diagnostics found;
  config::bind_record(load_record(), value, &keys, found);
  if (!found.has_errors() && keys.from.empty())
    found.add(error(Code::MissingKey, node.span, "'load' needs 'from'")
                  .help("load: weights.safetensors, or load: {{ from: weights.safetensors }}"));
  const bool bound = !found.has_errors();
  problems_.add(std::move(found));
  const bool fine = read_rules(keys.rename, load.request);
  const config::Node* from = value.find("from");
  load.request.from = file_->manifest.folder / keys.from;
  load.request.shown = keys.from;
  load.request.span = from != nullptr ? from->span : value.span;
  load.request.prefix = keys.prefix;
  load.request.strict = keys.strict;
  return bound && fine;
}

void Builder::add_targets(std::size_t first_tensor, const std::string& base, Load& load) {
  for (std::size_t i = first_tensor; i < graph_.tensors.size(); ++i) {
    const std::string& path = graph_.tensors[i].path;
    if (path.starts_with(base))
      load.targets.push_back({static_cast<int>(i), path.substr(base.size())});
  }
}

void Builder::read_step_load(const Step& step, std::size_t first_tensor, bool is_built,
                             const Place& place) {
  Load load;
  if (!read_request(*step.load, false, place, load) || !is_built) return;
  if (graph_.tensors.size() == first_tensor) {
    problems_.add(error(Code::UnknownKey, step.load_span,
                        "'load' has no meaning beside '{}', which owns no tensors", step.kind));
    return;
  }
  const bool is_module = catalog::find_module(step.kind) != nullptr;
  const std::string base =
      is_module ? place.block->nodes.back().path + "." : scope_of(step, place)->join("");
  add_targets(first_tensor, base, load);
  load.path = base.substr(0, base.empty() ? 0 : base.size() - 1);
  graph_.loads.push_back(std::move(load));
}

// A path without wildcards is a subtree, and names in the file begin below it; with wildcards,
// those are chosen whose paths match, under their full names.
bool Builder::choose_targets(const config::Node& path, std::size_t first_tensor,
                             const std::string& base, Load& load) {
  if (!path.is_scalar()) {
    if (!path.broken) problems_.add(config::wrong_type(path, "path", "a path or a pattern"));
    return false;
  }
  load.path = base + path.text;
  if (!has_wildcard(path.text)) {
    add_targets(first_tensor, load.path + ".", load);
    const std::size_t dot = load.path.rfind('.');
    for (std::size_t i = first_tensor; i < graph_.tensors.size(); ++i) {
      if (graph_.tensors[i].path == load.path)
        load.targets.push_back({static_cast<int>(i), load.path.substr(dot + 1)});
    }
  } else {
    auto pattern = Pattern::parse(path.text);
    if (!pattern) {
      problems_.add(error(Code::BadPattern, path.span, "the pattern '{}' cannot be read: {}",
                          path.text, pattern.error()));
      return false;
    }
    add_targets(first_tensor, base, load);
    std::erase_if(load.targets, [&](const auto& t) { return !pattern->matches(t.name); });
    load.request.only = *std::move(pattern);
  }
  if (!load.targets.empty()) return true;
  Diagnostic d =
      error(Code::UnknownPath, path.span, "the model has no tensors under '{}'", path.text);
  if (const auto near = closest(path.text, all_paths(graph_.tensors, first_tensor)))
    d = std::move(d).help("did you mean '{}'?", *near);
  problems_.add(std::move(d).note("`fdl explain` lists the paths"));
  return false;
}

void Builder::read_model_load(const config::Node& item, std::size_t first_tensor,
                              const Place& place) {
  Load load;
  if (!read_request(item, true, place, load) || problems_.has_errors()) return;
  const std::string base = place.path->join("");
  if (const config::Node* path = item.find("path"); path != nullptr && !path->is_null()) {
    const config::Node resolved = file_->interpolator.resolve(*path, *place.names);
    if (!choose_targets(resolved, first_tensor, base, load)) return;
  } else {
    add_targets(first_tensor, base, load);
    load.path = base.substr(0, base.empty() ? 0 : base.size() - 1);
  }
  graph_.loads.push_back(std::move(load));
}

void Builder::read_model_loads(const config::Node& model, std::size_t first_tensor,
                               const Place& place) {
  const config::Node* loads = model.find("load");
  if (loads == nullptr || loads->is_null()) return;
  if (!loads->is_list()) return read_model_load(*loads, first_tensor, place);
  for (const config::Node& item : loads->items) read_model_load(item, first_tensor, place);
}

}  // namespace fdl::graph
