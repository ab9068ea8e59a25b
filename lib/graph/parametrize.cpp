// `parametrize:` beside a module: tensors that are computed from others before each forward.
#include <algorithm>

#include "lib/base/check.h"
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

OwnedTensor original_of(const catalog::OriginalTensor& original, const OwnedTensor& computed) {
  OwnedTensor out = computed;
  out.shape = original.shape;
  out.init = first_values(original, computed.init);
  out.is_buffer = original.is_buffer;
  out.is_frozen = computed.is_frozen && !original.is_buffer;
  return out;
}

// How many parametrizations the node's tensor has.
std::size_t number_of(const std::string& tensor, const Node& node) {
  return static_cast<std::size_t>(
      std::count_if(node.parametrizations.begin(), node.parametrizations.end(),
                    [&](const Parametrization& p) { return p.tensor == tensor; }));
}

std::size_t num_trained(const std::vector<catalog::OriginalTensor>& originals) {
  return static_cast<std::size_t>(std::count_if(originals.begin(), originals.end(),
                                                [](const auto& one) { return !one.is_buffer; }));
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
  const auto place_of = std::find(node.tensor_names.begin(), node.tensor_names.end(), entry.key) -
                        node.tensor_names.begin();
  const OwnedTensor tensor =
      graph_.tensors[static_cast<std::size_t>(node.tensors[static_cast<std::size_t>(place_of)])];
  if (!entry.value.is_list() || entry.value.items.empty()) {
    add_parametrization(entry.value, entry.key, tensor, place, node);
    return;
  }
  // Each computes the tensor from what the one before made.
  for (const config::Node& item : entry.value.items) {
    if (!add_parametrization(item, entry.key, tensor, place, node)) return;
  }
}

bool Builder::add_parametrization(const config::Node& how, const std::string& name,
                                  const OwnedTensor& tensor, const Place& place, Node& node) {
  auto choice = catalog::read_choice(catalog::EntryKind::Parametrization, how, {}, problems_);
  if (!choice) return false;
  const std::shared_ptr<void> params = choice->spec->copy_params(choice->params.get());
  const bool is_transposed = node.spec->name().starts_with("conv_transpose");
  auto originals = choice->spec->originals(params.get(), tensor.shape, is_transposed);
  const auto before = number_of(name, node);
  std::string why;
  if (!originals)
    why = originals.error();
  else if (starts_at_zero(tensor.init))
    why = "it starts at zero, which has no direction";
  else if (before > 0 && num_trained(*originals) > 1)
    why = "it keeps several tensors instead of one, so it must be the first of the list";
  if (!why.empty()) {
    problems_.add(error(Code::ShapeMismatch, choice->span, "'{}' cannot compute '{}': {}",
                        choice->name(), tensor.path, why)
                      .at_node(node.path));
    return false;
  }
  choice->params = params;
  if (before == 0)
    replace_tensor(*choice, *originals, name, place, node);
  else
    chain_parametrization(*choice, *originals, tensor, place, node);
  return true;
}

// A later one of a list has no tensor of its own but buffers, which PyTorch numbers by its place.
void Builder::chain_parametrization(const catalog::Choice& choice,
                                    const std::vector<catalog::OriginalTensor>& by,
                                    const OwnedTensor& tensor, const Place& place, Node& node) {
  const Parametrization former = node.parametrizations.back();
  Parametrization made{former.tensor, choice.spec, choice.params, {}, {}, false, true};
  made.is_frozen = place.freeze == Freeze::All;
  const std::size_t first = former.originals.front();
  const std::string number = std::to_string(number_of(former.tensor, node));
  for (const catalog::OriginalTensor& original : by) {
    made.names.push_back(original.name);
    if (!original.is_buffer) {
      made.originals.push_back(first);
      continue;
    }
    FDL_CHECK(original.name.starts_with("0."));
    add_original(original,
                 "parametrizations." + former.tensor + "." + number + original.name.substr(1),
                 tensor, node.tensors[first], node);
    made.originals.push_back(node.tensors.size() - 1);
  }
  node.parametrizations.push_back(std::move(made));
}

// Behind the node's tensors; its first values follow from those of `source`.
void Builder::add_original(const catalog::OriginalTensor& original, const std::string& long_name,
                           const OwnedTensor& computed, int source, Node& node) {
  OwnedTensor owned = original_of(original, computed);
  owned.path = node.path + "." + long_name;
  owned.source = source;
  node.tensors.push_back(static_cast<int>(graph_.tensors.size()));
  node.tensor_names.push_back(long_name);
  graph_.tensors.push_back(std::move(owned));
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
  Parametrization made{name, choice.spec, choice.params, {}, {}, false, false};
  made.is_frozen = place.freeze == Freeze::All;
  std::vector<std::string>& paths = computed_[computed.path];
  for (const catalog::OriginalTensor& original : by) {
    const std::string long_name = "parametrizations." + name + "." + original.name;
    if (!original.is_buffer) paths.push_back(node.path + "." + long_name);
    made.names.push_back(original.name);
    if (!made.originals.empty()) {
      add_original(original, long_name, computed, source, node);
      made.originals.push_back(node.tensors.size() - 1);
      continue;
    }
    made.originals.push_back(at);
    node.tensor_names[at] = long_name;
    OwnedTensor& first = graph_.tensors[static_cast<std::size_t>(source)];
    first = original_of(original, computed);
    first.path = node.path + "." + long_name;
  }
  node.parametrizations.push_back(std::move(made));
}

}  // namespace fdl::graph
