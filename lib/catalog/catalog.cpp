#include "lib/catalog/catalog.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "lib/base/closest.h"

namespace fdl::catalog {

#define FDL_MODULE(name) const ModuleSpec& module_##name();
#include "lib/catalog/modules.inc"
#undef FDL_MODULE
#define FDL_ENTRY(kind, name) const EntrySpec& kind##_##name();
#define FDL_LOSS(name) FDL_ENTRY(loss, name)
#define FDL_METRIC(name) FDL_ENTRY(metric, name)
#define FDL_OPTIMIZER(name) FDL_ENTRY(optimizer, name)
#define FDL_SCHEDULE(name) FDL_ENTRY(schedule, name)
#define FDL_DATASET(name) FDL_ENTRY(dataset, name)
#define FDL_TRANSFORM(name) FDL_ENTRY(transform, name)
#define FDL_BATCH_TRANSFORM(name) FDL_ENTRY(batch_transform, name)
#define FDL_SAMPLER(name) FDL_ENTRY(sampler, name)
#define FDL_INITIALIZER(name) FDL_ENTRY(initializer, name)
#define FDL_PARAMETRIZATION(name) FDL_ENTRY(parametrization, name)
#include "lib/catalog/batch_transforms.inc"
#include "lib/catalog/datasets.inc"
#include "lib/catalog/initializers.inc"
#include "lib/catalog/losses.inc"
#include "lib/catalog/metrics.inc"
#include "lib/catalog/optimizers.inc"
#include "lib/catalog/parametrizations.inc"
#include "lib/catalog/samplers.inc"
#include "lib/catalog/schedules.inc"
#include "lib/catalog/transforms.inc"
#undef FDL_ENTRY

namespace {

template <typename Spec>
struct Row {
  std::string_view name;
  const Spec& (*spec)();
};

constexpr Row<ModuleSpec> kModules[] = {
#define FDL_MODULE(name) {#name, module_##name},
#include "lib/catalog/modules.inc"
#undef FDL_MODULE
};

#define FDL_ENTRY(kind, name) {#name, kind##_##name},
constexpr Row<EntrySpec> kLosses[] = {
#include "lib/catalog/losses.inc"
};
constexpr Row<EntrySpec> kMetrics[] = {
#include "lib/catalog/metrics.inc"
};
constexpr Row<EntrySpec> kOptimizers[] = {
#include "lib/catalog/optimizers.inc"
};
constexpr Row<EntrySpec> kSchedules[] = {
#include "lib/catalog/schedules.inc"
};
constexpr Row<EntrySpec> kDatasets[] = {
#include "lib/catalog/datasets.inc"
};
constexpr Row<EntrySpec> kInitializers[] = {
#include "lib/catalog/initializers.inc"
};
constexpr Row<EntrySpec> kParametrizations[] = {
#include "lib/catalog/parametrizations.inc"
};
constexpr Row<EntrySpec> kTransforms[] = {
#include "lib/catalog/transforms.inc"
};
constexpr Row<EntrySpec> kBatchTransforms[] = {
#include "lib/catalog/batch_transforms.inc"
};
constexpr Row<EntrySpec> kSamplers[] = {
#include "lib/catalog/samplers.inc"
};

std::span<const Row<EntrySpec>> rows(EntryKind kind) {
  switch (kind) {
    case EntryKind::Loss:
      return kLosses;
    case EntryKind::Metric:
      return kMetrics;
    case EntryKind::Optimizer:
      return kOptimizers;
    case EntryKind::Schedule:
      return kSchedules;
    case EntryKind::Dataset:
      return kDatasets;
    case EntryKind::Transform:
      return kTransforms;
    case EntryKind::BatchTransform:
      return kBatchTransforms;
    case EntryKind::Sampler:
      return kSamplers;
    case EntryKind::Initializer:
      return kInitializers;
    case EntryKind::Parametrization:
      return kParametrizations;
  }
  return {};
}

template <typename Spec>
const Spec* find_in(std::span<const Row<Spec>> table, std::string_view name) {
  const auto it =
      std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.name == name; });
  return it != table.end() ? &it->spec() : nullptr;
}

template <typename Spec>
std::vector<std::string> names_in(std::span<const Row<Spec>> table) {
  std::vector<std::string> out;
  for (const auto& row : table) out.emplace_back(row.name);
  return out;
}

void report_unknown(EntryKind kind, const std::string& name, const Span& at,
                    Diagnostics& problems) {
  const std::vector<std::string> legal = entry_names(kind);
  Diagnostic d = error(Code::UnknownVariant, at, "there is no {} '{}'", to_string(kind), name);
  if (const auto near = closest(name, legal)) d = std::move(d).help("did you mean '{}'?", *near);
  problems.add(std::move(d).note("there are {}", one_of(legal, 40)));
}

// Takes out what PyTorch has or other entries of the kind have but this one cannot have, and says
// why.
void refuse_impossible(EntryKind kind, const EntrySpec& spec, config::Node& node,
                       Diagnostics& problems) {
  const config::Entry* groups = node.find_entry("groups");
  if (kind == EntryKind::Optimizer && !spec.groups && groups != nullptr) {
    problems.add(error(Code::UnknownParameter, groups->key_span,
                       "'{}' has no groups: it sees all parameters as one vector", spec.name())
                     .help("leave `groups` out, or take an optimizer that has them; `freeze` keeps "
                           "parameters out of training"));
    node.erase("groups");
  }
  const config::Node* reduction = node.find("reduction");
  if (kind == EntryKind::Loss && reduction != nullptr && reduction->text == "none") {
    problems.add(error(Code::NotAChoice, reduction->span,
                       "'reduction' cannot be none: training needs one number from '{}'",
                       spec.name())
                     .help("`mean` divides by the number of targets, `sum` does not; `weight:` "
                           "beside a loss scales it"));
    node.erase("reduction");
  }
}

// Moves the entries of `node` that are no fields of the record into a map of their own.
config::Node take_other_keys(const config::RecordSpec& record, config::Node& node) {
  config::Node out;
  out.kind = config::Kind::Map;
  out.span = node.span;
  const auto others = std::stable_partition(
      node.entries.begin(), node.entries.end(),
      [&](const config::Entry& entry) { return record.find(entry.key) != nullptr; });
  out.entries.assign(std::make_move_iterator(others), std::make_move_iterator(node.entries.end()));
  node.entries.erase(others, node.entries.end());
  return out;
}

}  // namespace

const ModuleSpec* find_module(std::string_view name) {
  return find_in(std::span<const Row<ModuleSpec>>(kModules), name);
}

std::vector<std::string> module_names() {
  return names_in(std::span<const Row<ModuleSpec>>(kModules));
}

std::string_view to_string(EntryKind kind) {
  constexpr std::string_view kNames[] = {
      "loss",      "metric",          "optimizer", "schedule",    "data source",
      "transform", "batch transform", "sampler",   "initializer", "parametrization"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::vector<EntryKind> all_entry_kinds() {
  std::vector<EntryKind> out;
  for (auto kind = EntryKind::Loss; kind <= EntryKind::Parametrization;
       kind = static_cast<EntryKind>(static_cast<int>(kind) + 1))
    out.push_back(kind);
  return out;
}

const EntrySpec* find_entry(EntryKind kind, std::string_view name) {
  return find_in(rows(kind), name);
}

std::vector<std::string> entry_names(EntryKind kind) { return names_in(rows(kind)); }

std::vector<std::string> compared_names(EntryKind kind) {
  std::vector<std::string> out;
  for (const auto& row : rows(kind)) {
    for (const ComparedSpec& compared : row.spec().compared) {
      if (std::find(out.begin(), out.end(), compared.name) == out.end())
        out.push_back(compared.name);
    }
  }
  return out;
}

std::optional<Choice> read_choice(EntryKind kind, const config::Node& node,
                                  const std::vector<std::string>& common, Diagnostics& problems) {
  if (node.broken) return std::nullopt;
  std::string name = node.is_scalar() ? node.text : "";
  Span at = node.span;
  static const config::Node kNothing;
  const config::Node* params = &kNothing;
  std::size_t num_names = node.is_scalar() ? 1 : 0;
  for (const config::Entry& entry : node.entries) {
    if (std::find(common.begin(), common.end(), entry.key) != common.end()) continue;
    if (++num_names > 1)
      at = entry.key_span;
    else {
      name = entry.key;
      at = entry.key_span;
      params = &entry.value;
    }
  }
  if (num_names != 1) {
    problems.add(error(Code::OneVariant, at, "exactly one {} is expected here, not {}",
                       to_string(kind),
                       num_names == 0 ? describe(node) : "'" + name + "' and another")
                     .note("there are {}", one_of(entry_names(kind), 40)));
    return std::nullopt;
  }
  const EntrySpec* spec = find_entry(kind, name);
  if (spec == nullptr) {
    report_unknown(kind, name, at, problems);
    return std::nullopt;
  }
  std::shared_ptr<void> object = spec->make_params();
  config::Node located = *params;
  if (!located.span.is_known()) located.span = at;
  refuse_impossible(kind, *spec, located, problems);
  if (spec->other_keys) spec->other_keys(object.get()) = take_other_keys(spec->record, located);
  config::bind_record(spec->record, located, object.get(), problems, Code::UnknownParameter);
  return Choice{spec, object, at};
}

}  // namespace fdl::catalog
