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
  const Result<job::SampleRanges> ranges = job::select_samples(split, *info);
  if (!ranges) return fail(ranges.error());
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows),
                                 [&](const Row& one) { return one.name == split.source.name(); });
  FDL_CHECK(row != std::end(kRows));
  OpenedSource source = row->open({split, job, *info});
  if (!source) return fail(source.error());

  Dataset out;
  out.source = std::move(*source);
  out.fields = info->fields;
  out.files = info->files;
  std::vector<std::int64_t> permuted;
  if (split.shuffle_seed)
    permuted = shuffled(info->num_samples, static_cast<std::uint64_t>(*split.shuffle_seed), 0);
  const std::int64_t stride = info->window > 0 ? info->stride : 1;
  for (const job::SampleRange& range : *ranges) {
    for (std::int64_t i = 0; i < job::num_samples_in(range, *info); ++i) {
      const std::int64_t place = range.begin + i * stride;
      out.rows.push_back(permuted.empty() ? place : permuted[static_cast<std::size_t>(place)]);
    }
  }
  if (job.loader.sampler && split.is_of_training()) {
    auto sampling = Sampling::read(*job.loader.sampler, *out.source, out.rows);
    if (!sampling) return fail(sampling.error());
    out.sampling = *std::move(sampling);
  }
  return out;
}

}  // namespace fdl::data
