// Inputs that are arrays: npy, safetensors and idx.
#include <algorithm>

#include <ATen/ops/empty.h>

#include "lib/base/closest.h"
#include "lib/data/sources/open.h"
#include "lib/format/idx.h"
#include "lib/format/npy.h"
#include "lib/format/safetensors.h"
#include "lib/job/sources/arrays.h"
#include "lib/train/predict_wanted.h"

namespace fdl::train {
namespace {

using catalog::DType;
using job::Field;

struct FoundArray {
  format::SafetensorsDtype dtype = format::SafetensorsDtype::F32;
  std::vector<std::int64_t> shape;
  std::uint64_t offset = 0;
};

std::optional<DType> dtype_of(format::SafetensorsDtype dtype) {
  std::string name(to_string(dtype));
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return catalog::parse_dtype(name);
}

Result<void> add_array(const Wanted& wanted, const Field& trained, const FoundArray& found,
                       job::SourceInfo& info, job::ArrayDetails& details) {
  const std::optional<DType> stored = dtype_of(found.dtype);
  if (!stored || found.shape.empty()) {
    return wanted.bad(fmt::format("has no samples for '{}': it holds {} with {} axes", trained.name,
                                  to_string(found.dtype), found.shape.size()),
                      "the first axis goes through the samples");
  }
  if (details.fields.empty()) info.num_samples = found.shape.front();
  if (info.num_samples != found.shape.front() || info.num_samples == 0)
    return wanted.bad(fmt::format("has {} samples for '{}', and {} for another input",
                                  found.shape.front(), trained.name, info.num_samples));
  Field field = trained;
  field.type.shape = {found.shape.begin() + 1, found.shape.end()};
  if (trained.num_classes == 0 || !is_integer(*stored)) field.type.dtype = *stored;
  FDL_TRY(wanted.check_fits(trained, field.type));
  job::ArrayField array{{{wanted.path, found.offset, info.num_samples}},
                        0,
                        static_cast<std::uint64_t>(catalog::bytes_of(*stored)),
                        *stored};
  for (std::size_t i = 1; i < found.shape.size(); ++i)
    array.num_bytes *= static_cast<std::uint64_t>(found.shape[i]);
  array.stride = array.num_bytes;
  info.fields.push_back(std::move(field));
  details.fields.push_back(std::move(array));
  return {};
}

Result<PredictInput> open_arrays(const Wanted& wanted, job::SourceInfo info,
                                 job::ArrayDetails details) {
  info.details = std::make_shared<const job::ArrayDetails>(std::move(details));
  job::DataSplit split = split_named_input({});
  auto source = data::open_npy({split, wanted.job, info});
  return open_dataset(std::move(split), info, std::move(source));
}

// Of a file that holds one array.
Result<PredictInput> open_array(const Wanted& wanted, const FoundArray& found) {
  if (wanted.fields.size() != 1) {
    return wanted.bad(
        fmt::format("holds one array, but the model has {} inputs", wanted.fields.size()),
        "give them as tensors of one safetensors file");
  }
  job::SourceInfo info;
  job::ArrayDetails details;
  FDL_TRY(add_array(wanted, wanted.fields.front(), found, info, details));
  return open_arrays(wanted, std::move(info), std::move(details));
}

// Pictures of idx files have no axis of channels.
FoundArray with_channels(FoundArray found, const Field& trained) {
  if (found.shape.size() == trained.type.shape.size() && !trained.type.shape.empty() &&
      trained.type.shape.front() == catalog::Dim(1))
    found.shape.insert(found.shape.begin() + 1, 1);
  return found;
}

}  // namespace

Result<PredictInput> open_npy_file(const Wanted& wanted) {
  const Result<format::NpyHeader> header = format::read_npy_header(wanted.path);
  if (!header) return fail(header.error());
  return open_array(wanted, {header->dtype, header->shape, header->data_offset});
}

Result<PredictInput> open_tensors(const Wanted& wanted) {
  const Result<format::SafetensorsHeader> header = format::read_safetensors_header(wanted.path);
  if (!header) return fail(header.error());
  std::vector<std::string> names;
  for (const format::SafetensorsEntry& entry : header->entries) names.push_back(entry.name);
  job::SourceInfo info;
  job::ArrayDetails details;
  for (const Field& field : wanted.fields) {
    const format::SafetensorsEntry* entry = header->find(field.name);
    if (entry == nullptr) {
      return wanted.bad(fmt::format("has no tensor '{}'", field.name),
                        "it has " + one_of(names, 40));
    }
    FDL_TRY(add_array(wanted, field,
                      {entry->dtype, entry->shape, header->data_offset + entry->begin}, info,
                      details));
  }
  return open_arrays(wanted, std::move(info), std::move(details));
}

Result<PredictInput> open_idx_file(const Wanted& wanted) {
  const Result<format::IdxHeader> header = format::read_idx_header(wanted.path);
  if (!header) return fail(header.error());
  const Field& trained = wanted.fields.front();
  const FoundArray found =
      with_channels({format::SafetensorsDtype::U8, header->dims, header->data_offset()}, trained);
  if (!header->is_gzip) return open_array(wanted, found);
  const Result<format::IdxFile> file = format::read_idx(wanted.path);
  if (!file) return fail(file.error());
  Field field = trained;
  field.type = {DType::U8, {found.shape.begin() + 1, found.shape.end()}};
  FDL_TRY(wanted.check_fits(trained, field.type));
  at::Tensor values = at::empty(found.shape, at::kByte);
  std::copy(file->data.begin(), file->data.end(), values.mutable_data_ptr<std::uint8_t>());
  job::SourceInfo info;
  info.num_samples = found.shape.front();
  info.fields = {field};
  std::vector<data::FieldValues> fields;
  fields.push_back({field, std::move(values), {}});
  return open_dataset(split_named_input({}), info,
                      std::make_shared<data::MemorySource>(std::move(fields)));
}

}  // namespace fdl::train
