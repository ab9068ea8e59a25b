// `init:` beside a module.
#include <algorithm>

#include "lib/base/closest.h"
#include "lib/catalog/catalog.h"
#include "lib/graph/builder.h"

namespace fdl::graph {

void Builder::read_initial_values(const config::Node& values, const Node& node) {
  if (values.broken) return;
  if (!values.is_map()) {
    problems_.add(config::wrong_type(values, "init", "a map of tensors to initializers"));
    return;
  }
  std::vector<std::string> names;  // of trained tensors
  for (std::size_t i = 0; i < node.tensors.size(); ++i) {
    if (!graph_.tensors[static_cast<std::size_t>(node.tensors[i])].is_buffer)
      names.push_back(node.tensor_names[i]);
  }
  for (const config::Entry& entry : values.entries) {
    if (std::find(names.begin(), names.end(), entry.key) == names.end()) {
      Diagnostic d = error(Code::UnknownKey, entry.key_span, "'{}' trains no tensor '{}'",
                           node.spec->name(), entry.key)
                         .at_node(node.path);
      if (const auto near = closest(entry.key, names))
        d = std::move(d).help("did you mean '{}'?", *near);
      problems_.add(names.empty() ? std::move(d).note("it trains none")
                                  : std::move(d).note("its tensors are {}", one_of(names)));
      continue;
    }
    const auto choice =
        catalog::read_choice(catalog::EntryKind::Initializer, entry.value, {}, problems_);
    if (!choice) continue;
    const auto at = std::find(node.tensor_names.begin(), node.tensor_names.end(), entry.key) -
                    node.tensor_names.begin();
    OwnedTensor& tensor =
        graph_.tensors[static_cast<std::size_t>(node.tensors[static_cast<std::size_t>(at)])];
    if (const auto init = choice->spec->initial(choice->params.get(), tensor.shape))
      tensor.init = *init;
    else
      problems_.add(error(Code::ShapeMismatch, choice->span, "'{}' cannot make '{}': {}",
                          choice->name(), tensor.path, init.error())
                        .at_node(node.path));
  }
}

}  // namespace fdl::graph
