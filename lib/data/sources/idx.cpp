// Fashion-MNIST, MNIST and their kin: idx files, whole in memory.
#include "lib/format/idx.h"

#include <algorithm>
#include <cstring>

#include <ATen/ops/empty.h>

#include "lib/data/sources/open.h"

namespace fdl::data {
namespace {

// The files in the order of the fields: images as they are, labels as numbers.
OpenedSource open_idx(const job::SourceInfo& info) {
  std::vector<FieldValues> out;
  for (std::size_t i = 0; i < info.files.size(); ++i) {
    const job::Field& field = info.fields[i];
    const Result<format::IdxFile> file = format::read_idx(info.files[i]);
    if (!file) return fail(file.error());
    std::vector<std::int64_t> sizes = {info.num_samples};
    for (const catalog::Dim& dim : field.type.shape) sizes.push_back(dim.number());
    const bool is_label = field.num_classes > 0;
    if (is_label) FDL_TRY(format::check_labels(*file, info.files[i], field.num_classes));
    at::Tensor values = at::empty(sizes, is_label ? at::kLong : at::kByte);
    if (static_cast<std::size_t>(values.numel()) != file->data.size()) {
      return fail(
          error(Code::DataCorrupt, {}, "'{}' changed while it was read", info.files[i].string())
              .help("start again"));
    }
    if (is_label)
      std::copy(file->data.begin(), file->data.end(), values.mutable_data_ptr<std::int64_t>());
    else
      std::memcpy(values.mutable_data_ptr(), file->data.data(), file->data.size());
    out.push_back({field, std::move(values), {}});
  }
  return std::make_shared<MemorySource>(std::move(out));
}

}  // namespace

OpenedSource open_fashion_mnist(const OpenContext& context) { return open_idx(context.info); }
OpenedSource open_mnist(const OpenContext& context) { return open_idx(context.info); }

}  // namespace fdl::data
