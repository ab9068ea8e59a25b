#include "lib/data/dataset.h"

#include <cstring>
#include <numeric>

#include <ATen/ops/empty.h>

#include "lib/data/order.h"
#include "lib/data/synthetic.h"
#include "lib/format/idx.h"

namespace fdl::data {
namespace {

// Files of one source, in the order of its fields: images as they are, labels as numbers.
Result<std::vector<FieldValues>> read_idx_fields(const job::SourceInfo& source) {
  std::vector<FieldValues> out;
  for (std::size_t i = 0; i < source.fields.size(); ++i) {
    const job::Field& field = source.fields[i];
    const Result<format::IdxFile> file = format::read_idx(source.files[i]);
    if (!file) return fail(file.error());
    std::vector<std::int64_t> sizes = {source.num_samples};
    for (const catalog::Dim& dim : field.type.shape) sizes.push_back(dim.number());
    const bool is_label = field.num_classes > 0;
    if (is_label) FDL_TRY(format::check_labels(*file, source.files[i], field.num_classes));
    at::Tensor values = at::empty(sizes, is_label ? at::kLong : at::kByte);
    if (static_cast<std::size_t>(values.numel()) != file->data.size()) {
      return fail(
          error(Code::DataCorrupt, {}, "'{}' changed while it was read", source.files[i].string())
              .help("start again"));
    }
    if (is_label)
      std::copy(file->data.begin(), file->data.end(), values.mutable_data_ptr<std::int64_t>());
    else
      std::memcpy(values.mutable_data_ptr(), file->data.data(), file->data.size());
    out.push_back({field.name, field.type, std::move(values)});
  }
  return out;
}

}  // namespace

Result<Dataset> load_split(const job::DataSplit& split, const graph::Graph& graph,
                           const std::filesystem::path& folder) {
  const Result<job::SourceInfo> source = job::inspect_source(split.source, graph, folder);
  if (!source) return fail(source.error());
  const Result<job::SampleRange> range =
      job::read_slice(split.slice, source->num_samples, split.span);
  if (!range) return fail(range.error());

  Dataset out;
  if (split.source.name() == "synthetic") {
    out.fields = draw_samples(split.source.as<catalog::SyntheticParams>(), source->fields);
  } else {
    Result<std::vector<FieldValues>> fields = read_idx_fields(*source);
    if (!fields) return fail(fields.error());
    out.fields = std::move(*fields);
  }
  out.rows.resize(static_cast<std::size_t>(source->num_samples));
  if (split.shuffle_seed)
    out.rows = shuffled(source->num_samples, static_cast<std::uint64_t>(*split.shuffle_seed), 0);
  else
    std::iota(out.rows.begin(), out.rows.end(), 0);
  out.rows.resize(static_cast<std::size_t>(range->end));
  out.rows.erase(out.rows.begin(), out.rows.begin() + range->begin);
  return out;
}

}  // namespace fdl::data
