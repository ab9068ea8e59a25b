// What losses and metrics are compared on.
#include <algorithm>
#include <set>

#include "lib/base/closest.h"
#include "lib/catalog/class_axis.h"
#include "lib/job/sections.h"

namespace fdl::job {
namespace {

using config::Node;

const std::vector<std::string> kBesideKeys = {"weight", "name"};

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string names_of(const std::vector<std::string>& names) {
  return names.empty() ? "none" : one_of(names);
}

std::string text_under(const Node& item, std::string_view key) {
  const Node* node = item.find(key);
  return node != nullptr && node->is_scalar() ? node->text : "";
}

// The keys of an item that are no name of an entry: what it compares, and those of every item.
std::vector<std::string> side_keys(catalog::EntryKind kind, const Node& item) {
  std::vector<std::string> out = {"output", "target"};
  for (const config::Entry& entry : item.entries) {
    const catalog::EntrySpec* spec = catalog::find_entry(kind, entry.key);
    if (spec == nullptr) continue;
    out.clear();
    for (const catalog::ComparedSpec& compared : spec->compared) out.push_back(compared.name);
    break;
  }
  return out;
}

// The key may stand beside the loss or among its parameters: `mse: {target: image}`.
std::string side_key(const Node& item, std::string_view key, const catalog::Choice& what) {
  const std::string beside = text_under(item, key);
  if (!beside.empty() || !item.is_map()) return beside;
  const Node* params = item.find(what.name());
  return params != nullptr ? text_under(*params, key) : "";
}

// Reports what stands under such keys and is no name.
bool are_names(const Node& map, const std::vector<std::string>& keys, Diagnostics& problems) {
  const std::size_t num_before = problems.size();
  for (const std::string& key : keys) {
    const Node* node = map.find(key);
    if (node != nullptr && !node->is_scalar() && !node->is_null())
      problems.add(config::wrong_type(*node, key, "a name"));
  }
  return problems.size() == num_before;
}

// The item without the side keys among the parameters, which are not the entry's own.
Node without(Node item, const std::vector<std::string>& keys) {
  for (config::Entry& entry : item.entries) {
    if (contains(keys, entry.key) || contains(kBesideKeys, entry.key)) continue;
    for (const std::string& key : keys) entry.value.erase(key);
  }
  return item;
}

// Where the graph uses a tensor of that name: of a module by itself, also where it is tied.
struct OwnedPlace {
  std::string step;
  int tensor = -1;
};
std::vector<OwnedPlace> owned_places(const graph::Block& block, std::string_view name) {
  std::vector<OwnedPlace> out;
  for (const graph::Node& node : block.nodes) {
    for (std::size_t i = 0; i < node.tensors.size(); ++i) {
      if (node.tensor_names[i] == name) out.push_back({node.path, node.tensors[i]});
    }
    for (const graph::Block& inner : node.blocks) {
      for (OwnedPlace& place : owned_places(inner, name)) out.push_back(std::move(place));
    }
  }
  return out;
}

// Something that may be compared.
struct Candidate {
  Compared what;
  catalog::TensorType type;      // with the batch axis
  Span span;                     // of the value
  std::int64_t num_classes = 0;  // of a field, where it holds class numbers
  std::shared_ptr<const std::vector<std::string>> words = {};  // what those are called
};

// Finds what the losses and metrics of a job compare.
class Finder {
 public:
  Finder(const Offered& offered, Diagnostics& problems) : offered_(offered), problems_(problems) {
    for (const graph::NamedValue& output : offered.graph.outputs) outputs_.push_back(output.name);
    for (const Field& field : offered.fields) {
      fields_.push_back(field.name);
      if (!field.mask_of.empty()) masks_.push_back(field.name);
    }
  }

  std::optional<Candidate> output(const std::string& wanted, const catalog::Choice& what) {
    if (wanted.empty() && outputs_.size() == 1) return output_at(0);
    if (auto found = find_output(wanted)) return found;
    problems_.add(error(Code::TargetUnclear, what.span,
                        "'{}' needs to know which output it measures", what.name())
                      .help("add `output:`; the model has {}", names_of(outputs_)));
    return std::nullopt;
  }

  // `taken`: fields that the same loss compares under other names.
  std::optional<Candidate> target(const std::string& wanted, const catalog::Choice& what,
                                  const std::vector<std::string>& taken) {
    if (auto found = find_field(wanted)) return found;
    if (auto found = find_output(wanted)) return found;
    if (auto found = find_taught(wanted)) return found;
    std::vector<std::string> open;
    for (const std::string& name : fields_) {
      const auto& inputs = offered_.graph.inputs;
      const bool is_input = std::any_of(inputs.begin(), inputs.end(),
                                        [&](const auto& input) { return input.name == name; });
      if (!is_input && !contains(taken, name) && !contains(masks_, name)) open.push_back(name);
    }
    if (wanted.empty() && open.size() == 1) return find_field(open.front());
    Diagnostic d =
        wanted.empty()
            ? error(Code::TargetUnclear, what.span, "'{}' needs to know its target", what.name())
            : error(Code::TargetUnclear, what.span, "the data has no field '{}' for '{}'", wanted,
                    what.name());
    problems_.add(
        std::move(d).help("add `target:`; the fields are {}{}", names_of(fields_), taught_names()));
    return std::nullopt;
  }

  // A tensor beyond those two: unless it is named, the output or field of its own name.
  std::optional<Candidate> other(const std::string& wanted, const catalog::ComparedSpec& spec,
                                 const catalog::Choice& what) {
    const std::string& name = wanted.empty() ? spec.name : wanted;
    const Candidate absent{{}, catalog::TensorType::absent(), {}, 0};
    if (wanted.empty() && spec.is_by_name_only) return absent;
    if (auto found = find_output(name)) return found;
    if (auto found = find_field(name)) return found;
    if (auto found = find_taught(name)) return found;
    if (wanted.empty() && spec.is_optional) return absent;
    Diagnostic d = wanted.empty() ? error(Code::TargetUnclear, what.span,
                                          "'{}' needs to know its '{}'", what.name(), spec.name)
                                  : error(Code::TargetUnclear, what.span,
                                          "there is no output and no field '{}' for '{}'", wanted,
                                          what.name());
    problems_.add(std::move(d)
                      .help("add `{}:`; the model has {}, the fields are {}{}", spec.name,
                            names_of(outputs_), names_of(fields_), taught_names())
                      .note("{}: {}", spec.name, spec.doc));
    return std::nullopt;
  }

  // A tensor of the step with the wanted path, which messages name by the step.
  std::optional<Candidate> owned(const std::string& wanted, const catalog::ComparedSpec& spec,
                                 const catalog::Choice& what) {
    std::vector<std::string> steps;  // that have such a tensor
    for (const OwnedPlace& place : owned_places(offered_.graph.root, spec.owned)) {
      steps.push_back(place.step);
      if (place.step != wanted) continue;
      const auto& tensor = offered_.graph.tensors[static_cast<std::size_t>(place.tensor)];
      return Candidate{{graph::kAbsent, "", place.tensor},
                       {tensor.dtype, {tensor.shape.begin(), tensor.shape.end()}},
                       {}};
    }
    if (spec.is_optional) return Candidate{{}, catalog::TensorType::absent(), {}, 0};
    Diagnostic d = wanted.empty() ? error(Code::TargetUnclear, what.span,
                                          "'{}' needs to know its '{}'", what.name(), spec.name)
                                  : error(Code::TargetUnclear, what.span,
                                          "the model has no step '{}' with a '{}' for '{}'", wanted,
                                          spec.owned, what.name());
    const auto near = closest(wanted, steps);
    problems_.add((near && !wanted.empty() ? std::move(d).help("did you mean '{}'?", *near)
                                           : std::move(d).help("`fdl explain` lists the paths"))
                      .note("{}: {}", spec.name, spec.doc));
    return std::nullopt;
  }

 private:
  Candidate output_at(std::size_t index) const {
    const graph::ValueId id = offered_.graph.outputs[index].value;
    const graph::Value& value = offered_.graph.values[static_cast<std::size_t>(id)];
    return {{id, "", -1}, with_sizes(value.type, offered_.axis_sizes), value.span, 0};
  }
  std::optional<Candidate> find_output(const std::string& name) const {
    const auto it = std::find(outputs_.begin(), outputs_.end(), name);
    if (it == outputs_.end()) return std::nullopt;
    return output_at(static_cast<std::size_t>(it - outputs_.begin()));
  }
  std::optional<Candidate> find_taught(const std::string& name) const {
    const auto index = offered_.teacher ? offered_.teacher->find(name) : std::nullopt;
    if (!index) return std::nullopt;
    Candidate out;
    out.what.taught = static_cast<int>(*index);
    out.type = offered_.teacher->types[*index];
    return out;
  }
  std::string taught_names() const {
    return offered_.teacher ? ", the teacher gives " + names_of(offered_.teacher->outputs) : "";
  }
  std::optional<Candidate> find_field(const std::string& name) const {
    for (const Field& field : offered_.fields) {
      if (field.name != name) continue;
      catalog::TensorType type = field.type;
      type.shape.insert(type.shape.begin(), catalog::Dim::named("B"));
      return Candidate{
          {graph::kAbsent, name, -1}, std::move(type), {}, field.num_classes, field.words};
    }
    return std::nullopt;
  }

  const Offered& offered_;
  Diagnostics& problems_;
  std::vector<std::string> outputs_, fields_, masks_;
};

// One candidate for each tensor that the entry compares, the target last, by what others leave;
// empty when one of them is not found.
std::vector<Candidate> find_all(const Node& item, const catalog::Choice& what, Finder finder) {
  const std::vector<catalog::ComparedSpec>& specs = what.spec->compared;
  std::vector<Candidate> out(specs.size());
  std::vector<std::string> taken;
  bool fine = true;
  const auto take = [&](std::size_t i, std::optional<Candidate> found) {
    fine = fine && found.has_value();
    if (!found) return;
    if (found->what.is_field()) taken.push_back(found->what.field);
    out[i] = *std::move(found);
  };
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const std::string wanted = side_key(item, specs[i].name, what);
    if (i == 0) take(i, finder.output(wanted, what));
    if (!specs[i].owned.empty())
      take(i, finder.owned(wanted, specs[i], what));
    else if (i > 0 && specs[i].name != "target")
      take(i, finder.other(wanted, specs[i], what));
  }
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].name == "target")
      take(i, finder.target(side_key(item, "target", what), what, taken));
  }
  if (!fine) out.clear();
  return out;
}

// What is wrong where the data has more classes than the output has scores for.
std::optional<std::string> too_many_classes(const catalog::Choice& what, const Candidate& output,
                                            const Candidate& target) {
  const bool is_numbers = what.spec->compared[1].values == catalog::Values::Classes &&
                          is_integer(target.type.dtype) && target.num_classes > 0;
  const config::FieldSpec* class_dim = what.spec->record.find("class_dim");
  if (!is_numbers || class_dim == nullptr) return std::nullopt;
  const std::vector<std::int64_t> given = class_dim->integers(what.params.get());
  const catalog::ClassAxis found = catalog::find_class_axis(
      output.type.shape, target.type.shape, given.empty() ? std::nullopt : std::optional(given[0]));
  const catalog::Dim& num_scores = output.type.shape[found.axis.value_or(0)];
  if (!found.axis || !num_scores.is_number() || num_scores.number() >= target.num_classes)
    return std::nullopt;
  return fmt::format("the target '{}' has {} classes, but the output {} has scores for {}",
                     target.what.field, target.num_classes, to_string(output.type),
                     num_scores.number());
}

struct ReadItem {
  catalog::Choice what;
  std::vector<Compared> compared;
  catalog::TensorTypes types;
  std::shared_ptr<const std::vector<std::string>> words;  // of the classes that it compares
};

// The entry with its parameters; what it compares is looked at for being names alone.
std::optional<catalog::Choice> read_entry(catalog::EntryKind kind, const Node& item,
                                          Diagnostics& problems) {
  std::vector<std::string> keys = side_keys(kind, item);
  std::vector<std::string> names = keys;
  names.emplace_back("name");
  bool is_named = are_names(item, names, problems);
  for (const config::Entry& one : item.entries) {
    const bool is_entry = !contains(names, one.key) && !contains(kBesideKeys, one.key);
    if (is_entry) is_named = are_names(one.value, keys, problems) && is_named;
  }
  if (!is_named) return std::nullopt;
  const Node entry = without(item, keys);
  keys.insert(keys.end(), kBesideKeys.begin(), kBesideKeys.end());
  return catalog::read_choice(kind, entry, keys, problems);
}

std::optional<ReadItem> read_compared(catalog::EntryKind kind, const Node& item,
                                      const Offered& offered, Diagnostics& problems) {
  auto what = read_entry(kind, item, problems);
  if (!what) return std::nullopt;
  const std::vector<Candidate> found = find_all(item, *what, Finder(offered, problems));
  if (found.empty()) return std::nullopt;
  ReadItem out{std::move(*what), {}, {}, {}};
  for (const Candidate& candidate : found) {
    out.types.push_back(candidate.type);
    if (candidate.words) out.words = candidate.words;
    out.compared.push_back(candidate.what);
  }
  std::optional<std::string> why = out.what.spec->fits(out.what.params.get(), out.types);
  if (!why && found.size() > 1) why = too_many_classes(out.what, found[0], found[1]);
  if (why) {
    problems.add(error(Code::LossMismatch, out.what.span,
                       "'{}' does not fit its output and target: {}", out.what.name(), *why)
                     .note_at(found.front().span, "the output is made here"));
    return std::nullopt;
  }
  return out;
}

std::string recorded_name(const catalog::Choice& what) {
  const auto& name_of = what.spec->recorded_name;
  return name_of ? name_of(what.params.get()) : what.name();
}

// Numbers of classes as the words that the data has for them, where it has one for each, all
// different, and each fit to be a part of a name.
catalog::Names in_words(catalog::Names parts, const std::vector<std::string>* words) {
  if (words == nullptr || words->size() != parts.size()) return parts;
  const auto is_plain = [](const std::string& word) {
    return !word.empty() && word.size() <= 64 &&
           std::none_of(word.begin(), word.end(), [](unsigned char c) { return c < 0x20; });
  };
  const std::set<std::string> different(words->begin(), words->end());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] != std::to_string(i) || !is_plain((*words)[i])) return parts;
  }
  return different.size() == words->size() ? *words : parts;
}

// The names of a metric's values, and of the rows of its table.
void name_values(const ReadItem& item, Metric& metric) {
  const catalog::TensorTypes& types = item.types;
  const catalog::EntrySpec& spec = *metric.what.spec;
  const void* params = metric.what.params.get();
  const catalog::Names parts =
      spec.parts ? in_words(spec.parts(params, types), item.words.get()) : catalog::Names{""};
  for (const std::string& part : parts)
    metric.recorded.push_back(part.empty() ? metric.name : metric.name + "/" + part);
  if (spec.table_labels)
    metric.table_labels = in_words(spec.table_labels(params, types), item.words.get());
}

template <typename F>
void for_each_item(const Node* node, F&& use) {
  if (node == nullptr || node->is_null()) return;
  if (!node->is_list()) return use(*node);
  for (const Node& item : node->items) use(item);
}

}  // namespace

void check_compared_words(const Node& training, Diagnostics& problems) {
  for_each_item(training.find("loss"),
                [&](const Node& item) { read_entry(catalog::EntryKind::Loss, item, problems); });
  for_each_item(training.find("metrics"),
                [&](const Node& item) { read_entry(catalog::EntryKind::Metric, item, problems); });
}

void read_losses(const Node& training, const Offered& offered, Training& out,
                 Diagnostics& problems) {
  for_each_item(training.find("loss"), [&](const Node& item) {
    auto compared = read_compared(catalog::EntryKind::Loss, item, offered, problems);
    if (!compared) return;
    Loss loss{std::move(compared->what), 1, std::move(compared->compared)};
    const Node* weight = item.find("weight");
    if (weight != nullptr && !config::ValueTraits<double>::read(*weight, loss.weight))
      problems.add(config::wrong_type(*weight, "weight", "a number"));
    out.losses.push_back(std::move(loss));
  });
}

void read_metrics(const Node& training, const Offered& offered, Training& out,
                  Diagnostics& problems) {
  std::set<std::string> seen = {"loss"};
  for_each_item(training.find("metrics"), [&](const Node& item) {
    auto compared = read_compared(catalog::EntryKind::Metric, item, offered, problems);
    if (!compared) return;
    std::string name = text_under(item, "name");
    if (name.empty()) name = recorded_name(compared->what);
    if (!seen.insert(name).second) {
      problems.add(
          error(Code::NameCollision, compared->what.span, "two metrics are called '{}'", name)
              .help("give one of them a `name:`"));
      return;
    }
    Metric metric{compared->what, name, compared->compared, {}, {}};
    name_values(*compared, metric);
    out.metrics.push_back(std::move(metric));
  });
}

}  // namespace fdl::job
