#pragma once

#include "lib/job/job.h"

// One inspector for each data source of the catalogue: what the headers of its files say.
namespace fdl::job {

struct SourceContext {
  const DataSplit& split;
  const Job& job;
  const graph::Graph& graph;

  template <typename P>
  const P& params() const {
    return split.source.as<P>();
  }
  const Span& span() const { return split.source.span; }
  std::filesystem::path path(const std::string& text) const { return job.folder / text; }
};

#define FDL_DATASET(name) Result<SourceInfo> inspect_##name(const SourceContext& context);
#include "lib/catalog/datasets.inc"
#undef FDL_DATASET

// How many symbols the model can look up of an input: the rows of the smallest embedding that it
// feeds; 0 when it feeds none.
std::int64_t embedding_rows(const graph::Graph& graph, graph::ValueId input);

// Tokens in a window: as given, or as the model's input `tokens` takes them. Errors: FDL2004.
Result<std::int64_t> window_of(const SourceContext& context,
                               const std::optional<std::int64_t>& given);

}  // namespace fdl::job
