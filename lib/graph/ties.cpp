// `tie`: parameters under several paths that are one tensor.
#include <algorithm>

#include "lib/base/closest.h"
#include "lib/graph/builder.h"

namespace fdl::graph {
namespace {

void replace_tensors(Block& block, const std::vector<int>& now) {
  for (Node& node : block.nodes) {
    for (int& index : node.tensors) index = now[static_cast<std::size_t>(index)];
    for (Block& inner : node.blocks) replace_tensors(inner, now);
  }
}

std::string shape_text(const OwnedTensor& tensor) {
  return catalog::to_string(catalog::Shape(tensor.shape.begin(), tensor.shape.end()));
}

bool is_group(const config::Node& group) {
  return group.is_list() && group.items.size() >= 2 &&
         std::all_of(group.items.begin(), group.items.end(),
                     [](const config::Node& item) { return item.is_scalar(); });
}

}  // namespace

int Builder::find_tensor(const config::Node& path) {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < graph_.tensors.size(); ++i) {
    if (graph_.tensors[i].is_buffer) continue;
    if (graph_.tensors[i].path == path.text) return static_cast<int>(i);
    paths.push_back(graph_.tensors[i].path);
  }
  if (const auto computed = computed_.find(path.text); computed != computed_.end()) {
    problems_.add(
        error(Code::UnknownPath, path.span, "'{}' is no parameter: it is computed", path.text)
            .help("tie what it is computed from: {}", one_of(computed->second)));
    return -1;
  }
  Diagnostic d = error(Code::UnknownPath, path.span, "the model has no parameter '{}'", path.text);
  if (const auto near = closest(path.text, paths))
    d = std::move(d).help("did you mean '{}'?", *near);
  problems_.add(std::move(d).note("`fdl explain` lists the paths"));
  return -1;
}

void Builder::tie_tensors(const config::Node& model) {
  const config::Node* ties = model.find("tie");
  if (ties == nullptr || ties->is_null() || problems_.has_errors()) return;
  if (!ties->is_list() || !std::all_of(ties->items.begin(), ties->items.end(), is_group)) {
    problems_.add(config::wrong_type(*ties, "tie", "a list of lists of at least two paths"));
    return;
  }
  std::vector<int> stands_for(graph_.tensors.size());
  for (std::size_t i = 0; i < stands_for.size(); ++i) stands_for[i] = static_cast<int>(i);
  for (const config::Node& group : ties->items) {
    const int first = find_tensor(group.items.front());
    for (std::size_t i = 1; i < group.items.size(); ++i) {
      const int other = find_tensor(group.items[i]);
      if (first < 0 || other < 0) continue;
      const OwnedTensor &a = graph_.tensors[static_cast<std::size_t>(first)],
                        &b = graph_.tensors[static_cast<std::size_t>(other)];
      if (a.shape != b.shape) {
        problems_.add(error(Code::ShapeMismatch, group.items[i].span,
                            "'{}' is {} and cannot be tied to '{}', which is {}", b.path,
                            shape_text(b), a.path, shape_text(a)));
        continue;
      }
      const int kept = stands_for[static_cast<std::size_t>(first)];
      const int gone = stands_for[static_cast<std::size_t>(other)];
      std::replace(stands_for.begin(), stands_for.end(), gone, kept);
    }
  }
  drop_tied(stands_for);
}

void Builder::drop_tied(const std::vector<int>& stands_for) {
  std::vector<OwnedTensor> kept;
  std::vector<int> place_of(graph_.tensors.size(), -1), now(graph_.tensors.size());
  for (std::size_t i = 0; i < graph_.tensors.size(); ++i) {
    if (stands_for[i] != static_cast<int>(i)) continue;
    place_of[i] = static_cast<int>(kept.size());
    kept.push_back(std::move(graph_.tensors[i]));
  }
  for (std::size_t i = 0; i < now.size(); ++i)
    now[i] = place_of[static_cast<std::size_t>(stands_for[i])];
  for (OwnedTensor& tensor : kept) {
    if (tensor.source >= 0) tensor.source = now[static_cast<std::size_t>(tensor.source)];
  }
  graph_.tensors = std::move(kept);
  for (Load& load : graph_.loads) {
    for (Load::Target& target : load.targets)
      target.tensor = now[static_cast<std::size_t>(target.tensor)];
  }
  replace_tensors(graph_.root, now);
}

}  // namespace fdl::graph
