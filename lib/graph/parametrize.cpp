// `parametrize:` beside a module: tensors that are computed from others before each forward.
#include <algorithm>

#include "lib/base/closest.h"
#include "lib/catalog/catalog.h"
#include "lib/graph/builder.h"

namespace fdl::graph {
namespace {

catalog::Init first_values(const catalog::OriginalTensor& original, const catalog::Init& computed) {
  using Start = catalog::OriginalTensor::Start;
  using Kind = catalog::Init::Kind;
  const auto dim = static_cast<double>(original.dim);
  switch (original.start) {
    case Start::AsComputed:
      return computed;
    case Start::Lengths:
      return {Kind::Lengths, dim, 0, -1};
    case Start::LeftVector:
      return {Kind::LeftVector, dim, 0, -1};
    case Start::RightVector:
      return {Kind::RightVector, dim, 0, -1};
  }
  return computed;
}

// All of them divide by a length.
bool starts_at_zero(const catalog::Init& init) {
  return init.zero_row >= 0 || (init.kind == catalog::Init::Kind::Constant && init.a == 0);
}

}  // namespace

void Builder::parametrize(const config::Node& list, const Place& place, Node& node) {
  if (list.broken) return;
  if (!list.is_map()) {
    problems_.add(config::wrong_type(list, "parametrize", "a map of tensors to parametrizations"));
    return;
  }
  for (const config::Entry& entry : list.entries) parametrize_tensor(entry, place, node);
}

void Builder::parametrize_tensor(const config::Entry& entry, const Place& place, Node& node) {
  std::vector<std::string> names;  // of trained tensors
  for (std::size_t i = 0; i < node.tensors.size(); ++i) {
    const auto& tensor = graph_.tensors[static_cast<std::size_t>(node.tensors[i])];
    if (!tensor.is_buffer && !node.tensor_names[i].starts_with("parametrizations."))
      names.push_back(node.tensor_names[i]);
  }
  if (std::find(names.begin(), names.end(), entry.key) == names.end()) {
    Diagnostic d = error(Code::UnknownKey, entry.key_span, "'{}' trains no tensor '{}'",
                         node.spec->name(), entry.key)
                       .at_node(node.path);
    if (const auto near = closest(entry.key, names))
      d = std::move(d).help("did you mean '{}'?", *near);
    problems_.add(names.empty() ? std::move(d).note("it trains none")
                                : std::move(d).note("its tensors are {}", one_of(names)));
    return;
  }
  auto choice =
      catalog::read_choice(catalog::EntryKind::Parametrization, entry.value, {}, problems_);
  if (!choice) return;
  const auto place_of = std::find(node.tensor_names.begin(), node.tensor_names.end(), entry.key) -
                        node.tensor_names.begin();
  const OwnedTensor& tensor =
      graph_.tensors[static_cast<std::size_t>(node.tensors[static_cast<std::size_t>(place_of)])];
  const std::shared_ptr<void> params = choice->spec->copy_params(choice->params.get());
  const bool is_transposed = node.spec->name().starts_with("conv_transpose");
  const auto originals = choice->spec->originals(params.get(), tensor.shape, is_transposed);
  if (!originals || starts_at_zero(tensor.init)) {
    problems_.add(error(Code::ShapeMismatch, choice->span, "'{}' cannot compute '{}': {}",
                        choice->name(), tensor.path,
                        originals ? "it starts at zero, which has no direction" : originals.error())
                      .at_node(node.path));
    return;
  }
  choice->params = params;
  replace_tensor(*choice, *originals, entry.key, place, node);
}

// The first original takes the tensor's place, the others stand behind all.
void Builder::replace_tensor(const catalog::Choice& choice,
                             const std::vector<catalog::OriginalTensor>& by,
                             const std::string& name, const Place& place, Node& node) {
  const auto at =
      static_cast<std::size_t>(std::find(node.tensor_names.begin(), node.tensor_names.end(), name) -
                               node.tensor_names.begin());
  const int source = node.tensors[at];
  const OwnedTensor computed = graph_.tensors[static_cast<std::size_t>(source)];
  Parametrization made{name, choice.spec, choice.params, {}, {}, place.freeze == Freeze::All};
  std::vector<std::string>& paths = computed_[computed.path];
  for (const catalog::OriginalTensor& original : by) {
    const std::string long_name = "parametrizations." + name + "." + original.name;
    OwnedTensor owned = computed;
    owned.path = node.path + "." + long_name;
    owned.shape = original.shape;
    owned.init = first_values(original, computed.init);
    owned.is_buffer = original.is_buffer;
    owned.is_frozen = computed.is_frozen && !original.is_buffer;
    if (!original.is_buffer) paths.push_back(owned.path);
    made.names.push_back(original.name);
    if (made.originals.empty()) {
      made.originals.push_back(at);
      node.tensor_names[at] = long_name;
      graph_.tensors[static_cast<std::size_t>(source)] = std::move(owned);
      continue;
    }
    owned.source = source;
    made.originals.push_back(node.tensors.size());
    node.tensors.push_back(static_cast<int>(graph_.tensors.size()));
    node.tensor_names.push_back(long_name);
    graph_.tensors.push_back(std::move(owned));
  }
  node.parametrizations.push_back(std::move(made));
}

}  // namespace fdl::graph
