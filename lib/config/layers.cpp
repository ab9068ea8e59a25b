#include "lib/config/layers.h"

#include <algorithm>

#include "lib/base/closest.h"
#include "lib/config/yaml.h"

namespace fdl::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtensions[] = {".yaml", ".yml", ".json"};  // in order of preference

std::string shown(const fs::path& file, const fs::path& shown_from) {
  const fs::path relative = file.lexically_relative(shown_from);
  const std::string text = relative.string();
  const bool outside = text.empty() || text.rfind("..", 0) == 0;
  return outside ? file.string() : text;
}

// Reads files and their `inherit-from` chains into a list of layers, lowest first.
class LayerReader {
 public:
  LayerReader(fs::path shown_from, Diagnostics& problems)
      : shown_from_(std::move(shown_from)), problems_(problems) {}

  struct Layer {
    Node root;
    std::string name;
  };

  bool read(const fs::path& file, const Span& asked_by) {
    std::error_code code;  // names too long, folders that may not be entered: as if not there
    const fs::path resolved = fs::weakly_canonical(file, code);
    const fs::path canonical = code ? file : resolved;
    if (std::find(chain_.begin(), chain_.end(), canonical) != chain_.end()) {
      report_cycle(canonical, asked_by);
      return false;
    }
    if (std::find(done_.begin(), done_.end(), canonical) != done_.end()) return true;
    if (asked_by.is_known() && !fs::exists(canonical, code)) {
      problems_.add(error(Code::InheritMissing, asked_by, "'{}' does not exist", file.string())
                        .help("paths in `inherit-from` start at the folder of the file that names "
                              "them"));
      return false;
    }
    std::optional<Node> root =
        read_manifest_file(canonical.string(), shown(canonical, shown_from_), problems_);
    if (!root) return false;
    chain_.push_back(canonical);
    const bool parents_fine = read_parents(*root, canonical.parent_path());
    chain_.pop_back();
    done_.push_back(canonical);
    root->erase("inherit-from");
    expand_dotted_keys(*root, problems_);
    if (Node* commands = root->find("commands")) {
      for (Entry& command : commands->entries) expand_dotted_keys(command.value, problems_);
    }
    layers.push_back({std::move(*root), shown(canonical, shown_from_)});
    return parents_fine;
  }

  std::vector<Layer> layers;

 private:
  bool read_parents(const Node& root, const fs::path& folder) {
    const Node* parents = root.find("inherit-from");
    if (parents == nullptr || parents->is_null()) return true;
    if (parents->is_scalar() && !parents->text.empty())
      return read(folder / parents->text, parents->span);
    if (!parents->is_list()) return refuse_parent(*parents);
    for (const Node& item : parents->items) {
      if (!item.is_scalar() || item.text.empty()) return refuse_parent(item);
      if (!read(folder / item.text, item.span)) return false;
    }
    return true;
  }

  bool refuse_parent(const Node& node) {
    problems_.add(error(Code::WrongType, node.span,
                        "'inherit-from' is a path or a list of paths, not {}", describe(node)));
    return false;
  }

  void report_cycle(const fs::path& again, const Span& asked_by) {
    std::string text;
    auto begin = std::find(chain_.begin(), chain_.end(), again);
    for (auto it = begin; it != chain_.end(); ++it) text += shown(*it, shown_from_) + " -> ";
    problems_.add(error(Code::InheritCycle, asked_by, "'inherit-from' comes back to itself: {}{}",
                        text, shown(again, shown_from_))
                      .help("remove one of these `inherit-from` lines"));
  }

  fs::path shown_from_;
  Diagnostics& problems_;
  std::vector<fs::path> chain_;
  std::vector<fs::path> done_;
};

std::optional<fs::path> overlay_file(const fs::path& manifest, const std::string& env) {
  for (const std::string_view extension : kExtensions) {
    fs::path candidate = manifest.parent_path() / (manifest.stem().string() + "." + env);
    candidate += extension;
    std::error_code code;
    if (fs::is_regular_file(candidate, code)) return candidate;
  }
  return std::nullopt;
}

Diagnostic missing_overlay(const fs::path& manifest, const std::string& env) {
  const std::vector<std::string> known = list_environments(manifest);
  Diagnostic d =
      error(Code::OverlayMissing, {}, "there is no environment '{}': no {}.{}.yml beside '{}'", env,
            manifest.stem().string(), env, manifest.filename().string());
  if (known.empty()) return std::move(d).help("this manifest has no overlays");
  if (const auto near = closest(env, known)) d = std::move(d).help("did you mean '{}'?", *near);
  return std::move(d).note("environments here: {}", one_of(known));
}

// One `key=value` as a layer. `origin` is how places in it are shown.
std::optional<Node> override_layer(const std::string& origin, const std::string& text,
                                   Diagnostics& problems) {
  auto source = std::make_shared<Source>(Source{origin, text, false});
  const std::size_t equals = text.find('=');
  const Span key_span{source, 1, 1, static_cast<int>(std::min(equals, text.size()))};
  if (equals == std::string::npos || equals == 0) {
    problems.add(error(Code::BadOverride, key_span, "'{}' is not of the form key=value", text)
                     .help("for example training.epochs=3"));
    return std::nullopt;
  }
  Diagnostics inner;
  auto value_source = std::make_shared<Source>(Source{origin, text.substr(equals + 1), false});
  std::optional<Node> value = read_yaml(value_source, inner);
  if (!value) {
    // "a: b" or "*x" are no YAML values of their own; such text is meant as it stands.
    value = make_scalar(text.substr(equals + 1), Span{value_source, 1, 1, 1}, true);
  }
  const auto relocate = [&](auto&& self, Node& node) -> void {
    node.span = {source, 1, node.span.column + static_cast<int>(equals) + 1, node.span.length};
    for (Node& item : node.items) self(self, item);
    for (Entry& entry : node.entries) {
      entry.key_span = {source, 1, entry.key_span.column + static_cast<int>(equals) + 1,
                        entry.key_span.length};
      self(self, entry.value);
    }
  };
  relocate(relocate, *value);
  Node layer;
  layer.kind = Kind::Map;
  layer.span = key_span;
  std::string key = text.substr(0, equals);
  EntryMode mode = EntryMode::Merge;
  if (key.back() == '+') mode = EntryMode::Append;
  if (key.back() == '!') mode = EntryMode::Replace;
  if (mode != EntryMode::Merge) key.pop_back();
  layer.entries.push_back({key, key_span, std::move(*value), mode});
  expand_dotted_keys(layer, problems);
  return layer;
}

// Reports a dotted path that walks through a scalar or past the end of a list.
bool path_fits(const Node& root, const Node& layer, const std::string& origin_text,
               Diagnostics& problems) {
  const Node* below = &root;
  const Node* edit = &layer;
  while (below != nullptr && edit->is_map() && edit->entries.size() == 1) {
    const Entry& entry = edit->entries.front();
    if (below->is_list()) {
      const Node* item = find_path(*below, entry.key);
      if (item == nullptr) {
        problems.add(error(Code::BadOverride, entry.key_span,
                           "'{}' is no item of this list, which has {} items", entry.key,
                           below->items.size())
                         .help("items count from 0, as in '{}'",
                               origin_text.substr(0, origin_text.find('='))));
        return false;
      }
      below = item;
    } else {
      below = below->find(entry.key);
    }
    edit = &entry.value;
  }
  return true;
}

// FDL_SET__TRAINING__BATCH_SIZE=64 names training.batch_size, whatever the case of the keys.
std::string spelled_as_in(const Node& root, const std::string& variable) {
  std::string out;
  const Node* node = &root;
  std::string rest = variable;
  while (true) {
    const std::size_t cut = rest.find("__");
    std::string part = rest.substr(0, cut);
    std::transform(part.begin(), part.end(), part.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (node != nullptr) {
      const auto same =
          std::find_if(node->entries.begin(), node->entries.end(),
                       [&](const Entry& e) { return edit_distance(e.key, part) == 0; });
      if (same != node->entries.end()) part = same->key;
      node = node->is_list() ? find_path(*node, part) : node->find(part);
    }
    out += (out.empty() ? "" : ".") + part;
    if (cut == std::string::npos) return out;
    rest = rest.substr(cut + 2);
  }
}

void apply_override(Manifest& manifest, const std::string& origin, const std::string& text,
                    const MergeRules& rules, Diagnostics& problems) {
  const std::optional<Node> layer = override_layer(origin, text, problems);
  if (!layer || !path_fits(manifest.root, *layer, text, problems)) return;
  merge(manifest.root, *layer, rules, manifest.deletions, problems);
}

bool is_preset(const Node& command, const MergeRules& rules) {
  return std::any_of(command.entries.begin(), command.entries.end(), [&](const Entry& e) {
    return std::find(rules.preset_sections.begin(), rules.preset_sections.end(), e.key) !=
           rules.preset_sections.end();
  });
}

void apply_preset(Manifest& manifest, const std::string& name, const MergeRules& rules,
                  Diagnostics& problems) {
  const Node* commands = manifest.root.find("commands");
  const Node* command = commands != nullptr ? commands->find(name) : nullptr;
  const std::vector<std::string> presets = preset_names(manifest.root, rules);
  if (command == nullptr || !is_preset(*command, rules)) {
    Diagnostic d = error(Code::PresetMissing, {}, "this manifest has no preset '{}'", name);
    if (const auto near = closest(name, presets))
      d = std::move(d).help("did you mean '{}'?", *near);
    if (!presets.empty()) d = std::move(d).note("its presets: {}", one_of(presets));
    problems.add(std::move(d));
    return;
  }
  Node layer = *command;
  std::erase_if(layer.entries, [&](const Entry& e) {
    return std::find(rules.preset_sections.begin(), rules.preset_sections.end(), e.key) ==
           rules.preset_sections.end();
  });
  merge(manifest.root, layer, rules, manifest.deletions, problems);
}

}  // namespace

Result<fs::path> find_manifest(const fs::path& folder) {
  for (fs::path at = fs::absolute(folder).lexically_normal();; at = at.parent_path()) {
    for (const std::string_view extension : kExtensions) {
      fs::path candidate = at / "fdl";
      candidate += extension;
      std::error_code code;
      if (fs::is_regular_file(candidate, code)) return candidate;
    }
    if (at == at.parent_path()) break;
  }
  return fail(
      error(Code::ManifestMissing, {}, "there is no fdl.yml in '{}' or above it", folder.string())
          .help("go to a project's folder, or name a manifest: fdl check path/to/job.yml"));
}

std::vector<std::string> list_environments(const fs::path& manifest) {
  std::vector<std::string> out;
  const std::string prefix = manifest.stem().string() + ".";
  std::error_code code;
  for (const fs::directory_entry& entry : fs::directory_iterator(manifest.parent_path(), code)) {
    const fs::path name = entry.path().filename();
    const bool is_manifest = std::find(std::begin(kExtensions), std::end(kExtensions),
                                       name.extension().string()) != std::end(kExtensions);
    const std::string stem = name.stem().string();
    if (is_manifest && stem.size() > prefix.size() && stem.starts_with(prefix))
      out.push_back(stem.substr(prefix.size()));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<std::string> preset_names(const Node& root, const MergeRules& rules) {
  std::vector<std::string> out;
  if (const Node* commands = root.find("commands")) {
    for (const Entry& e : commands->entries)
      if (is_preset(e.value, rules)) out.push_back(e.key);
  }
  return out;
}

std::optional<Manifest> load_manifest(const fs::path& file, const Selection& selection,
                                      const MergeRules& rules, const fs::path& shown_from,
                                      Diagnostics& problems) {
  Manifest manifest;
  manifest.file = fs::absolute(file).lexically_normal();
  manifest.folder = manifest.file.parent_path();
  LayerReader reader(shown_from, problems);
  bool fine = reader.read(manifest.file, {});
  if (fine && !selection.env.empty()) {
    const std::optional<fs::path> overlay = overlay_file(manifest.file, selection.env);
    if (!overlay) problems.add(missing_overlay(manifest.file, selection.env));
    fine = overlay && reader.read(*overlay, {});
  }
  if (!fine || reader.layers.empty()) return std::nullopt;

  manifest.root = std::move(reader.layers.front().root);
  settle_modes(manifest.root);
  for (std::size_t i = 0; i < reader.layers.size(); ++i) {
    manifest.layers.push_back(reader.layers[i].name);
    if (i > 0) merge(manifest.root, reader.layers[i].root, rules, manifest.deletions, problems);
  }
  manifest.rules = rules;
  for (const Entry& entry : selection.params)
    manifest.root.at_or_add("params", entry.key_span).at_or_add(entry.key, entry.key_span) =
        entry.value;
  if (!selection.preset.empty()) apply_preset(manifest, selection.preset, rules, problems);
  constexpr std::string_view kPrefix = "FDL_SET__";
  for (const auto& [name, value] : selection.environment) {
    if (name.size() <= kPrefix.size() || !name.starts_with(kPrefix)) continue;
    const std::string key = spelled_as_in(manifest.root, name.substr(kPrefix.size()));
    apply_override(manifest, name, key + "=" + value, rules, problems);
  }
  for (const std::string& text : selection.overrides)
    apply_override(manifest, "--set", text, rules, problems);
  Interpolator(manifest.root, selection.environment, problems).resolve_root(late_sections());
  return manifest;
}

}  // namespace fdl::config
