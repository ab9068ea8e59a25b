// What losses and metrics are compared on.
#include <algorithm>
#include <set>

#include "lib/base/closest.h"
#include "lib/job/sections.h"

namespace fdl::job {
namespace {

using config::Node;

const std::vector<std::string> kCommonKeys = {"weight", "output", "target", "name"};

std::string names_of(const std::vector<std::string>& names) {
  return names.empty() ? "none" : one_of(names);
}

std::string text_under(const Node& item, std::string_view key) {
  const Node* node = item.find(key);
  return node != nullptr && node->is_scalar() ? node->text : "";
}

// The key may stand beside the loss or among its parameters: `mse: {target: image}`.
std::string side_key(const Node& item, std::string_view key) {
  const std::string beside = text_under(item, key);
  if (!beside.empty() || !item.is_map()) return beside;
  for (const config::Entry& entry : item.entries) {
    if (entry.value.is_map() &&
        std::find(kCommonKeys.begin(), kCommonKeys.end(), entry.key) == kCommonKeys.end())
      return text_under(entry.value, key);
  }
  return "";
}

// The item without `output` and `target` among the parameters, which are not the entry's own.
Node without_side_keys(Node item) {
  for (config::Entry& entry : item.entries) {
    if (std::find(kCommonKeys.begin(), kCommonKeys.end(), entry.key) != kCommonKeys.end()) continue;
    entry.value.erase("output");
    entry.value.erase("target");
  }
  return item;
}

const graph::NamedValue* find_output(const std::string& wanted, const catalog::Choice& what,
                                     const Offered& offered, Diagnostics& problems) {
  std::vector<std::string> names;
  for (const graph::NamedValue& output : offered.graph.outputs) names.push_back(output.name);
  if (wanted.empty() && names.size() == 1) return &offered.graph.outputs.front();
  const auto it = std::find(names.begin(), names.end(), wanted);
  if (it != names.end())
    return &offered.graph.outputs[static_cast<std::size_t>(it - names.begin())];
  problems.add(error(Code::TargetUnclear, what.span, "'{}' needs to know which output it measures",
                     what.name())
                   .help("add `output:`; the model has {}", names_of(names)));
  return nullptr;
}

const Field* find_target(const std::string& wanted, const catalog::Choice& what,
                         const Offered& offered, Diagnostics& problems) {
  std::vector<const Field*> candidates;
  std::vector<std::string> names;
  for (const Field& field : offered.fields) {
    names.push_back(field.name);
    if (field.name == wanted) return &field;
    const bool is_input = std::any_of(offered.graph.inputs.begin(), offered.graph.inputs.end(),
                                      [&](const auto& input) { return input.name == field.name; });
    if (!is_input) candidates.push_back(&field);
  }
  if (wanted.empty() && candidates.size() == 1) return candidates.front();
  Diagnostic d = wanted.empty() ? error(Code::TargetUnclear, what.span,
                                        "'{}' needs to know its target", what.name())
                                : error(Code::TargetUnclear, what.span,
                                        "the data has no field '{}' for '{}'", wanted, what.name());
  problems.add(std::move(d).help("add `target:`; the fields are {}", names_of(names)));
  return nullptr;
}

struct Compared {
  catalog::Choice what;
  const graph::NamedValue* output;
  const Field* target;
};

std::optional<Compared> read_compared(catalog::EntryKind kind, const Node& item,
                                      const Offered& offered, Diagnostics& problems) {
  auto what = catalog::read_choice(kind, without_side_keys(item), kCommonKeys, problems);
  if (!what) return std::nullopt;
  const graph::NamedValue* output = find_output(side_key(item, "output"), *what, offered, problems);
  const Field* target = find_target(side_key(item, "target"), *what, offered, problems);
  if (output == nullptr || target == nullptr) return std::nullopt;
  catalog::TensorType target_type = target->type;
  target_type.shape.insert(target_type.shape.begin(), catalog::Dim::named("B"));
  const graph::Value& value = offered.graph.values[static_cast<std::size_t>(output->value)];
  if (const auto why = what->spec->fits(what->params.get(), value.type, target_type)) {
    problems.add(error(Code::LossMismatch, what->span,
                       "'{}' does not fit its output and target: {}", what->name(), *why)
                     .note_at(value.span, "the output is made here"));
    return std::nullopt;
  }
  return Compared{std::move(*what), output, target};
}

template <typename F>
void for_each_item(const Node* node, F&& use) {
  if (node == nullptr || node->is_null()) return;
  if (!node->is_list()) return use(*node);
  for (const Node& item : node->items) use(item);
}

}  // namespace

void read_losses(const Node& training, const Offered& offered, Training& out,
                 Diagnostics& problems) {
  for_each_item(training.find("loss"), [&](const Node& item) {
    auto compared = read_compared(catalog::EntryKind::Loss, item, offered, problems);
    if (!compared) return;
    Loss loss{std::move(compared->what), 1, compared->output->value, compared->output->name,
              compared->target->name};
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
    if (name.empty()) name = compared->what.name();
    if (!seen.insert(name).second) {
      problems.add(
          error(Code::NameCollision, compared->what.span, "two metrics are called '{}'", name)
              .help("give one of them a `name:`"));
      return;
    }
    out.metrics.push_back(
        {std::move(compared->what), name, compared->output->value, compared->target->name});
  });
}

}  // namespace fdl::job
