// Samples that stand one behind the other in files, read at their place when they are asked for:
// npy, safetensors, and the records of CIFAR.
#include "lib/job/sources/arrays.h"

#include <algorithm>

#include <ATen/Dispatch.h>

#include "lib/data/sources/open.h"
#include "lib/format/input_file.h"
#include "lib/tensor/dtype.h"

namespace fdl::data {
namespace {

using job::ArrayField;

class ArraySource : public Source {
 public:
  using Files = std::vector<format::InputFile>;

  ArraySource(std::vector<Layout> layout, std::vector<ArrayField> fields, std::vector<Files> files,
              std::int64_t num_samples)
      : Source(std::move(layout)),
        fields_(std::move(fields)),
        files_(std::move(files)),
        num_samples_(num_samples) {}

  std::int64_t num_samples() const override { return num_samples_; }

  Result<void> read(std::int64_t row, Scratch& scratch, std::span<SampleView> out) const override {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const std::uint64_t num_bytes = fields_[i].num_bytes;
      scratch[i].resize(num_bytes);
      FDL_TRY(read_one(i, row, scratch[i]));
      if (layout()[i].field.num_classes > 0) FDL_TRY(widen(i, row, scratch[i]));
      out[i] = {scratch[i].data(), 0};
    }
    return {};
  }

 private:
  Result<void> read_one(std::size_t field, std::int64_t row, std::span<std::byte> out) const {
    std::size_t file = 0;
    while (row >= fields_[field].files[file].num_samples)
      row -= fields_[field].files[file++].num_samples;
    const std::uint64_t offset =
        fields_[field].files[file].offset + static_cast<std::uint64_t>(row) * fields_[field].stride;
    const Result<std::size_t> got = files_[field][file].read_at(offset, out);
    if (!got) return fail(got.error());
    if (*got == out.size()) return {};
    return fail(error(Code::DataCorrupt, {}, "'{}' has become shorter while it was in use",
                      files_[field][file].path().string())
                    .help("start again"));
  }

  // Class numbers as i64, each held to the number of classes.
  Result<void> widen(std::size_t field, std::int64_t row, std::vector<std::byte>& bytes) const {
    const job::Field& own = layout()[field].field;
    const std::vector<std::byte> stored = bytes;
    const auto size =
        stored.size() / static_cast<std::size_t>(catalog::bytes_of(fields_[field].stored));
    bytes.resize(size * sizeof(std::int64_t));
    auto* to = reinterpret_cast<std::int64_t*>(bytes.data());
    AT_DISPATCH_INTEGRAL_TYPES(tensor::scalar_type(fields_[field].stored), "classes", [&] {
      std::copy_n(reinterpret_cast<const scalar_t*>(stored.data()), size, to);
    });
    const auto* bad = std::find_if(to, to + size, [&](std::int64_t number) {
      return number < 0 || number >= own.num_classes;
    });
    if (bad == to + size) return {};
    return fail(error(Code::DataCorrupt, {},
                      "'{}' of sample {} is {}, but there are {} classes, from 0 to {}", own.name,
                      row, *bad, own.num_classes, own.num_classes - 1)
                    .help("correct the data, or `classes`"));
  }

  std::vector<ArrayField> fields_;
  std::vector<Files> files_;
  std::int64_t num_samples_;
};

OpenedSource open_arrays(const OpenContext& context) {
  const auto& details = *static_cast<const job::ArrayDetails*>(context.info.details.get());
  std::vector<Layout> layout;
  std::vector<ArraySource::Files> files;
  for (std::size_t i = 0; i < details.fields.size(); ++i) {
    const job::Field& field = context.info.fields[i];
    Layout own{field, tensor::scalar_type(field.type.dtype), {}};
    for (const catalog::Dim& dim : field.type.shape) own.sizes.push_back(dim.number());
    layout.push_back(std::move(own));
    files.emplace_back();
    for (const job::ArrayFile& one : details.fields[i].files) {
      Result<format::InputFile> file = format::InputFile::open(one.path, Code::DataMissing);
      if (!file) return fail(file.error());
      files.back().push_back(std::move(*file));
    }
  }
  return std::make_shared<ArraySource>(std::move(layout), details.fields, std::move(files),
                                       context.info.num_samples);
}

}  // namespace

OpenedSource open_cifar10(const OpenContext& context) { return open_arrays(context); }
OpenedSource open_cifar100(const OpenContext& context) { return open_arrays(context); }
OpenedSource open_npy(const OpenContext& context) { return open_arrays(context); }
OpenedSource open_safetensors(const OpenContext& context) { return open_arrays(context); }

}  // namespace fdl::data
