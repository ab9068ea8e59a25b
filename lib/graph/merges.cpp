// Branches that join: `merge` of `also` and `split`, and the steps add, mul and concat.
#include <algorithm>
#include <array>

#include "lib/base/closest.h"
#include "lib/catalog/axes.h"
#include "lib/catalog/broadcast.h"
#include "lib/graph/builder.h"

namespace fdl::graph {
namespace {

struct MergeName {
  std::string_view name;
  MergeKind kind;
};
constexpr std::array<MergeName, 7> kMerges = {{{"add", MergeKind::Add},
                                               {"mean", MergeKind::Mean},
                                               {"mul", MergeKind::Mul},
                                               {"max", MergeKind::Max},
                                               {"min", MergeKind::Min},
                                               {"stack", MergeKind::Stack},
                                               {"concat", MergeKind::Concat}}};

const MergeName* find_merge(std::string_view name) {
  const auto it = std::find_if(kMerges.begin(), kMerges.end(),
                               [&](const MergeName& m) { return m.name == name; });
  return it != kMerges.end() ? it : nullptr;
}

}  // namespace

Diagnostic Builder::unequal(const Step& step, const Branch& a, const Branch& b) const {
  Diagnostic d = error(Code::MergeMismatch, step.span, "'{}' cannot join {} and {}", step.kind,
                       to_string(type_of(a.value)), to_string(type_of(b.value)));
  return with_origin(with_origin(std::move(d), a.value), b.value);
}

bool Builder::merged_type(MergeKind kind, std::int64_t dim, const std::vector<Branch>& branches,
                          bool broadcasts, const Step& step, catalog::TensorType& type) {
  type = type_of(branches.front().value);
  const auto at = static_cast<std::ptrdiff_t>(dim);
  for (std::size_t i = 1; i < branches.size(); ++i) {
    const catalog::TensorType& next = type_of(branches[i].value);
    catalog::Shape expected = type.shape;
    if (kind == MergeKind::Concat && next.shape.size() == type.shape.size())
      expected[static_cast<std::size_t>(at)] = next.shape[static_cast<std::size_t>(at)];
    std::optional<catalog::Shape> shape =
        expected == next.shape ? std::optional(type.shape) : std::nullopt;
    if (broadcasts) shape = catalog::broadcast(type.shape, next.shape);
    if (!shape || type.dtype != next.dtype) {
      problems_.add(unequal(step, branches.front(), branches[i]));
      return false;
    }
    type.shape = *shape;
    if (kind == MergeKind::Concat) {
      catalog::Dim& sum = type.shape[static_cast<std::size_t>(at)];
      sum = sum + next.shape[static_cast<std::size_t>(at)];
    }
  }
  if (kind == MergeKind::Stack)
    type.shape.insert(type.shape.begin() + at,
                      catalog::Dim(static_cast<std::int64_t>(branches.size())));
  return true;
}

ValueId Builder::add_merge(MergeKind kind, std::int64_t dim, const std::vector<Branch>& branches,
                           const Step& step, const Place& place) {
  Node node;
  node.kind = Node::Kind::Merge;
  node.span = step.span;
  node.merge = kind;
  // The name of a construct is the segment of what is inside it; its merge gets a name of its own.
  const bool is_step = step.kind == "add" || step.kind == "mul" || step.kind == "concat";
  node.path =
      place.path->join(is_step && !step.name.empty() ? step.name : place.path->next(step.kind));
  if (!claim(node.path, step.span)) return kUnknown;
  if (std::any_of(branches.begin(), branches.end(), [](const Branch& b) { return b.value < 0; }))
    return kUnknown;
  if (kind == MergeKind::Stack || kind == MergeKind::Concat) {
    catalog::Shape shape = type_of(branches.front().value).shape;
    if (kind == MergeKind::Stack) shape.emplace_back(1);
    const auto axis = catalog::axis_index(dim, shape);
    if (!axis) {
      problems_.add(error(Code::OutOfRange, step.span, "'dim' is out of range: {}",
                          catalog::no_such_axis(dim, shape)));
      return kUnknown;
    }
    node.dim = *axis;
  }
  catalog::TensorType type;
  if (!merged_type(kind, node.dim, branches, is_step && kind != MergeKind::Concat, step, type))
    return kUnknown;
  for (const Branch& branch : branches) node.inputs.push_back(branch.value);
  node.outputs = {add_value(type, node.path, step.span)};
  return add_node(place, std::move(node)).outputs.front();
}

ValueId Builder::merge(const std::vector<Branch>& branches, const Step& step, const Place& place) {
  std::string name = "add";
  Span span = step.span;
  std::int64_t dim = 1;
  if (step.merge != nullptr) {
    const config::Node value = file_->interpolator.resolve(*step.merge, *place.names);
    if (value.broken) return kUnknown;
    const bool is_map = value.is_map() && value.entries.size() == 1;
    name = is_map ? value.entries.front().key : value.text;
    span = is_map ? value.entries.front().key_span : value.span;
    if (is_map) {
      const config::Node* given = value.entries.front().value.find("dim");
      if (given == nullptr || !config::ValueTraits<std::int64_t>::read(*given, dim)) {
        problems_.add(error(Code::WrongType, span, "'{}' takes 'dim', an integer", name)
                          .help("merge: {{ concat: {{ dim: 1 }} }}"));
        return kUnknown;
      }
    }
  }
  const MergeName* kind = find_merge(name);
  if (kind == nullptr) {
    std::vector<std::string> names;
    for (const MergeName& m : kMerges) names.emplace_back(m.name);
    Diagnostic d =
        error(Code::NotAChoice, span, "'merge' must be {}, not '{}'", one_of(names), name);
    if (const auto near = closest(name, names)) d = std::move(d).help("did you mean '{}'?", *near);
    problems_.add(std::move(d));
    return kUnknown;
  }
  return add_merge(kind->kind, dim, branches, step, place);
}

ValueId Builder::run_combine(const Step& step, ValueId stream, const Place& place) {
  std::vector<Branch> branches = {{stream, step.span}};
  const config::Node* tags = &step.value;
  std::int64_t dim = 1;
  if (step.kind == "concat" && step.value.is_map()) {
    tags = step.value.find("with");
    if (const config::Node* given = step.value.find("dim")) {
      const config::Node resolved = file_->interpolator.resolve(*given, *place.names);
      if (!config::ValueTraits<std::int64_t>::read(resolved, dim))
        problems_.add(config::wrong_type(resolved, "dim", "an integer"));
    }
    for (const config::Entry& entry : step.value.entries) {
      if (entry.key != "with" && entry.key != "dim")
        problems_.add(
            error(Code::UnknownKey, entry.key_span, "unknown key '{}' in 'concat'", entry.key)
                .note("'concat' takes with, dim"));
    }
  }
  const auto take = [&](const config::Node& node) {
    const std::string name = read_word(node, step.kind, place);
    branches.push_back({name.empty() ? kUnknown : look_up_tag(name, node.span, place), node.span});
  };
  if (tags != nullptr && tags->is_scalar()) take(*tags);
  if (tags != nullptr) {
    for (const config::Node& item : tags->items) take(item);
  }
  if (branches.size() < 2) {
    problems_.add(error(Code::BadStep, step.span,
                        "'{}' needs at least one tag to join with the stream", step.kind)
                      .help("for example add: [a], or concat: {{ with: [a], dim: 1 }}"));
    return kUnknown;
  }
  const MergeKind kind = find_merge(step.kind)->kind;
  return add_merge(kind, dim, branches, step, place);
}

}  // namespace fdl::graph
