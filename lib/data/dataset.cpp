#include "lib/data/dataset.h"

#include <algorithm>
#include <numeric>

#include "lib/base/check.h"
#include "lib/data/order.h"
#include "lib/data/sources/open.h"

namespace fdl::data {
namespace {

struct Row {
  std::string_view name;
  OpenedSource (*open)(const OpenContext& context);
};
constexpr Row kRows[] = {
#define FDL_DATASET(name) {#name, open_##name},
#include "lib/catalog/datasets.inc"
#undef FDL_DATASET
};

}  // namespace

Result<Dataset> load_split(const job::DataSplit& split, const job::Job& job,
                           const graph::Graph& graph) {
  const Result<job::SourceInfo> info = job::inspect_source(split, job, graph);
  if (!info) return fail(info.error());
  const Result<job::SampleRange> range = job::select_samples(split, *info);
  if (!range) return fail(range.error());
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows),
                                 [&](const Row& one) { return one.name == split.source.name(); });
  FDL_CHECK(row != std::end(kRows));
  OpenedSource source = row->open({split, job, *info});
  if (!source) return fail(source.error());

  Dataset out;
  out.source = std::move(*source);
  out.fields = info->fields;
  if (split.shuffle_seed) {
    out.rows = shuffled(info->num_samples, static_cast<std::uint64_t>(*split.shuffle_seed), 0);
    out.rows.resize(static_cast<std::size_t>(range->end));
    out.rows.erase(out.rows.begin(), out.rows.begin() + range->begin);
    return out;
  }
  const std::int64_t stride = info->window > 0 ? info->stride : 1;
  for (std::int64_t i = 0; i < job::num_samples_in(*range, *info); ++i)
    out.rows.push_back(range->begin + i * stride);
  return out;
}

}  // namespace fdl::data
