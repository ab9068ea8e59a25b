#include "lib/job/observe.h"

#include <algorithm>
#include <map>
#include <set>

#include "lib/base/closest.h"
#include "lib/base/pattern.h"
#include "lib/job/sections.h"

namespace fdl::job {

const std::vector<std::string>& statistic_names() {
  static const std::vector<std::string> kNames = {"mean",    "std",  "min",  "max",
                                                  "abs_max", "norm", "zeros"};
  return kNames;
}

namespace {

using config::Node;

constexpr std::string_view kOfGradient = "grad_";

// What may be observed, by path: values of steps and tags, and the parameters under each subtree.
struct Paths {
  std::map<std::string, graph::ValueId> values;
  std::map<std::string, std::vector<std::string>> parameters;
};

void add_nodes(const graph::Block& block, Paths& out) {
  for (const graph::Node& node : block.nodes) {
    if (!node.outputs.empty()) out.values.emplace(node.path, node.outputs.front());
    for (const graph::Block& inner : node.blocks) add_nodes(inner, out);
  }
}

Paths paths_of(const graph::Graph& graph) {
  Paths out;
  for (const graph::NamedValue& tag : graph.tags) out.values.emplace(tag.name, tag.value);
  add_nodes(graph.root, out);
  for (const graph::OwnedTensor& tensor : graph.tensors) {
    if (tensor.is_buffer) continue;
    out.parameters[tensor.path].push_back(tensor.path);
    for (std::size_t dot = tensor.path.find('.'); dot != std::string::npos;
         dot = tensor.path.find('.', dot + 1))
      out.parameters[tensor.path.substr(0, dot)].push_back(tensor.path);
  }
  return out;
}

// A pattern matches what is in a subtree too: the topmost ones are meant.
template <typename Map>
std::vector<std::string> matching(const Pattern& pattern, const Map& paths) {
  std::vector<std::string> out;
  for (const auto& [path, unused] : paths) {
    const std::size_t dot = path.rfind('.');
    const bool is_inside = dot != std::string::npos && pattern.matches(path.substr(0, dot));
    if (pattern.matches(path) && !is_inside) out.push_back(path);
  }
  return out;
}

struct Asked {
  std::string path;
  Statistic statistic;
  bool is_gradient;
};

std::optional<Asked> split(const Node& item, Diagnostics& problems) {
  const std::string& text = item.text;
  const std::size_t dot = text.rfind('.');
  std::string word = dot == std::string::npos ? text : text.substr(dot + 1);
  const bool is_gradient = word.starts_with(kOfGradient);
  if (is_gradient) word.erase(0, kOfGradient.size());
  const auto& names = statistic_names();
  const auto found = std::find(names.begin(), names.end(), word);
  const bool is_all = dot == std::string::npos && is_gradient;  // "grad_norm": of all parameters
  if (found != names.end() && (dot != std::string::npos || is_all))
    return Asked{is_all ? "**" : text.substr(0, dot), static_cast<Statistic>(found - names.begin()),
                 is_gradient};
  problems.add(error(Code::BadPattern, item.span, "'{}' does not end with a statistic", text)
                   .help("write a path, a dot and one of {}; of gradients with grad_ before it: "
                         "\"encoder.grad_norm\"",
                         one_of(names)));
  return std::nullopt;
}

void read_item(const Node& item, const Paths& paths, Observe& out, Diagnostics& problems) {
  if (!item.is_scalar()) {
    problems.add(config::wrong_type(item, "observe", "a text such as \"encoder.grad_norm\""));
    return;
  }
  const auto asked = split(item, problems);
  if (!asked) return;
  const auto pattern = Pattern::parse(asked->path);
  if (!pattern) {
    problems.add(error(Code::BadPattern, item.span, "the pattern '{}' cannot be read: {}",
                       asked->path, pattern.error()));
    return;
  }
  const std::string suffix = (asked->is_gradient ? std::string(kOfGradient) : "") +
                             statistic_names()[static_cast<std::size_t>(asked->statistic)];
  const std::size_t num_before = out.what.size();
  using Of = Observation::Of;
  if (asked->path == "**" && asked->is_gradient) {
    Observation all{suffix, Of::Gradient, asked->statistic, graph::kAbsent, {}};
    for (const auto& [path, parameters] : paths.parameters) {
      if (parameters.size() == 1 && parameters.front() == path) all.parameters.push_back(path);
    }
    out.what.push_back(std::move(all));
    return;
  }
  if (!asked->is_gradient) {
    for (const std::string& path : matching(*pattern, paths.values))
      out.what.push_back(
          {path + "." + suffix, Of::Value, asked->statistic, paths.values.at(path), {}});
    if (out.what.size() != num_before) return;
  }
  for (const std::string& path : matching(*pattern, paths.parameters))
    out.what.push_back({path + "." + suffix, asked->is_gradient ? Of::Gradient : Of::Parameter,
                        asked->statistic, graph::kAbsent, paths.parameters.at(path)});
  if (out.what.size() != num_before) return;
  std::vector<std::string> known;
  for (const auto& [path, unused] : paths.parameters) known.push_back(path);
  for (const auto& [path, unused] : paths.values) known.push_back(path);
  Diagnostic d =
      error(Code::BadPattern, item.span, "'{}' matches nothing in the model", asked->path);
  const auto near = closest(asked->path, known);
  problems.add(near ? std::move(d).help("did you mean '{}'?", *near)
                    : std::move(d).help("`fdl explain` shows the paths"));
}

}  // namespace

void read_observe(const Node& list, const graph::Graph& graph, Observe& out,
                  Diagnostics& problems) {
  const Paths paths = paths_of(graph);
  if (!list.is_list()) return read_item(list, paths, out, problems);
  for (const Node& item : list.items) read_item(item, paths, out, problems);
  // Two patterns may match one path.
  std::set<std::string> seen;
  std::erase_if(out.what, [&](const Observation& one) { return !seen.insert(one.name).second; });
}

}  // namespace fdl::job
