#include <array>

#include "commands/reference/reference.h"

namespace fdl::commands {
namespace {

using catalog::EntryKind;

struct KindText {
  EntryKind kind;
  const char* folder;
  const char* title;
};
constexpr std::array kKinds = {
    KindText{EntryKind::Loss, "losses", "Losses"},
    KindText{EntryKind::Metric, "metrics", "Metrics"},
    KindText{EntryKind::Optimizer, "optimizers", "Optimizers"},
    KindText{EntryKind::Schedule, "schedules", "Schedules"},
    KindText{EntryKind::Initializer, "initializers", "Initial values"},
    KindText{EntryKind::Parametrization, "parametrizations", "Parametrizations"},
    KindText{EntryKind::Dataset, "datasets", "Data sources"},
    KindText{EntryKind::Transform, "transforms", "Transforms"},
    KindText{EntryKind::BatchTransform, "batch_transforms", "Transforms of batches"},
    KindText{EntryKind::Sampler, "samplers", "Samplers"},
};

std::string named_list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "`" : ", `") + name + "`";
  return out;
}

std::string input_text(const catalog::ModuleSpec& spec) {
  std::string out;
  for (const catalog::InputSpec& input : spec.inputs) {
    out += fmt::format("{}`{}` ({}{})", out.empty() ? "" : ", ", input.name, to_string(input.dtype),
                       input.is_optional ? ", optional" : "");
  }
  return out;
}

std::string tensor_table(const catalog::ModuleSpec& spec) {
  if (spec.tensors.empty()) return "";
  std::string out = "\n## Tensors\n\n| name | shape | kind |\n|---|---|---|\n";
  for (const catalog::TensorSpec& tensor : spec.tensors) {
    out += fmt::format("| `{}` | `{}` | {} |\n", tensor.name, tensor.shape,
                       tensor.is_buffer ? "buffer, saved and not trained" : "parameter");
  }
  if (spec.more_tensors) out += "\nFurther ones follow from the parameters.\n";
  return out;
}

Page module_page(const catalog::ModuleSpec& spec) {
  std::string out = fmt::format("# {}\n\n{}\n", spec.name(), spec.record.summary);
  out += fmt::format("\n```yaml\n- {}\n```\n", spec.example);
  out += fmt::format("\n- shape: `{}`\n- inputs: {}\n", spec.shape_text, input_text(spec));
  if (spec.outputs.size() > 1) out += "- outputs: " + named_list(spec.outputs) + "\n";
  if (spec.draws) out += "- draws random numbers in training\n";
  out += "- source: " + spec.source + "\n";
  const std::string table = field_table(spec.record);
  if (!table.empty()) out += "\n## Parameters\n\n" + table;
  return {"modules/" + spec.name() + ".md", out + tensor_table(spec)};
}

Page entry_page(const char* folder, const catalog::EntrySpec& spec) {
  std::string out =
      fmt::format("# {}\n\n{}\n\n- source: {}\n", spec.name(), spec.record.summary, spec.source);
  if (spec.higher_is_better) out += "- higher is better\n";
  if (spec.needs_end) out += "- needs an end of training: `epochs` or `steps`\n";
  const std::string table = field_table(spec.record);
  if (!table.empty()) out += "\n## Parameters\n\n" + table;
  return {fmt::format("{}/{}.md", folder, spec.name()), out};
}

}  // namespace

std::vector<Page> catalog_pages() {
  std::vector<Page> out;
  std::string index = "# Modules\n\n| module | what it does |\n|---|---|\n";
  for (const std::string& name : catalog::module_names()) {
    const catalog::ModuleSpec& spec = *catalog::find_module(name);
    index += fmt::format("| [{}]({}.md) | {} |\n", name, name, spec.record.summary);
    out.push_back(module_page(spec));
  }
  out.insert(out.begin(), {"modules/index.md", index});
  for (const KindText& kind : kKinds) {
    index = fmt::format("# {}\n\n| name | what it is |\n|---|---|\n", kind.title);
    const std::size_t at = out.size();
    for (const std::string& name : catalog::entry_names(kind.kind)) {
      const catalog::EntrySpec& spec = *catalog::find_entry(kind.kind, name);
      index += fmt::format("| [{}]({}.md) | {} |\n", name, name, spec.record.summary);
      out.push_back(entry_page(kind.folder, spec));
    }
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(at),
               {std::string(kind.folder) + "/index.md", index});
  }
  return out;
}

}  // namespace fdl::commands
