// What all sources have in common.
#include <algorithm>

#include "lib/base/check.h"
#include "lib/job/sources/inspect.h"

namespace fdl::job {
namespace {

struct Row {
  std::string_view name;
  Result<SourceInfo> (*inspect)(const SourceContext& context);
};
constexpr Row kRows[] = {
#define FDL_DATASET(name) {#name, inspect_##name},
#include "lib/catalog/datasets.inc"
#undef FDL_DATASET
};

// Of each field whose samples differ in length, which elements are real.
void add_masks(SourceInfo& info) {
  std::vector<Field> masks;
  for (const Field& field : info.fields) {
    const std::string name = field.name + "_mask";
    const bool is_there = std::any_of(info.fields.begin(), info.fields.end(),
                                      [&](const Field& other) { return other.name == name; });
    if (!field.is_ragged() || field.type.dtype == catalog::DType::Bool || is_there) continue;
    masks.push_back({name, {catalog::DType::Bool, {field.type.shape.front()}}, 0, 0, field.name});
  }
  info.fields.insert(info.fields.end(), masks.begin(), masks.end());
}

void find_embedding_rows(const graph::Block& block, graph::ValueId input, std::int64_t& least) {
  for (const graph::Node& node : block.nodes) {
    for (const graph::Block& inner : node.blocks) find_embedding_rows(inner, input, least);
    if (node.kind != graph::Node::Kind::Module || node.inputs.front() != input) continue;
    const config::FieldSpec* rows = node.spec->record.find("num_embeddings");
    if (rows == nullptr) continue;
    const std::int64_t given = rows->integers(node.params.get()).front();
    least = least == 0 ? given : std::min(least, given);
  }
}

}  // namespace

Result<SourceInfo> inspect_source(const DataSplit& split, const Job& job,
                                  const graph::Graph& graph) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows),
                                 [&](const Row& one) { return one.name == split.source.name(); });
  FDL_CHECK(row != std::end(kRows));
  Result<SourceInfo> info = row->inspect({split, job, graph});
  if (!info) {
    if (!info.error().span.is_known()) info.error().span = split.source.span;
    return info;
  }
  for (Field& field : info->fields) {
    const auto pad = job.pads.find(field.name);
    if (pad != job.pads.end()) field.pad = pad->second;
  }
  add_masks(*info);
  return info;
}

std::int64_t embedding_rows(const graph::Graph& graph, graph::ValueId input) {
  std::int64_t out = 0;
  find_embedding_rows(graph.root, input, out);
  return out;
}

Result<std::int64_t> window_of(const SourceContext& context,
                               const std::optional<std::int64_t>& given) {
  if (given) return *given;
  for (const graph::NamedValue& input : context.graph.inputs) {
    const auto& shape = context.graph.values[static_cast<std::size_t>(input.value)].type.shape;
    if (input.name != "tokens" || shape.size() != 2) continue;
    if (shape[1].is_number()) return shape[1].number();
    const auto bound = context.graph.axis_bounds.find(shape[1].text());
    if (bound != context.graph.axis_bounds.end()) return bound->second;
  }
  return fail(error(Code::MissingKey, context.span(),
                    "'{}' needs 'window': the model has no input `tokens` that says how long it is",
                    context.split.source.name())
                  .help("for example window: 128"));
}

catalog::TensorType with_sizes(catalog::TensorType type,
                               const std::map<std::string, std::int64_t>& sizes) {
  for (catalog::Dim& dim : type.shape) {
    if (const auto size = dim.evaluate(sizes)) dim = *size;
  }
  return type;
}

}  // namespace fdl::job
